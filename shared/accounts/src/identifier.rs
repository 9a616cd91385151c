//! Names and contacts of people: parsed once, at the edge, into their canonical spelling.

use std::fmt;

use email_address::{EmailAddress, Options};
use kernel::{FieldError, Sys, Time};
use serde::{Deserialize, Serialize};
use time::{Date, Month, macros::format_description};
use unicode_normalization::UnicodeNormalization as _;

use crate::profanity;

macro_rules! text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
    )*};
}
text!(Email Username PersonName Phone);

/// Longest address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_MAX: usize = 254;

/// An e-mail address: ASCII local part as typed, domain in lower case and as A-labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email(String);

impl Email {
    /// Parses an address: trimmed and in NFKC, so that look-alikes of `@` and of ASCII letters become these characters.
    ///
    /// # Errors
    /// `required`, `too_long` or `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text: String = text.trim().nfkc().collect();
        if text.is_empty() {
            return Err(FieldError::new("required"));
        }
        if text.len() > EMAIL_MAX {
            return Err(FieldError::new("too_long").with("max", EMAIL_MAX));
        }
        let wrong = || FieldError::new("email");
        let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| wrong())?;
        let address = format!("{local}@{domain}");
        // Letters outside ASCII are longer as A-labels.
        if address.len() > EMAIL_MAX {
            return Err(FieldError::new("too_long").with("max", EMAIL_MAX));
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let plain = local.is_ascii() && !local.contains('"') && !domain.ends_with('.');
        if plain && EmailAddress::parse_with_options(&address, options).is_ok() { Ok(Self(address)) } else { Err(wrong()) }
    }

    /// The key of the unique claim: the address in lower case. Dots and plus signs stay, because their meaning depends on the
    /// domain.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The mailbox of this address, for counters: spellings of one mailbox share a counter if the provider's rule is known. Not
    /// for finding an account, because other providers treat these spellings as different addresses.
    #[must_use]
    pub fn mailbox_key(&self) -> String {
        let key = self.key();
        let Some((local, domain)) = key.rsplit_once('@') else { return key };
        let Some(rule) = spelling_rule(domain) else { return key };
        let name = local.split('+').next().unwrap_or(local);
        let name = if rule.dots_ignored { name.replace('.', "") } else { name.to_owned() };
        // A local part that begins with the tag has no name before it.
        if name.is_empty() { key } else { format!("{name}@{}", rule.domain) }
    }
}

/// How a provider reads the part of an address before the `@`. A tag after a plus sign is always ignored.
struct SpellingRule {
    /// Whether dots are ignored, too.
    dots_ignored: bool,
    /// The domain that represents all domains of the same mailboxes.
    domain: &'static str,
}

/// The documented rule of a provider of private mailboxes. Companies' own domains are not listed, because their administrators
/// choose the rule.
fn spelling_rule(domain: &str) -> Option<SpellingRule> {
    const TAGS: [&str; 12] = [
        "fastmail.com",
        "fastmail.fm",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mac.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "pm.me",
        "proton.me",
        "protonmail.com",
    ];
    match domain {
        "gmail.com" | "googlemail.com" => Some(SpellingRule { dots_ignored: true, domain: "gmail.com" }),
        _ => TAGS.into_iter().find(|known| *known == domain).map(|domain| SpellingRule { dots_ignored: false, domain }),
    }
}

/// A phone number that can receive text messages, in E.164: `+` and at most 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone(String);

impl Phone {
    /// Parses a number as people write it. A number without a country code belongs to `home`, an ISO 3166-1 code.
    ///
    /// Numbers that cannot exist and numbers that are known not to be mobile are refused: codes to premium numbers cost money,
    /// and codes to landlines are lost.
    ///
    /// # Errors
    /// `required` or `phone`.
    pub fn parse(text: &str, home: &str) -> Result<Self, FieldError> {
        if text.trim().is_empty() {
            return Err(FieldError::new("required"));
        }
        let number = phonelib::PhoneNumber::parse_with_country(text, home).filter(|n| n.extension().is_none());
        number.filter(|n| mobile(n.phone_type())).map(|n| Self(n.e164().to_owned())).ok_or_else(|| FieldError::new("phone"))
    }

