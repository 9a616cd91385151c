//! Names and contacts of people. Requests are parsed into these types, which have one canonical spelling for each value.

use std::fmt;

use countries::Country;
use email_address::{EmailAddress, Options};
use icu_properties::props::{BinaryProperty as _, EnumeratedProperty as _, GeneralCategory, JoiningType, VariationSelector};
use kernel::{
    FieldError, Sys, Time,
    audit::{AuditValue, Auditable},
    env::Reader,
    text,
};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, enums::Region};
use serde::{Deserialize, Serialize};
use time::{Date, Month, macros::format_description};
use unicode_normalization::{
    UnicodeNormalization as _,
    char::{canonical_combining_class, is_combining_mark},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

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

/// Returns a name or address without surrounding spaces and invisible characters, in NFKC, so that compatibility variants of `@`, dots and
/// ASCII letters become these characters. All comparisons of names and addresses begin with this form. Control characters other than line
/// breaks and tabs stay, so that the callers refuse them.
fn canonical(text: &str) -> String {
    let surrounds = |c: char| text::is_invisible(c) && (c.is_whitespace() || !c.is_control());
    text.trim_matches(surrounds).nfkc().collect()
}

/// The maximum number of bytes of an address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_MAX: usize = 254;

/// An e-mail address: ASCII local part as typed, domain in lower case and as A-labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email(String);

impl Email {
    /// Parses an address. Its domain ends with a top-level domain, which consists of letters (RFC 1123, section 2.1) or is an A-label, so
    /// that IP addresses are refused.
    ///
    /// # Errors
    /// `required`, `too_long` or `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = canonical(text);
        if text.is_empty() {
            return Err(FieldError::REQUIRED);
        }
        if text.len() > EMAIL_MAX {
            return Err(FieldError::TOO_LONG.with("max", EMAIL_MAX));
        }
        let (local, domain) = text.split_once('@').ok_or(FieldError::EMAIL)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| FieldError::EMAIL)?;
        let address = format!("{local}@{domain}");
        // The length is checked again, because A-labels are longer than the letters that they encode.
        if address.len() > EMAIL_MAX {
            return Err(FieldError::TOO_LONG.with("max", EMAIL_MAX));
        }
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let top = domain.rsplit('.').next().unwrap_or_default();
        let public = top.starts_with("xn--") || top.bytes().all(|b| b.is_ascii_alphabetic());
        let plain = local.is_ascii() && !local.contains('"') && !domain.ends_with('.') && public;
        if plain && EmailAddress::parse_with_options(&address, options).is_ok() { Ok(Self(address)) } else { Err(FieldError::EMAIL) }
    }

    /// Returns the key of the unique claim: the address in lower case. Dots and plus signs stay, because their meaning depends on the
    /// domain.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// Returns the mailbox of this address, for counters: spellings of one mailbox share a counter if the provider's rule is known. Not for
    /// finding an account, because other providers treat these spellings as different addresses.
    #[must_use]
    pub fn mailbox_key(&self) -> String {
        let key = self.key();
        let Some((local, domain)) = key.rsplit_once('@') else { return key };
        let Some(rule) = spelling_rule(domain) else { return key };
        let name = local.split('+').next().unwrap_or(local);
        let name = if rule.dots_ignored { name.replace('.', "") } else { name.to_owned() };
        // A local part that begins with a tag has no name before the tag, so the tag counts.
        if name.is_empty() { key } else { format!("{name}@{}", rule.domain) }
    }
}

/// How a provider reads the local part of an address. Every provider with a rule ignores a tag after a plus sign.
struct SpellingRule {
    /// Whether the provider ignores dots too.
    dots_ignored: bool,
    /// The domain that stands for all domains of the provider with the same mailboxes.
    domain: &'static str,
}

