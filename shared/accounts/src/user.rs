//! A person's record.

use std::time::Duration;

use events::{Event, Notice, Outbox};
use kernel::{
    Locale, Sys, Time,
    id::{EventId, PictureId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Slot, StoreError, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    identifier::{BirthDate, Channel, Contact, Email, Login, PersonName, Phone, Username},
    session::renew_credentials,
    username::UsernameClaim,
};

/// What an account can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use, also while its deletion is scheduled.
    Active,
    /// Put to rest by its owner or staff; only staff reopen it.
    Deactivated,
    /// Being deleted; there is no way back.
    Purging,
}

/// Who may open a direct chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoCanMessage {
    /// Everybody who is signed in.
    #[default]
    Everyone,
    /// Accepted friends only.
    Friends,
}

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// Unique; kept in its one spelling.
    pub username: Username,
    /// Proven to be theirs; absent where somebody signed up with a phone number.
    pub email: Option<Email>,
    /// Proven to be theirs, if they gave one.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// First name; absent where registration did not ask.
    pub first_name: Option<PersonName>,
    /// Last name.
    pub last_name: Option<PersonName>,
    /// Only the stepwise registration asks for it.
    pub birth_date: Option<BirthDate>,
    /// A few words about themselves.
    pub bio: Option<String>,
    /// Shows nothing but the name and the picture to others.
    pub private: bool,
    /// The language of mails and of what sockets are told.
    pub locale: Locale,
    /// The published picture, if not the default one.
    pub picture: Option<PictureId>,
    /// Who may open a direct chat.
    pub who_can_message: WhoCanMessage,
    /// What the account can be used for.
    pub status: Status,
    /// Since when it is put to rest, if it is.
    #[serde(default)]
    pub deactivated_at: Option<Time>,
    /// The second factors that are on; none means that they are off.
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// How many passkeys there are.
    #[serde(default)]
    pub passkeys: u32,
    /// Whether there is a password.
    #[serde(default)]
    pub has_password: bool,
    /// Whether the password was reset by mail, and nobody has proven more than that password and that mailbox together since.
    #[serde(default)]
    pub reset_by_mail: bool,
    /// Raised by every change of how one signs in: sessions and trusted devices from before are no longer good.
    #[serde(default)]
    pub credentials: u32,
    /// Raised by every change: the `ETag`.
    pub version: u64,
    /// When the account was made.
    pub created_at: Time,
    /// When it was last used, to the day.
    #[serde(default)]
    pub used_at: Time,
}

/// Without use for longer than this an account may have lost its phone number to somebody else: numbers are given out again.
pub const IDLE: Duration = Duration::from_secs(90 * 24 * 3600);

impl User {
    /// Somebody of whom nothing is known but a name and a language.
    #[must_use]
    pub const fn new(id: UserId, username: Username, locale: Locale, now: Time) -> Self {
        Self {
            id,
            username,
            email: None,
            phone: None,
            first_name: None,
            last_name: None,
            birth_date: None,
            bio: None,
            private: false,
            locale,
            picture: None,
            who_can_message: WhoCanMessage::Everyone,
            status: Status::Active,
            deactivated_at: None,
            factors: Vec::new(),
            passkeys: 0,
            has_password: false,
            reset_by_mail: false,
            credentials: 0,
            version: 1,
            created_at: now,
            used_at: now,
        }
    }

    /// Where the person's record is.
    #[must_use]
    pub fn key_of(id: UserId) -> Key {
        Key::new(partition(id), "USER")
    }

    /// Adds the change of the picture to a transaction: refused unless the account is in use and still has the picture that
    /// `self` has.
    pub fn change_picture(&self, tx: &mut Tx, to: Option<PictureId>) -> Slot {
        let unchanged = self.picture.map_or_else(|| field("picture").absent(), |picture| field("picture").eq(picture));
        let change = Update::of(self.key()).set("picture", to).add("version", 1);
        tx.update(change.when(unchanged).when(field("status").eq(Status::Active)))
    }

    /// Adds the person's part of a new account ([`crate::NewAccount`]) to a transaction: the record, the password and the claims of its names.
    pub(crate) fn create(&self, tx: &mut Tx, password: Option<&PasswordHash>) -> Claims {
        tx.create(self);
        if let Some(password) = password {
            tx.create(password);
        }
        let username = UsernameClaim::take(tx, &self.username, self.id, self.created_at);
        let email = self.email.as_ref().map(|email| tx.create(&EmailClaim { email: email.key(), user: self.id }));
        let phone = self.phone.as_ref().map(|phone| tx.create(&PhoneClaim { phone: phone.clone(), user: self.id }));
        Claims { username, email, phone }
    }