    /// A number that was parsed before it was stored.
    pub(crate) fn stored(number: &str) -> Self {
        Self(number.to_owned())
    }

    /// The country of the number: an ISO 3166-1 code.
    #[must_use]
    pub fn country(&self) -> &'static str {
        phonelib::extract_country(&self.0).map_or("", |c| c.code)
    }

    /// A hint for somebody who knows the owner: the calling code and the last three digits, with six stars between them, such as
    /// `+44******123`. The number of stars is fixed, so that the length is hidden.
    #[must_use]
    pub fn hinted(&self) -> String {
        let calling = phonelib::extract_country(&self.0).map_or_else(String::new, |c| c.prefix.to_string());
        let last = self.0.len().saturating_sub(3);
        format!("+{calling}******{}", self.0.get(last..).unwrap_or_default())
    }

    /// The range of the number: the country's calling code and the next three digits, such as `+44791`.
    #[must_use]
    pub fn range(&self) -> &str {
        self.0.get(..self.calling().saturating_add(4)).unwrap_or(&self.0)
    }

    /// The digits after the country's calling code, without a trunk prefix.
    #[must_use]
    pub fn national(&self) -> &str {
        self.0.get(self.calling().saturating_add(1)..).unwrap_or(&self.0)
    }

    /// Digits of the country's calling code.
    fn calling(&self) -> usize {
        phonelib::extract_country(&self.0).map_or(2, |c| c.prefix.to_string().len())
    }
}

/// Whether this is the ISO 3166-1 code of a country with phone numbers.
#[must_use]
pub fn has_phones(country: &str) -> bool {
    phonelib::country_by_code(country).is_some()
}

const fn mobile(kind: phonelib::PhoneNumberType) -> bool {
    use phonelib::PhoneNumberType::{FixedLineOrMobile, Mobile, Unknown};
    matches!(kind, Mobile | FixedLineOrMobile | Unknown)
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By e-mail.
    Email,
    /// By SMS.
    Sms,
}

impl Channel {
    /// The channel of this contact.
    #[must_use]
    pub const fn of(contact: &Contact) -> Self {
        match contact {
            Contact::Email(_) => Self::Email,
            Contact::Phone(_) => Self::Sms,
        }
    }
}

/// An address or number of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// By mail.
    Email(Email),
    /// By text message.
    Phone(Phone),
}

impl From<Email> for Contact {
    fn from(email: Email) -> Self {
        Self::Email(email)
    }
}

impl From<Phone> for Contact {
    fn from(phone: Phone) -> Self {
        Self::Phone(phone)
    }
}

impl Contact {
    /// A contact that was parsed before it was stored.
    #[must_use]
    pub fn stored(channel: Channel, address: &str) -> Self {
        match channel {
            Channel::Email => Self::Email(Email(address.to_owned())),
            Channel::Sms => Self::Phone(Phone::stored(address)),
        }
    }

    /// The contact in its canonical spelling.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Email(email) => email.as_ref(),
            Self::Phone(phone) => phone.as_ref(),
        }
    }

    /// The key that all spellings of this contact share.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Email(email) => email.key(),
            Self::Phone(phone) => phone.to_string(),
        }
    }

    /// The key of the counters of messages: the number, or the mailbox in any spelling (see [`Email::mailbox_key`]).
    #[must_use]
    pub fn mailbox_key(&self) -> String {
        match self {
            Self::Email(email) => email.mailbox_key(),
            Self::Phone(phone) => phone.to_string(),
        }
    }

    /// The contact for somebody who has not proven to own it.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => kernel::mask::email(email.as_ref()),
            Self::Phone(phone) => kernel::mask::phone(phone.as_ref()),
        }
    }
}

/// A username in its canonical spelling: lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Username(String);

/// Shortest and longest username.
pub const USERNAME_LENGTH: (usize, usize) = (3, 30);

/// Names that could be mistaken for the service itself or for its addresses.
fn reserved(name: &str) -> bool {
    include_str!("../data/reserved.txt").split_whitespace().any(|r| r == name)
}

