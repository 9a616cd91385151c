//! Languages and their messages (Fluent). `cargo xtask check` fails if a message is missing in a language.
//!
//! A language is a folder in `locales` of this crate. Every crate with texts needs a folder of the same name, or does not compile. `cargo
//! xtask language` creates all of them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

// Written by `build.rs` from the folders in `locales`: `Locale`, with `ALL` and `tag`, and `in_every_language!`.
include!(concat!(env!("OUT_DIR"), "/languages.rs"));

impl Locale {
    /// Returns the language of a BCP 47 tag. A region is ignored (`pl-PL`).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| l.tag().eq_ignore_ascii_case(primary))
    }

    /// Returns this language's element of a list in the order of [`Locale::ALL`]. The default value if the list is too short.
    #[must_use]
    pub fn of<T: Copy + Default>(self, list: &[T]) -> T {
        let place = Self::ALL.into_iter().position(|locale| locale == self);
        place.and_then(|place| list.get(place)).copied().unwrap_or_default()
    }

    /// Returns the names of a thing in a setting, by the tags of their languages: first the name in the default language, then those in
    /// others, each with its tag, such as `Delivery` and `pl=Dostawa`. `None` if the first one is missing, or a language is unknown or
    /// named twice.
    #[must_use]
    pub fn names(parts: &[&str]) -> Option<BTreeMap<String, String>> {
        let (first, others) = parts.split_first()?;
        let mut names = BTreeMap::new();
        let mut add = |locale: Self, name: &str| !name.is_empty() && names.insert(locale.tag().to_owned(), name.to_owned()).is_none();
        let all = !first.contains('=')
            && add(Self::default(), first.trim())
            && others.iter().all(|part| {
                let (tag, name) = part.split_once('=').unwrap_or_default();
                Self::ALL.into_iter().find(|locale| locale.tag() == tag.trim()).is_some_and(|locale| add(locale, name.trim()))
            });
        all.then_some(names)
    }

    /// Returns this language's name of these. That of the default language stands in for one that is missing.
    #[must_use]
    pub fn name_of(self, names: &BTreeMap<String, String>) -> Option<&str> {
        [self, Self::default()].into_iter().find_map(|locale| names.get(locale.tag())).map(String::as_str)
    }

    /// Returns the best language for an `Accept-Language` header (RFC 9110 §12.5.4, look-up as in RFC 4647 §3.4).
    #[must_use]
    pub fn negotiate(accept: &str) -> Option<Self> {
        let mut wishes: Vec<(u16, Self)> = accept
            .split(',')
            .filter_map(|part| {
                let mut fields = part.split(';');
                let locale = Self::from_tag(fields.next()?)?;
                let weight = fields.find_map(|f| f.trim().strip_prefix("q=").map(thousandths)).unwrap_or(1000);
                (weight > 0).then_some((weight, locale))
            })
            .collect();
        wishes.sort_by_key(|w| std::cmp::Reverse(w.0));
        wishes.first().map(|w| w.1)
    }

    /// Returns the message `key` of the catalogue of problems, with `args`. A missing message is shown as its key.
    #[must_use]
    pub fn text(self, key: &str, args: &[(&str, String)]) -> String {
        PROBLEMS.text(self, key, args)
    }

    /// Returns an attribute of a message of the catalogue of problems, if it exists.
    #[must_use]
    pub fn attribute(self, key: &str, attribute: &str, args: &[(&str, String)]) -> Option<String> {
        PROBLEMS.format(self, key, Some(attribute), args)
    }

    /// Returns whether this language has the message in the catalogue of problems.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        PROBLEMS.has(self, key)
    }

    /// Returns all message keys of the catalogue of problems in this language. Attributes are `key.attribute`.
    #[must_use]
    pub fn keys(self) -> BTreeSet<String> {
        PROBLEMS.keys(self)
    }
}