/// Returns the documented rule of a provider of private mailboxes. Companies' own domains are not listed, because their administrators
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
    /// Parses a number as people write and paste it: with spaces, dashes, dots, slashes, brackets, a trunk prefix, digits of any
    /// script, and invisible characters anywhere. A number without a country code belongs to `home`, an ISO 3166-1 code.
    ///
    /// Only numbers of a range that its numbering plan assigns to mobile phones, or to mobile and fixed lines alike, are accepted
    /// (the data of libphonenumber): codes to premium numbers cost money, and codes to landlines are lost.
    ///
    /// # Errors
    /// `required` or `phone`.
    pub fn parse(text: &str, home: &str) -> Result<Self, FieldError> {
        let plain = text::compact(text);
        if plain.is_empty() {
            return Err(FieldError::REQUIRED);
        }
        let written = plain.chars().all(|c| c.is_ascii_digit() || "+().,/".contains(c));
        let number = PHONE_NUMBER_UTIL.parse(&plain, Region::from_code(home).ok()).map_err(|_| FieldError::PHONE)?;
        if !written || number.extension.is_some() {
            return Err(FieldError::PHONE);
        }
        let phone = Self(number.format_as(PhoneNumberFormat::E164).into_owned());
        // Calling codes of satellite phones belong to no country.
        let mobile =
            country_of(&number).is_some() && matches!(number.get_type(), PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile);
        if mobile || phone.is_for_drama() { Ok(phone) } else { Err(FieldError::PHONE) }
    }

    /// Returns a number that was parsed before it was stored.
    pub(crate) fn stored(number: &str) -> Self {
        Self(number.to_owned())
    }

    /// Returns whether this is a mobile number that Ofcom reserves for films and examples ("Telephone numbers for drama use").
    /// Demonstrations and tests use these numbers.
    fn is_for_drama(&self) -> bool {
        self.0.len() == 13 && self.0.starts_with("+447700900")
    }

    fn read(&self) -> Option<PhoneNumber> {
        PHONE_NUMBER_UTIL.parse(&self.0, None).ok()
    }

    /// Returns the country of the number. For a number in no assigned range, the first country of its calling code.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        self.read().as_ref().and_then(country_of)
    }

    /// Returns a hint for somebody who knows the owner: the calling code and the last three digits, with six stars between them, such as
    /// `+44******123`. The number of stars is fixed, so that the length is hidden.
    #[must_use]
    pub fn hinted(&self) -> String {
        let calling = self.0.get(..self.calling().saturating_add(1)).unwrap_or("+");
        let last = self.0.len().saturating_sub(3);
        format!("{calling}******{}", self.0.get(last..).unwrap_or_default())
    }

    /// Returns the range of the number: the country's calling code and the next three digits, such as `+44791`.
    #[must_use]
    pub fn range(&self) -> &str {
        self.0.get(..self.calling().saturating_add(4)).unwrap_or(&self.0)
    }

    /// Returns the digits after the country's calling code, without a trunk prefix.
    #[must_use]
    pub fn national(&self) -> &str {
        self.0.get(self.calling().saturating_add(1)..).unwrap_or(&self.0)
    }

    /// Returns the number of digits of the country's calling code.
    fn calling(&self) -> usize {
        self.read().map_or(2, |n| n.country_code.to_string().len())
    }
}

/// See [`Phone::country`].
fn country_of(number: &PhoneNumber) -> Option<Country> {
    let region = number.get_region_code().or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code));
    Country::of(&region?.to_string())
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
    /// Returns the channel of this contact.
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

impl Auditable for Username {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.0.clone())
    }
}

impl Auditable for PersonName {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.0.clone())
    }
}

/// Contacts are masked, as everywhere for staff.
impl Auditable for Contact {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.masked())
    }
}

impl Auditable for Email {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(kernel::mask::email(&self.0))
    }
}

