//! The subjects of the contact form. Each has a value, which is stored, and a name and a template for people.

use std::{collections::BTreeMap, sync::Arc};

use kernel::{FieldError, Locale, Messages, env::Reader};

const TEXTS: Messages = Messages::new(kernel::in_every_language!("subjects.ftl"));

/// The variable with the subjects.
const NAME: &str = "CONTACT_SUBJECTS";
/// The default subjects.
const DEFAULT: [&str; 8] =
    ["account_access", "sign_in_email", "sign_in_username", "sign_in_code", "impersonation", "report_user", "bug_report", "other"];
/// The maximum number of characters of a value.
pub const VALUE_MAX: usize = 40;
/// The maximum number of subjects.
const SUBJECTS_MAX: usize = 30;

/// A subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactSubject {
    /// The value, which is stored and never shown.
    pub value: String,
    /// The names from the configuration, by language. Empty for a default subject, whose name is in this crate.
    names: BTreeMap<String, String>,
}

impl ContactSubject {
    /// Parses `value` or `value=Name|pl=Nazwa`.
    fn parse(entry: &str) -> Result<Self, String> {
        let (value, names) = entry.split_once('=').map_or((entry, None), |(value, names)| (value, Some(names)));
        let value = value.trim();
        let formed = value.starts_with(|c: char| c.is_ascii_lowercase())
            && value.len() <= VALUE_MAX
            && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !formed {
            return Err(format!("{value:?} is not a value: up to {VALUE_MAX} of a-z 0-9 _, beginning with a letter"));
        }
        let names = match names {
            Some(names) => Locale::names(&names.split('|').collect::<Vec<_>>()),
            None => Locale::ALL.into_iter().all(|locale| TEXTS.has(locale, &format!("subject-{value}"))).then(BTreeMap::new),
        };
        let names = names.ok_or_else(|| format!("{value} needs a name, and others with the tags of languages: {value}=Name|pl=Nazwa"))?;
        Ok(Self { value: value.to_owned(), names })
    }

    /// Returns the name in this language. If the configuration lacks it, that in the default language is used.
    #[must_use]
    pub fn name(&self, locale: Locale) -> String {
        let given = locale.name_of(&self.names).map(str::to_owned);
        given.unwrap_or_else(|| TEXTS.text(locale, &format!("subject-{}", self.value), &[]))
    }

    /// Returns a template that a message can begin with. It counts as part of the message.
    #[must_use]
    pub fn template(&self, locale: Locale) -> String {
        let own = format!("template-{}", self.value);
        let about = if TEXTS.has(locale, &own) { TEXTS.text(locale, &own, &[]) } else { TEXTS.text(locale, "template", &[]) };
        format!("{}\n\n{about}\n", TEXTS.text(locale, "greeting", &[]))
    }
}

/// The subjects of a deployment, in their order.
#[derive(Clone, Debug)]
pub struct Subjects(Arc<[ContactSubject]>);

impl Subjects {
    /// Reads `CONTACT_SUBJECTS`: values separated by semicolons, each with its names unless it is a default subject, such as
    /// `bug_report;delivery=Delivery|pl=Dostawa;other`. Empty means the default subjects.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let given: String = r.or(NAME, String::new());
        let listed = if given.trim().is_empty() { DEFAULT.join(";") } else { given };
        match Self::parse(&listed) {
            Ok(subjects) => subjects,
            Err(why) => {
                r.wrong(format!("{NAME}: {why}"));
                Self(Arc::default())
            }
        }
    }

    fn parse(listed: &str) -> Result<Self, String> {
        let entries = listed.split(';').map(str::trim).filter(|entry| !entry.is_empty());
        let subjects = entries.map(ContactSubject::parse).collect::<Result<Vec<_>, _>>()?;
        let mut values: Vec<&str> = subjects.iter().map(|subject| subject.value.as_str()).collect();
        values.sort_unstable();
        values.dedup();
        match subjects.len() {
            0 => Err("there is no subject".to_owned()),
            n if n > SUBJECTS_MAX => Err(format!("there are more than {SUBJECTS_MAX} subjects")),
            n if n != values.len() => Err("two subjects have the same value".to_owned()),
            _ => Ok(Self(subjects.into())),
        }
    }

    /// Returns all subjects.
    pub fn all(&self) -> impl Iterator<Item = &ContactSubject> {
        self.0.iter()
    }

    /// Returns the value of a subject, as somebody chose it.
    ///
    /// # Errors
    /// `required` or `choice`.
    pub fn choose(&self, chosen: &str) -> Result<String, FieldError> {
        match self.all().find(|subject| subject.value == chosen) {
            Some(subject) => Ok(subject.value.clone()),
            None if chosen.is_empty() => Err(FieldError::REQUIRED),
            None => Err(FieldError::CHOICE),
        }
    }

    /// Returns the name of a stored value: the value itself if the operator has removed the subject since.
    #[must_use]
    pub fn name_of(&self, value: &str, locale: Locale) -> String {
        self.all().find(|subject| subject.value == value).map_or_else(|| value.to_owned(), |subject| subject.name(locale))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::message::MESSAGE_MIN;

    fn read(given: &str) -> Result<Subjects, kernel::ConfigError> {
        let env: kernel::Env = [(NAME.to_owned(), given.to_owned())].into_iter().collect();
        env.read(Subjects::read)
    }

    #[test]
    fn every_language_has_every_text() {
        assert_eq!(TEXTS.faults(), [""; 0]);
    }

    #[test]
    fn each_usual_subject_has_a_value_a_name_and_a_template() {
        let subjects = read("").unwrap();
        assert_eq!(subjects.all().count(), DEFAULT.len());
        for locale in Locale::ALL {
            let names: BTreeSet<String> = subjects.all().map(|subject| subject.name(locale)).collect();
            assert_eq!(names.len(), DEFAULT.len(), "{names:?}");
            for subject in subjects.all() {
                assert!(!subject.name(locale).starts_with("subject-"), "{subject:?}");
                let template = subject.template(locale);
                // A template alone is no message.
                assert!(template.trim().chars().count() < MESSAGE_MIN && !template.contains("template"), "{template}");
                assert!(template.lines().count() >= 4, "{template}");
            }
        }
    }

    #[test]
    fn an_operator_chooses_the_subjects() {
        let subjects = read(" bug_report ; delivery = Delivery | pl=Dostawa; press=Press ").unwrap();
        let shown = |locale| subjects.all().map(|subject| subject.name(locale)).collect::<Vec<_>>();
        assert_eq!(shown(Locale::En)[1..], ["Delivery", "Press"]);
        assert_eq!(shown(Locale::Pl)[1..], ["Dostawa", "Press"]);
        assert_eq!(subjects.choose("delivery").as_deref(), Ok("delivery"));
        assert_eq!(subjects.choose("other").unwrap_err().code, "choice");
        assert_eq!(subjects.choose("").unwrap_err().code, "required");
        assert_eq!(subjects.name_of("removed", Locale::Pl), "removed");
        for wrong in
            [";", "delivery", "delivery=", "press=a|b", "Other=Other", "a b=c", "other;other", &format!("{}=x", "a".repeat(VALUE_MAX + 1))]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