impl Username {
    /// Parses a name: NFKC, lower case, 3 to 30 of `a-z 0-9 _`, beginning with a letter, no double underscore and none at
    /// the end, not reserved, not profane.
    ///
    /// # Errors
    /// `required`, `too_short`, `too_long`, `username_format` or `username_refused`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
        let (min, max) = USERNAME_LENGTH;
        let length = name.chars().count();
        if length == 0 {
            return Err(FieldError::new("required"));
        }
        let alphabet = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !alphabet || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.ends_with('_') || name.contains("__") {
            return Err(FieldError::new("username_format"));
        }
        if length < min {
            return Err(FieldError::new("too_short").with("min", min));
        }
        if length > max {
            return Err(FieldError::new("too_long").with("max", max));
        }
        if reserved(&name) || profanity::in_name(&name) {
            return Err(FieldError::new("username_refused"));
        }
        Ok(Self(name))
    }
}

/// The characters of drawn usernames, without look-alikes.
const DRAWN: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// How many of them follow `user_`.
const DRAWN_LENGTH: usize = 10;

impl Username {
    /// Draws a random name for an account without a chosen one, such as `user_k7m2x9qpw4`. Whether it is free is decided when it
    /// is claimed.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        loop {
            let random_char = || DRAWN.get(sys.below(31) as usize).copied().map_or('a', char::from);
            let name: String = "user_".chars().chain((0..DRAWN_LENGTH).map(|_| random_char())).collect();
            // Random characters can form refused words.
            if let Ok(name) = Self::parse(&name) {
                return name;
            }
        }
    }
}

/// The name that somebody enters at sign-in. It is an address if it contains `@`, because usernames cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By username.
    Username(Username),
    /// By e-mail address.
    Email(Email),
}

impl Login {
    /// Parses either. `None` if it cannot be the name of any account.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('@') { Email::parse(text).ok().map(Self::Email) } else { Self::name(text).map(Self::Username) }
    }

    // The rules for names may have become stricter: names that were allowed earlier still sign in.
    fn name(text: &str) -> Option<Username> {
        let name: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
        (!name.is_empty() && name.len() <= 64).then_some(Username(name))
    }
}

/// A first or last name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName(String);

/// Longest name.
pub const NAME_MAX: usize = 35;

impl PersonName {
    /// Parses a name: NFC, trimmed, 1 to 35 characters; letters and marks of any script, spaces, hyphens, apostrophes, dots.
    ///
    /// # Errors
    /// `required`, `too_long` or `characters`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name: String = text.trim().nfc().collect();
        let allowed = |c: char| c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) || " -'’.".contains(c);
        match name.chars().count() {
            0 => Err(FieldError::new("required")),
            n if n > NAME_MAX => Err(FieldError::new("too_long").with("max", NAME_MAX)),
            _ if name.chars().all(allowed) && name.chars().any(char::is_alphabetic) => Ok(Self(name)),
            _ => Err(FieldError::new("characters")),
        }
    }
}

/// A day of birth, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthDate(Date);

/// Youngest and oldest age at registration.
pub const AGE: (u8, u8) = (16, 120);

impl BirthDate {
    /// Parses a day and checks the age by the calendar date of `now`. Who was born on 29 February reaches an age on 1 March in
    /// common years.
    ///
    /// # Errors
    /// `date`, `in_future`, `too_young` or `too_old`.
    pub fn parse(text: &str, now: Time) -> Result<Self, FieldError> {
        let date = Self::read(text).ok_or_else(|| FieldError::new("date"))?;
        let today = now.date();
        let (min, max) = AGE;
        if date > today {
            return Err(FieldError::new("in_future"));
        }
        match age(date, today) {
            a if a < i32::from(min) => Err(FieldError::new("too_young").with("min", min)),
            a if a > i32::from(max) => Err(FieldError::new("too_old")),
            _ => Ok(Self(date)),
        }
    }

    fn read(text: &str) -> Option<Date> {
        Date::parse(text, format_description!("[year]-[month]-[day]")).ok().filter(|_| text.len() == 10)
    }
}