    /// Adds a new account to a transaction as [`User::create`] does, in the place of the one that had its number until now and
    /// that nothing but the number led into. That one loses the number and is put to rest; only staff can give it back.
    pub(crate) fn create_instead_of(&self, tx: &mut Tx, sys: &Sys, former: &Self) -> Claims {
        tx.create(self);
        let username = UsernameClaim::take(tx, &self.username, self.id, self.created_at);
        let claim = |phone: &Phone| PhoneClaim { phone: phone.clone(), user: self.id };
        let phone = self.phone.as_ref().map(|phone| tx.put(&claim(phone), field("user").eq(former.id)));
        renew_credentials(tx, sys, former, former.rest(sys.now()).remove("phone"), None);
        Claims { username, email: None, phone }
    }

    /// The change that puts the account to rest.
    #[must_use]
    pub fn rest(&self, now: Time) -> Update {
        Update::of(self.key()).set("status", Status::Deactivated).set("deactivated_at", now)
    }

    /// Whether the account has not been used for longer than [`IDLE`].
    #[must_use]
    pub fn is_idle(&self, now: Time) -> bool {
        now.since(self.used_at.max(self.created_at)) > IDLE
    }

    /// Whether anything but the phone number can prove that somebody is this person.
    #[must_use]
    pub fn has_more_than_a_phone(&self) -> bool {
        self.has_password || self.email.is_some() || self.passkeys > 0 || self.has_second_step()
    }

    /// Whether signing in takes a second step.
    #[must_use]
    pub fn has_second_step(&self) -> bool {
        !self.factors.is_empty()
    }

    /// What can be the second step of a sign-in, in the order it is offered. After the password was reset by mail not a code to
    /// the same mailbox, which would be one factor twice; where there was no other, a code to the phone.
    #[must_use]
    pub fn second_step(&self) -> Vec<Factor> {
        if !self.has_second_step() {
            return Vec::new();
        }
        let passkey = (self.passkeys > 0).then_some(Factor::Passkey);
        let mut factors: Vec<Factor> = passkey.into_iter().chain(self.factors.iter().copied()).collect();
        if self.reset_by_mail {
            factors.retain(|factor| *factor != Factor::Email);
            if factors.is_empty() && self.phone.is_some() {
                factors.push(Factor::Sms);
            }
        }
        factors.push(Factor::RecoveryCode);
        factors
    }

    /// What proves once more that it is them, for what a stolen session must not be enough for: the strongest they have.
    ///
    /// With second factors those that no message carries, else those that one does; without, a passkey, else what they sign in
    /// with.
    #[must_use]
    pub fn strongest(&self) -> Vec<Factor> {
        let second = self.second_step();
        let strong: Vec<Factor> = second.iter().copied().filter(|f| !matches!(f, Factor::Email | Factor::Sms)).collect();
        match strong.as_slice() {
            // Nothing but recovery codes, which are for emergencies.
            [Factor::RecoveryCode] => second,
            [_, ..] => strong,
            [] if self.passkeys > 0 => vec![Factor::Passkey],
            [] if self.has_password => vec![Factor::Password],
            [] => vec![Factor::Sms],
        }
    }

    /// What has to follow upon the password where a passkey is asked for and may be lost: a code. Not to the mailbox that the
    /// password was reset by, if there is a phone. Nothing where no passkey is asked for, or something else stands in for it.
    #[must_use]
    pub fn instead_of_passkey(&self) -> Vec<Factor> {
        if !self.has_password || self.strongest() != [Factor::Passkey] {
            return Vec::new();
        }
        let email = self.email.is_some() && !(self.reset_by_mail && self.phone.is_some());
        let sms = self.phone.as_ref().map(|_| Factor::Sms);
        email.then_some(Factor::Email).into_iter().chain(sms).collect()
    }

    /// What a step-up may begin with.
    #[must_use]
    pub fn step_up(&self) -> Vec<Factor> {
        let password = (!self.instead_of_passkey().is_empty()).then_some(Factor::Password);
        self.strongest().into_iter().chain(password).collect()
    }

    /// The address and the number of the account.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        let (email, phone) = (self.email.clone().map(Contact::Email), self.phone.clone().map(Contact::Phone));
        email.into_iter().chain(phone).collect()
    }

    /// Where the codes of a factor go, if it is one that sends any and there is such a contact.
    #[must_use]
    pub fn contact(&self, factor: Factor) -> Option<Contact> {
        match factor {
            Factor::Email => self.email.clone().map(Contact::Email),
            Factor::Sms => self.phone.clone().map(Contact::Phone),
            _ => None,
        }
    }
}

/// How somebody can prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The password.
    Password,
    /// A passkey.
    Passkey,
    /// The six digits of an authenticator app.
    App,
    /// A code by e-mail.
    Email,
    /// A code by text message.
    Sms,
    /// One of ten codes that were written down.
    RecoveryCode,
}