impl Auditable for Phone {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(kernel::mask::phone(&self.0))
    }
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
    /// Returns a contact that was parsed before it was stored.
    #[must_use]
    pub fn stored(channel: Channel, address: &str) -> Self {
        match channel {
            Channel::Email => Self::Email(Email(address.to_owned())),
            Channel::Sms => Self::Phone(Phone::stored(address)),
        }
    }

    /// Returns the contact in its canonical spelling.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Email(email) => email.as_ref(),
            Self::Phone(phone) => phone.as_ref(),
        }
    }

    /// Returns the key that all spellings of this contact share.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Email(email) => email.key(),
            Self::Phone(phone) => phone.to_string(),
        }
    }

    /// Returns the key of the counters of messages: the number, or the mailbox in any spelling (see [`Email::mailbox_key`]).
    #[must_use]
    pub fn mailbox_key(&self) -> String {
        match self {
            Self::Email(email) => email.mailbox_key(),
            Self::Phone(phone) => phone.to_string(),
        }
    }

    /// Returns the contact for somebody who has not proven to own it.
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

/// The minimum and the maximum number of characters of a username.
pub const USERNAME_LENGTH: (usize, usize) = (3, 30);

impl ToSchema for Username {}

/// The form that clients may send: upper case is accepted.
impl PartialSchema for Username {
    fn schema() -> RefOr<Schema> {
        let (min, max) = USERNAME_LENGTH;
        let about = format!(
            "{min} to {max} of `a-z 0-9 _`, in upper or lower case. It begins with a letter, does not end with `_`, and has no `__`."
        );
        let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about)).examples(["ana_nowak"]);
        text.min_length(Some(min)).max_length(Some(max)).pattern(Some("^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$")).into()
    }
}

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
        let name = canonical(text).to_lowercase();
        let (min, max) = USERNAME_LENGTH;
        let length = name.chars().count();
        if length == 0 {
            return Err(FieldError::REQUIRED);
        }
        let alphabet = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !alphabet || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.ends_with('_') || name.contains("__") {
            return Err(FieldError::USERNAME_FORMAT);
        }
        if length < min {
            return Err(FieldError::TOO_SHORT.with("min", min));
        }
        if length > max {
            return Err(FieldError::TOO_LONG.with("max", max));
        }
        if reserved(&name) || profanity::in_username(&name) {
            return Err(FieldError::USERNAME_REFUSED);
        }
        Ok(Self(name))
    }
}

/// The characters of random usernames, without look-alikes.
const DRAWN: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// The number of random characters after `user_`.
const DRAWN_LENGTH: usize = 10;

impl Username {
    /// Makes a random name for an account whose owner chose none, such as `user_k7m2x9qpw4`. The claim decides whether the name is free.
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

/// The username or address that somebody enters at sign-in. A text with `@` is an address, because usernames cannot contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By username.
    Username(Username),
    /// By e-mail address.
    Email(Email),
}

impl Login {
    /// Parses a username or an address. `None` if no account can have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if canonical(text).contains('@') { Email::parse(text).ok().map(Self::Email) } else { Self::name(text).map(Self::Username) }
    }

    // Only the format is checked here, because names from before a stricter rule must still sign in.
    fn name(text: &str) -> Option<Username> {
        let name = canonical(text).to_lowercase();
        (!name.is_empty() && name.len() <= 64).then_some(Username(name))
    }
}

/// A first or last name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName(String);

/// The maximum number of characters of a name.
pub const NAME_MAX: usize = 35;

