//! The user item, the claims that make names and contacts unique, and notices to people.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use events::{Notice, Outbox, delivery::NoticeDue};
use kernel::{
    Client, Locale, Sys, Time,
    id::{ChallengeId, EventId, PictureId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Index, Item, Key, Personal, Slot, StoreError, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    account_state::{self, AccountState},
    identifier::{BirthDate, Channel, Contact, Email, Login, PersonName, Phone, Username},
    terms::AgreedTerms,
    username::UsernameClaim,
};

pub use crate::partitions::{about_partition, owned, owned_partition, partition};

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Active, possibly with a scheduled deletion.
    Active,
    /// Deactivated by its owner or by staff. Only staff can reactivate it.
    Deactivated,
    /// Being deleted, which cannot be cancelled any more.
    Purging,
}

impl Status {
    /// Returns its name, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
            Self::Purging => "purging",
        }
    }
}

kernel::audited_words!(Status);

/// Who may open a direct chat with the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoCanMessage {
    /// Everybody with an account.
    #[default]
    Everyone,
    /// Accepted friends only.
    Friends,
}

impl WhoCanMessage {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Friends => "friends",
        }
    }
}

kernel::audited_words!(WhoCanMessage);

/// The account of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings")]
pub struct User {
    /// The id, which is never reused.
    pub id: UserId,
    /// The username, which is unique.
    pub username: Username,
    /// The proven e-mail address. `None` if the person signed up with a phone number.
    pub email: Option<Email>,
    /// The proven phone number, if there is one.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// First name, if registration has asked for it.
    pub first_name: Option<PersonName>,
    /// Last name.
    pub last_name: Option<PersonName>,
    /// Day of birth. Only the registration in steps asks for it.
    pub birth_date: Option<BirthDate>,
    /// A short text about the person.
    pub bio: Option<String>,
    /// Whether other people see only the name and the picture.
    pub private: bool,
    /// The language of mails, responses and socket messages.
    pub locale: Locale,
    /// The published picture, if not the default one.
    pub picture: Option<PictureId>,
    /// Who may open a direct chat with the person.
    pub who_can_message: WhoCanMessage,
    /// Whether everybody who knows the address can find the person by it. Friends and the inviter always can.
    #[serde(default)]
    pub found_by_email: bool,
    /// Whether everybody who knows the number can find the person by it. Friends and the inviter always can.
    #[serde(default)]
    pub found_by_phone: bool,
    /// Whether others in small rooms see up to where the person has read, and the person sees it of them.
    #[serde(default = "User::by_default")]
    pub read_receipts: bool,
    /// Whether friends can add the person to groups directly. Otherwise they have to invite the person.
    #[serde(default = "User::by_default")]
    pub added_by_friends: bool,
    /// The state of the account.
    pub status: Status,
    /// Since when the account is deactivated, if it is.
    #[serde(default)]
    pub deactivated_at: Option<Time>,
    /// The second factors that are on. Empty if second factors are off.
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// The number of passkeys.
    #[serde(default)]
    pub passkeys: u32,
    /// Whether there is a password.
    #[serde(default)]
    pub has_password: bool,
    /// Whether the password was reset by mail, and no later sign-in used a factor other than the password and codes to the same mailbox.
    #[serde(default)]
    pub reset_by_mail: bool,
    /// The last link to a former contact that was sent, until it is used or void (`proofs::contact_link`). No other one gives a contact
    /// back.
    #[serde(default)]
    pub restoration: Option<ChallengeId>,
    /// The terms of service that the person has agreed to, if there were some.
    #[serde(default)]
    pub terms: Option<AgreedTerms>,
    /// Increased by every change of the credentials, which invalidates earlier sessions and trusted devices.
    #[serde(default)]
    pub credentials: u32,
    /// Increased by every change of the profile. It is the `ETag`.
    pub version: u64,
    /// When the account was created.
    pub created_at: Time,
    /// When the account was last used, with the precision of a day.
    #[serde(default)]
    pub used_at: Time,
}

/// An account that was not used for longer than this may have lost its phone number, because providers recycle numbers.
pub const IDLE: Duration = Duration::from_secs(90 * 24 * 3600);