/// The writes of a new account that another account can make fail.
#[derive(Clone, Copy, Debug)]
pub struct Claims {
    /// Refused if the username is taken.
    pub username: Slot,
    /// Refused if the address has an account.
    pub email: Option<Slot>,
    /// Refused if the number has an account.
    pub phone: Option<Slot>,
}

impl Item for User {
    const KIND: &'static str = "user";
    const ABOUT: About = About::beside_user(
        "USER",
        Personal::Exported(&[
            "id",
            "username",
            "email",
            "phone",
            "first_name",
            "last_name",
            "birth_date",
            "bio",
            "private",
            "locale",
            "picture",
            "who_can_message",
            "status",
            "deactivated_at",
            "factors",
            "passkeys",
            "has_password",
            "created_at",
            "used_at",
        ]),
    );
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// The place, in [`store::Index::Owner`], of what stands elsewhere and belongs to a person: by it the purge finds it.
#[must_use]
pub fn owned(user: UserId, item: &Key) -> Key {
    Key::new(owned_partition(user), item.partition())
}

pub(crate) fn owned_partition(user: UserId) -> String {
    format!("OWNED#{user}")
}

/// The partition that holds everything that belongs to one person alone.
#[must_use]
pub fn partition(id: UserId) -> String {
    format!("USER#{id}")
}

/// A password, as a PHC string over the peppered password. Apart from [`User`], so that profiles never load it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordHash {
    /// Whose.
    pub user: UserId,
    /// `$argon2id$…`
    pub phc: String,
    /// The id of the pepper it was made with.
    pub pepper: String,
}

impl PasswordHash {
    /// Where a person's password is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "PASSWORD")
    }
}

impl Item for PasswordHash {
    const KIND: &'static str = "password";
    const ABOUT: About = About::beside_user("PASSWORD", Personal::Withheld("a secret; the record of the person says whether there is one"))
        .removed_by("sessions");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// Who has an e-mail address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmailClaim {
    /// [`Email::key`].
    pub email: String,
    /// Whose.
    pub user: UserId,
}

impl EmailClaim {
    /// Where the claim of an address is.
    #[must_use]
    pub fn key_of(email: &Email) -> Key {
        Key::new(format!("EMAIL#{}", email.key()), "EMAIL")
    }
}

impl Item for EmailClaim {
    const KIND: &'static str = "email";
    const ABOUT: About =
        About::at("EMAIL#{email}", "EMAIL", Personal::Withheld("the record of its person has the address")).removed_by("account");
    fn key(&self) -> Key {
        Key::new(format!("EMAIL#{}", self.email), "EMAIL")
    }
}

/// Who has a phone number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhoneClaim {
    /// In its one spelling.
    pub phone: Phone,
    /// Whose.
    pub user: UserId,
}

impl PhoneClaim {
    /// Where the claim of a number is.
    #[must_use]
    pub fn key_of(phone: &Phone) -> Key {
        Key::new(format!("PHONE#{phone}"), "PHONE")
    }
}

impl Item for PhoneClaim {
    const KIND: &'static str = "phone";
    const ABOUT: About =
        About::at("PHONE#{phone}", "PHONE", Personal::Withheld("the record of its person has the number")).removed_by("account");
    fn key(&self) -> Key {
        Self::key_of(&self.phone)
    }
}

/// Where somebody is told something, if that is not just the address that they have by then: a change of a contact is told at the
/// one before it. It stands with the person under the event that asks for it, because events carry no addresses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recipient {
    user: UserId,
    event: EventId,
    channel: Channel,
    address: String,
    until: Time,
}

impl Recipient {
    /// Where it stands.
    #[must_use]
    pub fn key_of(user: UserId, event: EventId) -> Key {
        Key::new(partition(user), format!("RECIPIENT#{event}"))
    }

    /// The address or the number.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact::stored(self.channel, &self.address)
    }
}

