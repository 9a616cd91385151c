//! The settings of a deployment about codes and links that are sent: how long they are valid, how many tries they allow, and
//! when they are sent again.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use accounts::identifier::Channel;
use kernel::env::Reader;

use crate::purpose::Purpose;

/// The rule of one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRule {
    /// How long a code or link is valid, in seconds.
    life: u32,
    /// Wrong tries until the code is invalid.
    tries: u32,
    /// Seconds until another code or link may be sent. 0 means that the previous one must have expired.
    resend: u32,
}

impl CodeRule {
    /// The rule of links that cancel a deletion: the longest delay, and one more day for the sweep. It is not a setting, because the
    /// deletion determines how long its link is valid.
    const DELETION_LINK: Self = Self::new(31 * 24 * 3600, 1, 60);
    /// The rule of links that restore a former contact. It is not a setting: the recipient has a day to find the link, and the undo stands
    /// as long as the link is valid.
    const RESTORATION_LINK: Self = Self::new(24 * 3600, 1, 60);

    const fn new(life: u32, tries: u32, resend: u32) -> Self {
        Self { life, tries, resend }
    }

    /// Returns how long a code or link is valid, in seconds.
    #[must_use]
    pub const fn life(self) -> u32 {
        self.life
    }

    /// Wrong tries until the code is invalid.
    #[must_use]
    pub const fn tries(self) -> u32 {
        self.tries
    }

    /// Returns the seconds until another code or link may be sent.
    #[must_use]
    pub const fn resend(self) -> u32 {
        if self.resend == 0 { self.life } else { self.resend }
    }

    /// Like [`CodeRule::resend`], for the definition of a limit.
    pub(crate) const fn gap(self) -> Duration {
        Duration::from_secs(self.resend() as u64)
    }
}

/// The bounds of a rule.
struct Bounds {
    life: RangeInclusive<u32>,
    /// The life is a multiple of this number of seconds, because messages state it in minutes or hours.
    step: u32,
    tries: RangeInclusive<u32>,
}

/// The bounds of `resend` in seconds. 0 is also allowed, with its special meaning.
const RESEND: RangeInclusive<u32> = 5..=3600;

impl Bounds {
    /// A code in a flow that lasts for an hour or longer. It can be guessed, and all guesses of a day are limited to 20, so that five tries
    /// leave room for several codes.
    const CODE: Self = Self { life: 60..=3600, step: 60, tries: 1..=5 };
    /// A code in a sign-in or a set-up, whose flow ends after ten minutes.
    const BRIEF: Self = Self { life: 60..=600, step: 60, tries: 1..=5 };
    /// A link. It cannot be guessed, so its tries are not counted. The maximum is the day that a registration lasts.
    const LINK: Self = Self { life: 300..=86_400, step: 60, tries: 1..=1 };
    /// Like [`Bounds::LINK`], in whole hours.
    const LONG_LINK: Self = Self { life: 3600..=86_400, step: 3600, tries: 1..=1 };

    fn parse(&self, text: &str) -> Option<CodeRule> {
        let mut numbers = text.split('/').map(number);
        let (life, tries, resend) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let lives = self.life.contains(&life) && life.is_multiple_of(self.step);
        let fits = lives && self.tries.contains(&tries) && (resend == 0 || RESEND.contains(&resend));
        (fits && numbers.next().is_none()).then_some(CodeRule { life, tries, resend })
    }

    fn words(&self) -> String {
        let [life, tries, resend] = [&self.life, &self.tries, &RESEND].map(|range| format!("{} to {}", range.start(), range.end()));
        let step = self.step;
        format!(
            "life/tries/resend: seconds from {life} in steps of {step}, tries from {tries}, and seconds from {resend} or 0 for when it has \
             expired"
        )
    }
}

/// Parses a number of digits only, without a sign or spaces.
pub(crate) fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The rules of all purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRules {
    activation: CodeRule,
    password_reset: CodeRule,
    phone_login: CodeRule,
    factor_setup: CodeRule,
    registration: CodeRule,
    second_factor: CodeRule,
    step_up: CodeRule,
    contact_change: CodeRule,
    /// Codes by text message for the last three purposes. They have a rule of their own because they cost money and are read at once.
    text_message: CodeRule,
}

impl CodeRules {
    /// The rules of a deployment that sets none.
    pub const DEFAULT: Self = Self {
        activation: CodeRule::new(24 * 3600, 1, 60),
        password_reset: CodeRule::new(1800, 1, 60),
        phone_login: CodeRule::new(120, 3, 0),
        factor_setup: CodeRule::new(180, 5, 45),
        registration: CodeRule::new(600, 3, 20),
        second_factor: CodeRule::new(600, 3, 20),
        step_up: CodeRule::new(600, 3, 20),
        contact_change: CodeRule::new(600, 3, 20),
        text_message: CodeRule::new(180, 5, 45),
    };