impl PersonName {
    /// Parses a name: NFC, trimmed, 1 to 35 characters, with one kind of space. Letters and marks of any script, spaces, and what
    /// Unicode allows inside words: [`PUNCTUATION`] and joiners.
    ///
    /// # Errors
    /// `required`, `too_long` or `characters`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if text::is_blank(text) {
            return Err(FieldError::REQUIRED);
        }
        let name: String = text.trim().nfc().map(|c| if is_space(c) { ' ' } else { c }).collect();
        let letters: Vec<char> = name.chars().collect();
        let around =
            letters.iter().enumerate().map(|(at, c)| (letters.split_at(at).0, *c, letters.get(at.saturating_add(1)..).unwrap_or(&[])));
        match letters.len() {
            n if n > NAME_MAX => Err(FieldError::TOO_LONG.with("max", NAME_MAX)),
            _ if around.clone().all(|(before, c, after)| is_of_name(before, c, after)) && letters.iter().any(|c| is_letter(*c)) => {
                Ok(Self(name))
            }
            _ => Err(FieldError::CHARACTERS),
        }
    }
}

/// Punctuation inside names: the medial and final characters of UAX #31, tables 3a and 3b, the Hebrew hyphen of CLDR's exemplars, the
/// non-breaking hyphen, the opening single quotation mark, and the half-width middle dot.
const PUNCTUATION: &str = "'-.:\u{b7}\u{58a}\u{5be}\u{5f3}\u{5f4}\u{f0b}\u{2010}\u{2011}\u{2018}\u{2019}\u{2027}\u{30a0}\u{30fb}\u{ff65}";
const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';

/// Returns a space of any width.
fn is_space(c: char) -> bool {
    GeneralCategory::for_char(c) == GeneralCategory::SpaceSeparator
}

/// Returns a visible letter.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !text::is_invisible(c)
}

/// Returns whether a character is allowed at this position in a name.
fn is_of_name(before: &[char], c: char, after: &[char]) -> bool {
    match c {
        ZWNJ | ZWJ => joins(before, c, after),
        c if VariationSelector::for_char(c) => before.last().is_some_and(|c| is_letter(*c)),
        c => c == ' ' || PUNCTUATION.contains(c) || is_letter(c) || (is_combining_mark(c) && !text::is_invisible(c)),
    }
}

/// Returns whether a joiner has a visible effect here (UAX #31, section 2.3): after a virama, or, for the non-joiner, between letters of a
/// cursive script. The standard also requires that the letters join each other; this does not, because people type the non-joiner after
/// other letters too.
fn joins(before: &[char], c: char, after: &[char]) -> bool {
    const VIRAMA: u8 = 9;
    let cursive = |c: Option<&char>| c.is_some_and(|c| JoiningType::for_char(*c) != JoiningType::NonJoining);
    let base = before.iter().rev().find(|c| !is_combining_mark(**c));
    let after_virama = before.last().is_some_and(|c| canonical_combining_class(*c) == VIRAMA);
    (after_virama && base.is_some_and(|c| is_letter(*c))) || (c == ZWNJ && cursive(base) && cursive(after.first()))
}

/// A day of birth, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthDate(Date);

/// The maximum age in years that is accepted.
const OLDEST: i32 = 120;

/// The minimum age for registration in steps, which asks for the day of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumAge(u8);

impl MinimumAge {
    /// The default.
    pub const DEFAULT: Self = Self(16);

    /// Reads `MINIMUM_AGE`, in years: from 13 to 21.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let age = r.or("MINIMUM_AGE", Self::DEFAULT.0);
        if !(13..=21).contains(&age) {
            r.wrong("MINIMUM_AGE must be from 13 to 21".to_owned());
        }
        Self(age)
    }
}