fn age(born: Date, today: Date) -> i32 {
    let day = |d: Date| (u8::from(d.month()), d.day());
    let had_birthday = match (born.month(), born.day()) {
        (Month::February, 29) if !time::util::is_leap_year(today.year()) => day(today) >= (3, 1),
        _ => day(today) >= day(born),
    };
    today.year().saturating_sub(born.year()).saturating_sub(i32::from(!had_birthday))
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl Serialize for BirthDate {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BirthDate {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::read(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not a date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(r: Result<T, FieldError>) -> &'static str {
        r.err().map_or("ok", |e| e.code)
    }

    #[test]
    fn usernames() {
        for (name, expected) in [
            ("ana", "ok"),
            ("Ana_99", "ok"),
            ("ab", "too_short"),
            ("a2345678901234567890123456789_x", "too_long"),
            ("9lives", "username_format"),
            ("_ana", "username_format"),
            ("ana_", "username_format"),
            ("a__b", "username_format"),
            ("ana.b", "username_format"),
            ("ana@b.cd", "username_format"),
            ("żaba", "username_format"),
            ("", "required"),
            ("admin", "username_refused"),
            ("fuck_you", "username_refused"),
            ("scunthorpe", "ok"),
            ("assassin", "ok"),
            ("ａｎａ", "ok"),
        ] {
            assert_eq!(code(Username::parse(name)), expected, "{name}");
        }
        assert_eq!(Username::parse("Alice").unwrap(), Username::parse(" alice ").unwrap());
    }

    #[test]
    fn drawn_usernames_are_valid_and_different() {
        let sys = Sys::real();
        let names: std::collections::BTreeSet<String> = (0..1000).map(|_| Username::draw(&sys).to_string()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|n| n.len() == 15 && n.starts_with("user_") && Username::parse(n).is_ok()));
    }

    #[test]
    fn addresses() {
        for (address, expected) in [
            ("ana@example.test", "ok"),
            ("Ana+x@EXAMPLE.test", "ok"),
            ("ana＠example.test", "ok"),
            ("ana@żaba.test", "ok"),
            ("ana", "email"),
            ("a@b@c.test", "email"),
            ("ana@example.test.", "email"),
            ("ana@localhost", "email"),
            ("\"a b\"@example.test", "email"),
            ("ana@[127.0.0.1]", "email"),
            ("", "required"),
            ("ana@exa mple.test", "email"),
            ("ana\r\nBcc: x@example.test", "email"),
            ("Ana <ana@example.test>", "email"),
            ("adm\u{131}n@example.test", "email"),
            (".ana@example.test", "email"),
        ] {
            assert_eq!(code(Email::parse(address)), expected, "{address}");
        }
        assert_eq!(code(Email::parse(&format!("{}@example.test", "a".repeat(250)))), "too_long");
        let grows = format!("{}@{}test", "a".repeat(64), "ü.".repeat(25));
        assert!(grows.len() < EMAIL_MAX);
        assert_eq!(code(Email::parse(&grows)), "too_long");
        assert_eq!(Email::parse("ANA@Example.Test").unwrap().key(), Email::parse("ana@example.test").unwrap().key());
    }

    #[test]
    fn spellings_of_one_mailbox_are_counted_together() {
        for (address, mailbox) in [
            ("Ana.Nowak+shop@gmail.com", "ananowak@gmail.com"),
            ("a.n.a.nowak@GoogleMail.com", "ananowak@gmail.com"),
            ("ananowak@gmail.com", "ananowak@gmail.com"),
            ("ana.nowak+a+b@outlook.com", "ana.nowak@outlook.com"),
            ("ana+1@hotmail.com", "ana@hotmail.com"),
            ("ana+1@live.com", "ana@live.com"),
            ("ana+1@msn.com", "ana@msn.com"),
            ("ana+1@icloud.com", "ana@icloud.com"),
            ("ana+1@me.com", "ana@me.com"),
            ("ana+1@mac.com", "ana@mac.com"),
            ("ana+1@fastmail.com", "ana@fastmail.com"),
            ("ana+1@fastmail.fm", "ana@fastmail.fm"),
            ("ana+1@proton.me", "ana@proton.me"),
            ("ana+1@protonmail.com", "ana@protonmail.com"),
            ("ana+1@pm.me", "ana@pm.me"),
            ("+tag@gmail.com", "+tag@gmail.com"),
            // The rules of these domains for dots and plus signs are not documented.
            ("Ana.Nowak+shop@example.test", "ana.nowak+shop@example.test"),
            ("ana+1@mail.gmail.com", "ana+1@mail.gmail.com"),
            ("ana+1@notgmail.com", "ana+1@notgmail.com"),
        ] {
            let email = Email::parse(address).unwrap();
            assert_eq!(email.mailbox_key(), mailbox, "{address}");
            assert_eq!(Contact::from(email).mailbox_key(), mailbox, "{address}");
        }
        let phone = Phone::parse("+48 512 345 678", "PL").unwrap();
        assert_eq!(Contact::from(phone).mailbox_key(), "+48512345678");
    }

    #[test]
    fn phones() {
        for (number, expected) in [
            ("07911 123456", "+447911123456"),
            ("+44 7911 123-456", "+447911123456"),
            ("0044 7911 123456", "+447911123456"),
            ("+998 90 123-45-67", "+998901234567"),
            ("00998901234567", "+998901234567"),
            ("+48 (512) 345 678", "+48512345678"),
        ] {
            assert_eq!(Phone::parse(number, "GB").unwrap().as_ref(), expected, "{number}");
        }
        for (number, expected) in [
            ("", "required"),
            (" ", "required"),
            ("12", "phone"),
            ("+44 9098 790879", "phone"),
            ("+1", "phone"),
            ("abc", "phone"),
            ("+999999999999", "phone"),
            ("+447911123456 ext. 5", "phone"),
        ] {
            assert_eq!(code(Phone::parse(number, "GB")), expected, "{number}");
        }
        for (number, country, range, hinted) in [
            ("+48512345678", "PL", "+48512", "+48******678"),
            ("+447700900001", "GB", "+44770", "+44******001"),
            ("+998901234567", "UZ", "+998901", "+998******567"),
            ("+14155550123", "US", "+1415", "+1******123"),
        ] {
            let phone = Phone::parse(number, "GB").unwrap();
            assert_eq!((phone.country(), phone.range(), phone.hinted().as_str()), (country, range, hinted));
        }
    }

    #[test]
    fn names() {
        for (name, expected) in [
            ("Li", "ok"),
            ("Å", "ok"),
            ("Anna-Maria O’Neil jr.", "ok"),
            ("", "required"),
            ("   ", "required"),
            ("R2D2", "characters"),
            ("<b>", "characters"),
            ("-", "characters"),
        ] {
            assert_eq!(code(PersonName::parse(name)), expected, "{name}");
        }
        assert_eq!(code(PersonName::parse(&"ż".repeat(35))), "ok");
        assert_eq!(code(PersonName::parse(&"ż".repeat(36))), "too_long");
    }

    #[test]
    fn ages() {
        // 2030-01-01T00:00:00Z
        let now = Time::from_millis(1_893_456_000_000);
        for (born, expected) in [
            ("2014-01-01", "ok"),
            ("2014-01-02", "too_young"),
            ("2031-01-01", "in_future"),
            ("1910-01-01", "ok"),
            ("1908-12-31", "too_old"),
            ("2000-02-30", "date"),
            ("1.1.2000", "date"),
            ("+2000-1-1", "date"),
        ] {
            assert_eq!(code(BirthDate::parse(born, now)), expected, "{born}");
        }
        // 29 February 2012: not yet 16 on 28 February 2028, 16 on the 29th; in 2029 the birthday is 1 March.
        let day = |y, m, d| Date::from_calendar_date(y, m, d).unwrap();
        let born = day(2012, Month::February, 29);
        assert_eq!(age(born, day(2028, Month::February, 28)), 15);
        assert_eq!(age(born, day(2028, Month::February, 29)), 16);
        assert_eq!(age(born, day(2029, Month::February, 28)), 16);
        assert_eq!(age(born, day(2029, Month::March, 1)), 17);
    }
}