impl Item for Recipient {
    const KIND: &'static str = "recipient";
    const ABOUT: About = About::beside_user("RECIPIENT#{event}", Personal::Exported(&["channel", "address", "until"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.event)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Whose account a name at sign-in means. One read, whether there is one or not.
///
/// # Errors
/// [`StoreError`]
pub async fn resolve(table: &Table, login: &Login) -> Result<Option<UserId>, StoreError> {
    Ok(match login {
        Login::Username(name) => table.get::<UsernameClaim>(UsernameClaim::key_of(name)).await?.and_then(|c| c.owner()),
        Login::Email(email) => table.get::<EmailClaim>(EmailClaim::key_of(email)).await?.map(|c| c.user),
    })
}

/// Adds to a transaction that this person is told something, by mail, or by text message if they have no address.
pub fn tell(tx: &mut Tx, sys: &Sys, user: UserId, notice: Notice) {
    Outbox::add(tx, sys, &Event::NoticeDue { user, notice });
}

/// As [`tell`], at this address or number, whatever the person's are by then. A text message needs a permit of `proofs::sending`.
pub fn tell_at(tx: &mut Tx, sys: &Sys, user: UserId, to: &Contact, notice: Notice) {
    let event = Outbox::add(tx, sys, &Event::NoticeDue { user, notice });
    // What could not be sent is kept for two weeks, and may be sent again until then.
    let until = sys.now() + Duration::from_secs(15 * 24 * 3600);
    tx.create(&Recipient { user, event, channel: Channel::of(to), address: to.address().to_owned(), until });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_idle_after_ninety_days_without_use() {
        let sys = Sys::real();
        let anna = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let second = Duration::from_secs(1);
        assert!(!anna.is_idle(anna.created_at + IDLE) && anna.is_idle(anna.created_at + IDLE + second));
        let used = User { used_at: anna.created_at + IDLE, ..anna.clone() };
        assert!(!used.is_idle(anna.created_at + IDLE + second));
        // A record from before this was noted.
        assert!(!User { used_at: Time::ZERO, ..anna.clone() }.is_idle(anna.created_at + second));
        assert!(!anna.has_more_than_a_phone() && User { has_password: true, ..anna }.has_more_than_a_phone());
    }

    #[test]
    fn a_mailbox_is_not_two_factors() {
        use Factor::{App, Email, Passkey, RecoveryCode, Sms};
        let sys = Sys::real();
        let phone = Phone::parse("+447911123456", "GB").ok();
        let anna = User { phone, ..User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now()) };
        for (factors, passkeys, offered, after_a_reset) in [
            (vec![App, Email, Sms], 0, vec![App, Email, Sms, RecoveryCode], vec![App, Sms, RecoveryCode]),
            (vec![Email], 1, vec![Passkey, Email, RecoveryCode], vec![Passkey, RecoveryCode]),
            (vec![Email], 0, vec![Email, RecoveryCode], vec![Sms, RecoveryCode]),
            (vec![], 1, vec![], vec![]),
        ] {
            let user = User { factors, passkeys, ..anna.clone() };
            assert_eq!(user.second_step(), offered);
            assert_eq!(User { reset_by_mail: true, ..user }.second_step(), after_a_reset);
        }
    }

    #[test]
    fn the_strongest_is_asked_for() {
        use Factor::{App, Email, Passkey, Password, RecoveryCode, Sms};
        let sys = Sys::real();
        let anna = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let strongest = |factors: &[Factor], passkeys, has_password| {
            User { factors: factors.to_vec(), passkeys, has_password, ..anna.clone() }.strongest()
        };
        assert_eq!(strongest(&[], 0, true), [Password]);
        assert_eq!(strongest(&[], 1, true), [Passkey]);
        assert_eq!(strongest(&[], 0, false), [Sms]);
        assert_eq!(strongest(&[Email, Sms], 0, true), [Email, Sms, RecoveryCode]);
        assert_eq!(strongest(&[App, Email, Sms], 0, true), [App, RecoveryCode]);
        assert_eq!(strongest(&[Email], 1, true), [Passkey, RecoveryCode]);
    }

    #[test]
    fn what_stands_in_for_a_lost_passkey_takes_two() {
        use Factor::{App, Email, Passkey, Password, RecoveryCode, Sms};
        let sys = Sys::real();
        let (email, phone) = (crate::identifier::Email::parse("anna@example.test").ok(), Phone::parse("+447911123456", "GB").ok());
        let anna = User { passkeys: 1, has_password: true, ..User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now()) };
        for (email, phone, reset_by_mail, follows) in [
            (&email, &None, false, vec![Email]),
            (&None, &phone, false, vec![Sms]),
            (&email, &phone, false, vec![Email, Sms]),
            (&email, &phone, true, vec![Sms]),
            (&email, &None, true, vec![Email]),
        ] {
            let user = User { email: email.clone(), phone: phone.clone(), reset_by_mail, ..anna.clone() };
            assert_eq!((user.instead_of_passkey(), user.step_up()), (follows, vec![Passkey, Password]));
        }
        let anna = User { email, phone, ..anna };
        for (user, begins) in [
            (User { has_password: false, ..anna.clone() }, vec![Passkey]),
            (User { passkeys: 0, ..anna.clone() }, vec![Password]),
            (User { factors: vec![App], ..anna.clone() }, vec![Passkey, App, RecoveryCode]),
        ] {
            assert_eq!((user.instead_of_passkey(), user.step_up()), (vec![], begins));
        }
    }
}