impl User {
    /// Returns the default of settings that are on unless the person has turned them off, also for accounts that are older than the
    /// setting.
    const fn by_default() -> bool {
        true
    }

    /// Creates an account with a name and a language, and without any other data.
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
            found_by_email: false,
            found_by_phone: false,
            read_receipts: true,
            added_by_friends: true,
            status: Status::Active,
            deactivated_at: None,
            factors: Vec::new(),
            passkeys: 0,
            has_password: false,
            reset_by_mail: false,
            restoration: None,
            terms: None,
            credentials: 0,
            version: 1,
            created_at: now,
            used_at: now,
        }
    }

    /// Returns the key of the user item.
    #[must_use]
    pub fn key_of(id: UserId) -> Key {
        Key::new(partition(id), "USER")
    }

    /// Returns the condition that the account exists and is not being purged. Whoever writes something about a person that the purge
    /// deletes checks it, so that nothing is written after the purge.
    #[must_use]
    pub fn stays() -> Cond {
        Cond::Exists.and(field("status").ne(Status::Purging))
    }

    /// Adds a change of the picture to a transaction. Refused unless the account is active and still has the picture of `self`.
    pub fn change_picture(&self, tx: &mut Tx, to: Option<PictureId>) -> Slot {
        let unchanged = self.picture.map_or_else(|| field("picture").absent(), |picture| field("picture").eq(picture));
        let change = Update::of(self.key()).set("picture", to).add("version", 1);
        tx.update(change.when(unchanged).when(field("status").eq(Status::Active)))
    }

    /// Returns the update that deactivates the account. It keeps [`User::restoration`]: whoever has somebody's session and password must
    /// not be able to make the link void that gives the account back to its owner. Staff do that by [`crate::staff::deactivate`].
    #[must_use]
    pub fn deactivate(&self, now: Time) -> Update {
        let listed = Some(account_state::place(AccountState::Deactivated, self.id));
        Update::of(self.key()).set("status", Status::Deactivated).set("deactivated_at", now).index(Index::AccountsInState, listed)
    }

    /// Returns the update that makes the account active again if it is deactivated.
    #[must_use]
    pub fn reactivate(&self) -> Update {
        let back = Update::of(self.key()).set("status", Status::Active).remove("deactivated_at").index(Index::AccountsInState, None);
        back.add("version", 1).when(field("status").eq(Status::Deactivated))
    }

    /// Returns whether the account has not been used for longer than [`IDLE`].
    #[must_use]
    pub fn is_idle(&self, now: Time) -> bool {
        now.since(self.used_at.max(self.created_at)) > IDLE
    }

    /// Returns whether the person can prove who they are by anything except the phone number.
    #[must_use]
    pub fn has_more_than_a_phone(&self) -> bool {
        self.has_password || self.email.is_some() || self.passkeys > 0 || self.has_second_step()
    }

    /// Returns whether signing in takes a second factor.
    #[must_use]
    pub fn has_second_step(&self) -> bool {
        !self.factors.is_empty()
    }

    /// Returns the factors for the second step of a sign-in, in the order they are offered. After a password reset by mail a code to the
    /// same mailbox does not count, because both would prove the same factor. Without another factor, a code to the phone is used.
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

    /// Returns the strongest factors of the person, for a step-up, which protects operations that a stolen session must not allow.
    ///
    /// If second factors are on: those that are not sent by message, or else those that are. If they are off: a passkey, or else what the
    /// person signs in with.
    #[must_use]
    pub fn strongest(&self) -> Vec<Factor> {
        let second = self.second_step();
        let strong: Vec<Factor> = second.iter().copied().filter(|f| !matches!(f, Factor::Email | Factor::Sms)).collect();
        match strong.as_slice() {
            // Recovery codes alone do not replace the other factors, because they are for emergencies.
            [Factor::RecoveryCode] => second,
            [_, ..] => strong,
            [] if self.passkeys > 0 => vec![Factor::Passkey],
            [] if self.has_password => vec![Factor::Password],
            [] => vec![Factor::Sms],
        }
    }

    /// Returns the factors that replace a lost passkey in a step-up: a code, which has to follow the password. After a reset by mail the
    /// code is not sent to the same mailbox if there is a phone. Empty if the step-up does not require a passkey, or accepts another factor
    /// too.
    #[must_use]
    pub fn instead_of_passkey(&self) -> Vec<Factor> {
        if !self.has_password || self.strongest() != [Factor::Passkey] {
            return Vec::new();
        }
        let email = self.email.is_some() && !(self.reset_by_mail && self.phone.is_some());
        let sms = self.phone.as_ref().map(|_| Factor::Sms);
        email.then_some(Factor::Email).into_iter().chain(sms).collect()
    }

    /// Returns the factors that a step-up can begin with.
    #[must_use]
    pub fn step_up(&self) -> Vec<Factor> {
        let password = (!self.instead_of_passkey().is_empty()).then_some(Factor::Password);
        self.strongest().into_iter().chain(password).collect()
    }

    /// Returns the address and the number of the account.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        let (email, phone) = (self.email.clone().map(Contact::Email), self.phone.clone().map(Contact::Phone));
        email.into_iter().chain(phone).collect()
    }

    /// Returns the contact that a factor's codes are sent to. `None` if the factor sends no codes, or if there is no such contact.
    #[must_use]
    pub fn contact(&self, factor: Factor) -> Option<Contact> {
        match factor {
            Factor::Email => self.email.clone().map(Contact::Email),
            Factor::Sms => self.phone.clone().map(Contact::Phone),
            _ => None,
        }
    }
}