const PROBLEMS: Messages = Messages::new(in_every_language!("problems.ftl"));

/// The messages of one crate, in every language: `const TEXTS: Messages = Messages::new(kernel::in_every_language!("texts.ftl"));`
#[derive(Clone, Copy, Debug)]
pub struct Messages {
    sources: [&'static str; Locale::ALL.len()],
}

impl Messages {
    /// Messages from Fluent sources in the order of [`Locale::ALL`].
    #[must_use]
    pub const fn new(sources: [&'static str; Locale::ALL.len()]) -> Self {
        Self { sources }
    }

    /// Returns the message `key`, with `args`. A missing message is shown as its key.
    #[must_use]
    pub fn text(self, locale: Locale, key: &str, args: &[(&str, String)]) -> String {
        self.format(locale, key, None, args).unwrap_or_else(|| key.to_owned())
    }

    /// Returns whether this language has the message.
    #[must_use]
    pub fn has(self, locale: Locale, key: &str) -> bool {
        with_bundle(self, locale, |b| b.has_message(key))
    }

    /// Returns all message keys of this language. Attributes are `key.attribute`.
    #[must_use]
    pub fn keys(self, locale: Locale) -> BTreeSet<String> {
        let (mut keys, mut owner) = (BTreeSet::new(), String::new());
        for line in self.source(locale).lines() {
            let Some((head, _)) = line.split_once('=') else { continue };
            match head.trim().strip_prefix('.') {
                None if !line.starts_with([' ', '#', '\t']) => {
                    head.trim().clone_into(&mut owner);
                    keys.insert(owner.clone());
                }
                Some(attribute) => drop(keys.insert(format!("{owner}.{attribute}"))),
                None => {}
            }
        }
        keys
    }

    /// Returns the errors in the sources: lines that are not Fluent, and keys that are missing in a language.
    #[must_use]
    pub fn faults(self) -> Vec<String> {
        let all: BTreeSet<String> = Locale::ALL.into_iter().flat_map(|l| self.keys(l)).collect();
        let check = |locale: Locale| {
            let keys = self.keys(locale);
            let broken = FluentResource::try_new(self.source(locale).to_owned()).is_err();
            let lacks = all.difference(&keys).map(move |key| format!("{} lacks {key}", locale.tag())).collect::<Vec<_>>();
            broken.then(|| format!("{} does not parse", locale.tag())).into_iter().chain(lacks)
        };
        Locale::ALL.into_iter().flat_map(check).collect()
    }

    fn source(self, locale: Locale) -> &'static str {
        locale.of(&self.sources)
    }