    /// Reads `CODE_RULES`: `purpose=life/tries/resend`, separated by commas. Purposes that are not named have their default.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let text = r.or("CODE_RULES", String::new());
        Self::parse(&text).unwrap_or_else(|problem| {
            r.wrong(format!("CODE_RULES: {problem}"));
            Self::DEFAULT
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut rules, mut named) = (Self::DEFAULT, BTreeSet::new());
        for entry in text.split(',').filter(|_| !text.is_empty()) {
            let (purpose, numbers) = entry.split_once('=').ok_or("an entry is not purpose=life/tries/resend")?;
            let (rule, bounds) = rules.of_name(purpose).ok_or_else(|| format!("{purpose:?} is no purpose of a code or link"))?;
            *rule = bounds.parse(numbers).ok_or_else(|| format!("{purpose} is not {}", bounds.words()))?;
            if !named.insert(purpose) {
                return Err(format!("{purpose} is given twice"));
            }
        }
        Ok(rules)
    }

    fn of_name(&mut self, purpose: &str) -> Option<(&mut CodeRule, Bounds)> {
        Some(match purpose {
            "activation" => (&mut self.activation, Bounds::LONG_LINK),
            "password_reset" => (&mut self.password_reset, Bounds::LINK),
            "phone_login" => (&mut self.phone_login, Bounds::CODE),
            "factor_setup" => (&mut self.factor_setup, Bounds::BRIEF),
            "registration" => (&mut self.registration, Bounds::CODE),
            "second_factor" => (&mut self.second_factor, Bounds::BRIEF),
            "step_up" => (&mut self.step_up, Bounds::BRIEF),
            "contact_change" => (&mut self.contact_change, Bounds::CODE),
            "text_message" => (&mut self.text_message, Bounds::BRIEF),
            _ => return None,
        })
    }

    /// Returns the rule of a code or link.
    #[must_use]
    pub const fn of(&self, purpose: Purpose, channel: Channel) -> CodeRule {
        match (purpose, channel) {
            (Purpose::Activation, _) => self.activation,
            (Purpose::DeletionCancel, _) => CodeRule::DELETION_LINK,
            (Purpose::ContactRestoration, _) => CodeRule::RESTORATION_LINK,
            (Purpose::PasswordReset, _) => self.password_reset,
            (Purpose::PhoneLogin, _) => self.phone_login,
            (Purpose::FactorSetup, _) => self.factor_setup,
            (_, Channel::Sms) => self.text_message,
            (Purpose::Registration, Channel::Email) => self.registration,
            (Purpose::SecondFactor, Channel::Email) => self.second_factor,
            (Purpose::StepUp, Channel::Email) => self.step_up,
            (Purpose::ContactChange, Channel::Email) => self.contact_change,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn read(text: &str) -> Result<CodeRules, String> {
        let env: Env = [("CODE_RULES".to_owned(), text.to_owned())].into_iter().collect();
        env.read(CodeRules::read).map_err(|e| e.to_string())
    }

    #[test]
    fn only_the_named_purposes_have_other_rules() {
        assert_eq!(read(""), Ok(CodeRules::DEFAULT));
        let rules = read("phone_login=60/2/0,text_message=300/1/3600,activation=3600/1/5").unwrap();
        let numbers = |purpose, channel| {
            let rule = rules.of(purpose, channel);
            (rule.life(), rule.tries(), rule.resend())
        };
        assert_eq!(numbers(Purpose::PhoneLogin, Channel::Sms), (60, 2, 60), "when it has expired");
        assert_eq!(numbers(Purpose::StepUp, Channel::Sms), (300, 1, 3600));
        assert_eq!(numbers(Purpose::StepUp, Channel::Email), (600, 3, 20));
        assert_eq!(numbers(Purpose::Activation, Channel::Email), (3600, 1, 5));
        assert_eq!(numbers(Purpose::DeletionCancel, Channel::Email), (2_678_400, 1, 60));
    }

    #[test]
    fn a_code_of_a_sign_in_ends_with_it() {
        assert_eq!(u64::from(*Bounds::BRIEF.life.end()), crate::sign_in::LIFE.as_secs());
    }

    #[test]
    fn wrong_rules_are_refused_with_the_variable_and_the_purpose() {
        for (text, named) in [
            ("registration", "purpose=life/tries/resend"),
            ("registration=", "registration"),
            ("registration=600/3", "registration"),
            ("registration=600/3/20/1", "registration"),
            ("registration=600/3/20,", "purpose=life/tries/resend"),
            ("registration=600/3/20, step_up=600/3/20", " step_up"),
            ("registration=600/3/20,registration=600/3/20", "registration is given twice"),
            ("registration= 600/3/20", "registration"),
            ("registration=+600/3/20", "registration"),
            ("registration=600.5/3/20", "registration"),
            ("registration=99999999999/3/20", "registration"),
            ("registration=59/3/20", "from 60 to 3600"),
            ("registration=90/3/20", "in steps of 60"),
            ("registration=3660/3/20", "from 60 to 3600"),
            ("step_up=660/3/20", "from 60 to 600"),
            ("text_message=660/3/20", "from 60 to 600"),
            ("registration=600/0/20", "from 1 to 5"),
            ("registration=600/6/20", "from 1 to 5"),
            ("registration=600/3/4", "from 5 to 3600"),
            ("registration=600/3/3601", "from 5 to 3600"),
            ("activation=86400/2/60", "from 1 to 1"),
            ("activation=1800/1/60", "from 3600 to 86400"),
            ("activation=5400/1/60", "in steps of 3600"),
            ("password_reset=86460/1/60", "from 300 to 86400"),
            ("deletion_cancel=3600/1/60", "deletion_cancel"),
            ("Registration=600/3/20", "Registration"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains("CODE_RULES") && error.contains(named), "{text}: {error}");
        }
    }
}