/// A factor: a way to prove who somebody is.
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
    /// A recovery code.
    RecoveryCode,
}

impl Factor {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::App => "app",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

kernel::audited_words!(Factor);

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
            "found_by_email",
            "found_by_phone",
            "read_receipts",
            "added_by_friends",
            "status",
            "deactivated_at",
            "factors",
            "passkeys",
            "has_password",
            "terms",
            "created_at",
            "used_at",
        ]),
    )
    .indexed(Index::AccountsInState, "ACCOUNTS#{state}", "{user}");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let state = match self.status {
            Status::Active => None,
            Status::Deactivated => Some(AccountState::Deactivated),
            Status::Purging => Some(AccountState::Purging),
        };
        state.map(|state| (Index::AccountsInState, account_state::place(state, self.id))).into_iter().collect()
    }
}

/// A password hash: a PHC string over the peppered password. It is separate from [`User`], so that reading profiles never loads
/// it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordHash {
    /// The account.
    pub user: UserId,
    /// `$argon2id$…`
    pub phc: String,
    /// The id of the pepper.
    pub pepper: String,
}

impl PasswordHash {
    /// Returns the key of a person's password.
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

/// The marker item that makes an e-mail address unique, with its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmailClaim {
    /// [`Email::key`].
    pub email: String,
    /// The owner.
    pub user: UserId,
}

impl EmailClaim {
    /// Returns the key of the claim of an address.
    #[must_use]
    pub fn key_of(email: &Email) -> Key {
        Key::new(format!("EMAIL#{}", email.key()), "EMAIL")
    }
}

impl Item for EmailClaim {
    const KIND: &'static str = "email";
    const ABOUT: About = About::at("EMAIL#{email}", "EMAIL", Personal::Withheld("the user item has the address")).removed_by("account");
    fn key(&self) -> Key {
        Key::new(format!("EMAIL#{}", self.email), "EMAIL")
    }
}

/// The marker item that makes a phone number unique, with its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhoneClaim {
    /// The number in its canonical spelling.
    pub phone: Phone,
    /// The owner.
    pub user: UserId,
}

impl PhoneClaim {
    /// Returns the key of the claim of a number.
    #[must_use]
    pub fn key_of(phone: &Phone) -> Key {
        Key::new(format!("PHONE#{phone}"), "PHONE")
    }
}

impl Item for PhoneClaim {
    const KIND: &'static str = "phone";
    const ABOUT: About = About::at("PHONE#{phone}", "PHONE", Personal::Withheld("the user item has the number")).removed_by("account");
    fn key(&self) -> Key {
        Self::key_of(&self.phone)
    }
}

/// Details of a notice that are not in its event, because events contain no personal data: the client that caused it, and the recipient if
/// that is not the person's current contact, as for a notice to the former address after a change. They are stored with the person under
/// the id of the event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoticeDetails {
    user: UserId,
    event: EventId,
    channel: Option<Channel>,
    address: Option<String>,
    /// The `User-Agent` of the client.
    pub user_agent: Option<String>,
    /// The IP address of the client.
    pub client_address: Option<String>,
    /// City and country of the client.
    pub place: Option<String>,
    until: Time,
}