    fn format(self, locale: Locale, key: &str, attribute: Option<&str>, args: &[(&str, String)]) -> Option<String> {
        with_bundle(self, locale, |bundle| {
            let message = bundle.get_message(key)?;
            let pattern = match attribute {
                None => message.value()?,
                Some(a) => message.get_attribute(a)?.value(),
            };
            let mut values = FluentArgs::new();
            for (name, value) in args {
                values.set(*name, value.parse::<i64>().map_or_else(|_| FluentValue::from(value.clone()), FluentValue::from));
            }
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
            // An attribute (`.detail`) whose arguments are incomplete is left out.
            (attribute.is_none() || errors.is_empty()).then_some(text)
        })
    }
}

/// Returns a quality value (`0`, `0.7`, `1.000`: RFC 9110 §12.4.2) in thousandths. Anything else is 0.
#[must_use]
pub fn thousandths(q: &str) -> u16 {
    let (whole, fraction) = q.trim().split_once('.').unwrap_or((q.trim(), ""));
    match whole {
        "1" => 1000,
        "0" => format!("{fraction:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}

type Bundle = FluentBundle<FluentResource>;

// Fluent's formatters are not `Sync`. A function has one thread, so each bundle is built once, on first use.
thread_local! {
    static BUNDLES: RefCell<HashMap<&'static str, Bundle>> = RefCell::default();
}

fn with_bundle<T>(messages: Messages, locale: Locale, f: impl FnOnce(&Bundle) -> T) -> T {
    let source = messages.source(locale);
    BUNDLES.with_borrow_mut(|bundles| f(bundles.entry(source).or_insert_with(|| build(locale, source))))
}

fn build(locale: Locale, source: &str) -> Bundle {
    let mut bundle = Bundle::new(locale.tag().parse().into_iter().collect());
    // Unicode isolation marks around arguments would be visible in JSON and in plain-text mails.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(r, _)| r);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation_follows_quality_and_falls_back() {
        assert_eq!(Locale::negotiate("xx, pl;q=0.8, en;q=0.7"), Some(Locale::Pl));
        assert_eq!(Locale::negotiate("en-GB,pl;q=0.9"), Some(Locale::En));
        assert_eq!(Locale::negotiate("pl;q=0, en;q=0.1"), Some(Locale::En));
        assert_eq!(Locale::negotiate("xx"), None);
    }

    #[test]
    fn names_belong_to_languages_by_their_tags() {
        let names = Locale::names(&[" Delivery ", "pl = Dostawa"]).unwrap();
        assert_eq!((Locale::En.name_of(&names), Locale::Pl.name_of(&names)), (Some("Delivery"), Some("Dostawa")));
        let one = Locale::names(&["Press"]).unwrap();
        assert!(Locale::ALL.into_iter().all(|locale| locale.name_of(&one) == Some("Press")));
        let wrong: [&[&str]; 8] =
            [&[], &[""], &["a", "b"], &["a", "pl="], &["a", "xx=b"], &["pl=a"], &["a", "en=b"], &["a", "pl=b", "pl=c"]];
        for parts in wrong {
            assert_eq!(Locale::names(parts), None, "{parts:?}");
        }
    }

    #[test]
    fn a_quality_is_at_most_one_and_everything_else_is_zero() {
        for (q, expected) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0", 0),
            ("0.7", 700),
            ("0.12", 120),
            ("0.1239", 123),
            ("", 0),
            ("x", 0),
            ("x.9", 0),
            ("2.5", 0),
        ] {
            assert_eq!(thousandths(q), expected, "{q}");
        }
        // How small numbers are written in JSON.
        assert_eq!(thousandths("9.876e-6"), 0);
    }

    #[test]
    fn the_languages_have_the_same_messages_and_parse_cleanly() {
        assert_eq!(PROBLEMS.faults(), [""; 0]);
    }

    #[test]
    fn a_missing_message_is_reported() {
        let mut sources = ["a = A\n!what"; Locale::ALL.len()];
        sources[0] = "a = A\nb = B";
        let others = Locale::ALL.into_iter().skip(1).map(Locale::tag);
        let expected: Vec<_> = others.flat_map(|tag| [format!("{tag} does not parse"), format!("{tag} lacks b")]).collect();
        assert_eq!(Messages::new(sources).faults(), expected);
    }

    #[test]
    fn every_language_has_its_tag_and_its_texts() {
        assert!(Locale::ALL.len() >= 2 && Locale::ALL[0] == Locale::default(), "{:?}", Locale::ALL);
        for (place, locale) in Locale::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(locale).unwrap(), locale.tag());
            assert_eq!(
                (Locale::from_tag(&locale.tag().to_uppercase()), locale.of(&[7, 8])),
                (Some(locale), [7, 8].get(place).copied().unwrap_or(0))
            );
        }
    }

    #[test]
    fn polish_plurals_are_right() {
        let say = |n: &str| Locale::Pl.attribute("code_invalid", "detail", &[("tries_left", n.to_owned())]).unwrap_or_default();
        assert!(say("1").contains("próba"), "{}", say("1"));
        assert!(say("2").contains("próby"), "{}", say("2"));
        assert!(say("5").contains("prób"), "{}", say("5"));
    }
}