impl BirthDate {
    /// Parses a day and checks the age on the UTC date of `now`. People who were born on 29 February reach an age on 1 March in common
    /// years.
    ///
    /// # Errors
    /// `date`, `in_future`, `too_young` or `too_old`.
    pub fn parse(text: &str, now: Time, least: MinimumAge) -> Result<Self, FieldError> {
        let date = Self::read(text).ok_or(FieldError::DATE)?;
        let (today, MinimumAge(min)) = (now.date(), least);
        if date > today {
            return Err(FieldError::IN_FUTURE);
        }
        match age(date, today) {
            a if a < i32::from(min) => Err(FieldError::TOO_YOUNG.with("min", min)),
            a if a > OLDEST => Err(FieldError::TOO_OLD),
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

impl Auditable for BirthDate {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.to_string())
    }
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

    #[test]
    fn contacts_are_masked_in_the_audit() {
        let (email, phone) = (Email::parse("anna@example.test").unwrap(), Phone("+447911123456".to_owned()));
        for (audited, masked) in [
            (email.audited(), "a****@example.test"),
            (phone.audited(), "+••••••56"),
            (Contact::Email(email).audited(), "a****@example.test"),
            (Contact::Phone(phone).audited(), "+••••••56"),
        ] {
            assert_eq!(audited, AuditValue::Text(masked.to_owned()));
        }
    }

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
            ("a@127.0.0.1", "email"),
            ("a@127.1", "email"),
            ("a@example.123", "email"),
            ("a@example.0x7f", "email"),
            ("a@2130706433", "email"),
            ("a@example.t3st", "email"),
            ("a@\u{ff11}27.0.0.\u{ff11}", "email"),
            ("a@123.test", "ok"),
            ("ana@example\u{3002}test", "ok"),
            ("ana@xn--e1afmkfd.xn--p1ai", "ok"),
            ("ana@пример.рф", "ok"),
            ("\u{feff}ana@example.test\u{200b}", "ok"),
            ("\u{2068}ana@example.test\u{2069}", "ok"),
            ("a\u{200b}na@example.test", "email"),
            ("\u{200b}", "required"),
        ] {
            assert_eq!(code(Email::parse(address)), expected, "{address}");
        }
        assert_eq!(code(Email::parse(&format!("{}@example.test", "a".repeat(250)))), "too_long");
        let grows = format!("{}@{}test", "a".repeat(64), "ü.".repeat(25));
        assert!(grows.len() < EMAIL_MAX);
        assert_eq!(code(Email::parse(&grows)), "too_long");
        assert_eq!(Email::parse("ANA@Example.Test").unwrap().key(), Email::parse("ana@example.test").unwrap().key());
    }

    /// An account that was registered with one spelling signs in with every other.
    #[test]
    fn a_spelling_that_registers_signs_in() {
        let email = Email::parse("x@example.test").unwrap();
        for spelling in [
            "x@example.test",
            "X@EXAMPLE.test",
            " x@example.test\u{a0}",
            "x\u{ff20}example.test",
            "x\u{fe6b}example.test",
            "\u{ff58}@\u{ff25}xample.test",
            "x@example\u{ff0e}test",
            "x@example\u{3002}test",
            "\u{2068}x@example.test\u{2069}",
            "\u{feff}x\u{ff20}example.test",
        ] {
            assert_eq!(Email::parse(spelling).map(|email| email.key()), Ok(email.key()), "{}", spelling.escape_unicode());
            let login = Login::parse(spelling);
            assert!(matches!(&login, Some(Login::Email(found)) if found.key() == email.key()), "{} {login:?}", spelling.escape_unicode());
        }
        let name = Username::parse("ana_1").unwrap();
        for spelling in ["ana_1", "ANA_1", " Ana_1 ", "\u{ff21}na_1", "ana\u{ff3f}\u{ff11}", "\u{200e}ana_1\u{200b}"] {
            assert_eq!(Username::parse(spelling), Ok(name.clone()), "{}", spelling.escape_unicode());
            assert_eq!(Login::parse(spelling), Some(Login::Username(name.clone())), "{}", spelling.escape_unicode());
        }
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
        for number in [
            "\u{2068}+48512345678\u{2069}",
            "\u{202a}+48 512 345 678\u{202c}",
            "\u{200e}+48 512\u{ad}345\u{2060}678",
            "\u{feff}+48\u{a0}512\u{202f}345\u{200b}678",
            "+48\u{2010}512\u{2011}345\u{2212}678",
            "\u{ff0b}\u{ff14}\u{ff18}\u{ff15}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}\u{ff18}",
            "+\u{664}\u{668}\u{665}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}",
            "+\u{6f4}\u{6f8}\u{6f5}\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}\u{6f7}\u{6f8}",
            "0048 512.345.678",
            "+48 512/345/678",
        ] {
            assert_eq!(Phone::parse(number, "GB").unwrap().as_ref(), "+48512345678", "{}", number.escape_unicode());
        }
        assert_eq!(Phone::parse("+44 (0)7911 123456", "PL").unwrap().as_ref(), "+447911123456");
        for (number, expected) in [
            ("", "required"),
            (" ", "required"),
            ("\u{200e}\u{2060}", "required"),
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
            assert_eq!((phone.country().map_or("", Country::code), phone.range(), phone.hinted().as_str()), (country, range, hinted));
        }
    }

    /// Numbers that do not exist, or that are not mobile numbers where the numbering plan tells them apart.
    #[test]
    fn what_is_no_mobile_number_is_refused() {
        for number in [
            "+4851234567",   // a digit too few
            "+485123456789", // a digit too many
            "+48123456789",  // Kraków
            "+48800123456",  // toll-free
            "+48701234567",  // premium
            "+44740012345",  // a digit too few
            "+442079460123", // London
            "+448001234567", // toll-free
            "+449098790879", // premium
            "+447012345678", // personal number
            "+911800123456", // toll-free
            "+911123456789", // Delhi
            "+91512345678",  // a digit too few
            "+33123456789",  // Paris
            "+33800123456",  // toll-free
            "+4930123456",   // Berlin
            "+498001234567", // toll-free
            "+49151123456",  // a digit too few
            "+390612345678", // Rome
            "+34912345678",  // Madrid
            "+18005550123",  // toll-free
            "+19005550123",  // premium
            "+11234567890",  // no such area code
            "+81312345678",  // Tokyo
            "+861012345678", // Beijing
            "+61212345678",  // Sydney
            "+380441234567", // Kyiv
            "+870773111632", // a satellite phone
            "+80012345678",  // international toll-free
        ] {
            assert_eq!(code(Phone::parse(number, "GB")), "phone", "{number}");
        }
    }

    #[test]
    fn the_listed_calling_codes_are_those_of_numbers() {
        for country in Country::all() {
            let region = Region::from_code(country.code()).ok();
            let code = region.and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region));
            assert_eq!(code.map(|code| code.to_string()).as_deref(), country.calling_code(), "{country}");
        }
    }

    #[test]
    fn mobile_numbers_of_many_countries_are_accepted() {
        for number in [
            "+48512345678",
            "+447911123456",
            "+447700900123",
            "+919812345678",
            "+33612345678",
            "+4915112345678",
            "+393123456789",
            "+34612345678",
            "+14155550123",
            "+819012345678",
            "+8613812345678",
            "+61412345678",
            "+380501234567",
            "+85290123456",
            "+5491123456789",
            "+5511961234567",
            "+2348021234567",
            "+254712123456",
            "+971501234567",
            "+905012345678",
            "+6281234567890",
            "+639051234567",
            "+84912345678",
            "+18682911234",
            "+38343201234",
        ] {
            assert_eq!(Phone::parse(number, "GB").map(|phone| phone.to_string()).as_deref(), Ok(number));
        }
    }

    #[test]
    fn names_of_many_scripts_are_accepted() {
        for name in [
            "Li",
            "Å",
            "Anna-Maria O’Neil jr.",
            "Ludwig van der Rohe",
            "'t Hooft",
            "Col·lell",
            "O\u{2018}Brien",
            "Anna\u{2010}Maria",
            "Anna\u{2011}Maria",
            "de\u{a0}la\u{202f}Cruz",
            "山田\u{3000}太郎",
            "ジャン・ポール",
            "ｼﾞｬﾝ･ﾎﾟｰﾙ",
            "葛\u{e0100}城",
            "ג׳ורג׳",
            "בן־דוד",
            "Կիրակոս\u{58a}Յան",
            "བསྟན་འཛིན",
            "Kaʻiulani",
            "علی\u{200c}رضا",
            "محمد\u{200c}رضا",
            "محمّد\u{200c}رضا",
            "ශ්\u{200d}රී",
            "අමිත්\u{200d}ය",
            "അനില്\u{200d}",
            "क्\u{200d}षितिज",
            "श्रीमान्\u{200c}",
            "Nguyễn Thị",
            "Ana\u{2028}",
        ] {
            assert_eq!(code(PersonName::parse(name)), "ok", "{} {name}", name.escape_unicode());
        }
        assert_eq!(PersonName::parse("\u{a0}de\u{a0}la\u{3000}Cruz ").unwrap().as_ref(), "de la Cruz");
        assert_eq!(code(PersonName::parse(&"ż".repeat(35))), "ok");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (name, expected) in [
            ("\u{200d}Ana", "characters"),
            ("A\u{200d}na", "characters"),
            ("A\u{200c}na", "characters"),
            ("Ana\u{200c}", "characters"),
            ("علی\u{200c}", "characters"),
            ("علی\u{200d}رضا", "characters"),
            ("\u{94d}\u{200d}", "characters"),
            ("A\u{202e}na", "characters"),
            ("A\u{2066}na", "characters"),
            ("A\u{200e}na", "characters"),
            ("A\u{200b}na", "characters"),
            ("A\u{ad}na", "characters"),
            ("A\tna", "characters"),
            ("A\u{3164}na", "characters"),
            ("A\u{34f}na", "characters"),
            ("\u{fe0f}Ana", "characters"),
            ("Ana😀", "characters"),
            ("\u{301}", "characters"),
            ("·", "characters"),
            ("\u{3164}\u{2800}", "required"),
            ("\u{200d}", "required"),
            ("", "required"),
            ("   ", "required"),
            ("R2D2", "characters"),
            ("<b>", "characters"),
            ("-", "characters"),
            (&"ż".repeat(36), "too_long"),
        ] {
            assert_eq!(code(PersonName::parse(name)), expected, "{} {name}", name.escape_unicode());
        }
    }

    #[test]
    fn the_minimum_age_has_bounds() {
        let read = |age: &str| {
            let env: kernel::Env = [("MINIMUM_AGE".to_owned(), age.to_owned())].into_iter().collect();
            env.read(MinimumAge::read).map(|least| least.0).map_err(|e| e.to_string())
        };
        assert_eq!(["", "13", "21"].map(read), [Ok(16), Ok(13), Ok(21)]);
        for wrong in ["0", "12", "22", "-16", "16.5", "sixteen", "999"] {
            assert!(read(wrong).is_err_and(|error| error.contains("MINIMUM_AGE")), "{wrong}");
        }
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
            assert_eq!(code(BirthDate::parse(born, now, MinimumAge::DEFAULT)), expected, "{born}");
        }
        let error = BirthDate::parse("2012-01-02", now, MinimumAge(18)).unwrap_err();
        assert_eq!(error, FieldError::TOO_YOUNG.with("min", 18_u8));
        assert_eq!(code(BirthDate::parse("2012-01-01", now, MinimumAge(18))), "ok");
        // 29 February 2012: not yet 16 on 28 February 2028, 16 on the 29th; in 2029 the birthday is 1 March.
        let day = |y, m, d| Date::from_calendar_date(y, m, d).unwrap();
        let born = day(2012, Month::February, 29);
        assert_eq!(age(born, day(2028, Month::February, 28)), 15);
        assert_eq!(age(born, day(2028, Month::February, 29)), 16);
        assert_eq!(age(born, day(2029, Month::February, 28)), 16);
        assert_eq!(age(born, day(2029, Month::March, 1)), 17);
    }
}