impl NoticeDetails {
    fn new(sys: &Sys, user: UserId, event: EventId, to: Option<&Contact>, by: &Client) -> Self {
        Self {
            user,
            event,
            channel: to.map(Channel::of),
            address: to.map(|to| to.address().to_owned()),
            user_agent: Some(by.user_agent.clone()).filter(|agent| !agent.is_empty()),
            client_address: by.address.map(|address| address.to_string()),
            place: by.place.clone(),
            // Events that failed are kept for two weeks, and may be retried until then.
            until: sys.now() + Duration::from_secs(15 * 24 * 3600),
        }
    }

    /// Returns the key of the details of an event.
    #[must_use]
    pub fn key_of(user: UserId, event: EventId) -> Key {
        Key::new(partition(user), format!("NOTICE#{event}"))
    }

    /// Returns the address or the number that the notice goes to. `None` for the person's own.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        self.channel.zip(self.address.as_deref()).map(|(channel, address)| Contact::stored(channel, address))
    }
}

impl Item for NoticeDetails {
    const KIND: &'static str = "notice_details";
    const ABOUT: About =
        About::beside_user("NOTICE#{event}", Personal::Exported(&["channel", "address", "user_agent", "client_address", "place", "until"]))
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.event)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Returns the owner of a username or address at sign-in. One read, also for unknown names.
///
/// # Errors
/// [`StoreError`]
pub async fn resolve(table: &Table, login: &Login) -> Result<Option<UserId>, StoreError> {
    Ok(match login {
        Login::Username(name) => table.get::<UsernameClaim>(UsernameClaim::key_of(name)).await?.and_then(|c| c.owner()),
        Login::Email(email) => table.get::<EmailClaim>(EmailClaim::key_of(email)).await?.map(|c| c.user),
    })
}

/// Returns the usernames of these people, without deleted accounts. One batch read for every hundred people.
///
/// # Errors
/// [`StoreError`]
pub async fn usernames(table: &Table, people: BTreeSet<UserId>) -> Result<BTreeMap<UserId, Username>, StoreError> {
    let mut names = BTreeMap::new();
    if people.is_empty() {
        return Ok(names);
    }
    let mut found = table.get_many(people.iter().map(|id| User::key_of(*id)).collect()).await?;
    for id in people {
        names.extend(found.take::<User>(&User::key_of(id))?.map(|user| (id, user.username)));
    }
    Ok(names)
}

/// Adds a notice to a person to a transaction, about something that no client caused. It is sent by mail, or by text message if they have
/// no address.
pub fn notify(tx: &mut Tx, sys: &Sys, user: UserId, notice: Notice) {
    Outbox::add(tx, sys, &NoticeDue { user, notice });
}

/// Like [`notify`], about something that this client caused. The mail names the device and the place of the client.
pub fn notify_of(tx: &mut Tx, sys: &Sys, user: UserId, notice: Notice, by: &Client) {
    let event = Outbox::add(tx, sys, &NoticeDue { user, notice });
    tx.create(&NoticeDetails::new(sys, user, event, None, by));
}

/// Like [`notify_of`], but always to this address or number, also if the person's contact changes before the notice is sent. A text message
/// needs a permit of `proofs::sending`.
pub fn notify_at(tx: &mut Tx, sys: &Sys, user: UserId, to: &Contact, notice: Notice, by: &Client) {
    let event = Outbox::add(tx, sys, &NoticeDue { user, notice });
    tx.create(&NoticeDetails::new(sys, user, event, Some(to), by));
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
        // An item from before this attribute existed.
        assert!(!User { used_at: Time::ZERO, ..anna.clone() }.is_idle(anna.created_at + second));
        assert!(!anna.has_more_than_a_phone() && User { has_password: true, ..anna }.has_more_than_a_phone());
    }

    #[test]
    fn a_mailbox_counts_as_one_factor() {
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
    fn a_step_up_takes_the_strongest_factors() {
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
    fn a_lost_passkey_is_replaced_by_two_factors() {
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
