//! A person's record.

use events::Outbox;
use kernel::{
    Locale, Time,
    id::{PictureId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{Batch, Item, Key, Slot, StoreError, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    Subject,
    identifier::{BirthDate, Email, Login, PersonName, Username},
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
    /// Proven to be theirs.
    pub email: Email,
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
    /// Raised by every change: the `ETag`.
    pub version: u64,
    /// When the account was made.
    pub created_at: Time,
}

impl User {
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

    /// Adds everything a new account consists of to a transaction: the record, the password and the claims of its names.
    pub fn create(&self, tx: &mut Tx, password: &PasswordHash) -> Claims {
        tx.create(self);
        tx.create(password);
        let username = tx.create(&UsernameClaim { username: self.username.clone(), user: self.id });
        let email = tx.create(&EmailClaim { email: self.email.key(), user: self.id });
        Claims { username, email }
    }
}

/// The two writes of [`User::create`] that another account can make fail.
#[derive(Clone, Copy, Debug)]
pub struct Claims {
    /// Refused if the username is taken.
    pub username: Slot,
    /// Refused if the address has an account.
    pub email: Slot,
}

impl Item for User {
    const KIND: &'static str = "user";
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
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
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// Who has a username.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsernameClaim {
    /// In its one spelling.
    pub username: Username,
    /// Whose.
    pub user: UserId,
}

impl UsernameClaim {
    /// Where the claim of a username is.
    #[must_use]
    pub fn key_of(username: &Username) -> Key {
        Key::new(format!("USERNAME#{username}"), "USERNAME")
    }
}

impl Item for UsernameClaim {
    const KIND: &'static str = "username";
    fn key(&self) -> Key {
        Self::key_of(&self.username)
    }
}

impl Subject for UsernameClaim {
    type Path = String;
    fn find(_: UserId, path: String) -> Option<Key> {
        Username::parse(&path).ok().map(|name| Self::key_of(&name))
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
    fn key(&self) -> Key {
        Key::new(format!("EMAIL#{}", self.email), "EMAIL")
    }
}

/// Whose account a name at sign-in means. One read, whether there is one or not.
///
/// # Errors
/// [`StoreError`]
pub async fn resolve(table: &Table, login: &Login) -> Result<Option<UserId>, StoreError> {
    Ok(match login {
        Login::Username(name) => table.get::<UsernameClaim>(UsernameClaim::key_of(name)).await?.map(|c| c.user),
        Login::Email(email) => table.get::<EmailClaim>(EmailClaim::key_of(email)).await?.map(|c| c.user),
    })
}

/// A person with their password, in one read.
///
/// # Errors
/// [`StoreError`]
pub async fn with_password(table: &Table, id: UserId) -> Result<Option<(User, PasswordHash)>, StoreError> {
    let mut batch: Batch = table.get_many(vec![User::key_of(id), PasswordHash::key_of(id)]).await?;
    Ok(batch.take::<User>(&User::key_of(id))?.zip(batch.take::<PasswordHash>(&PasswordHash::key_of(id))?))
}

/// Adds an event about this person to a transaction.
pub fn tell(tx: &mut Tx, sys: &kernel::Sys, user: UserId, notice: events::Notice) {
    Outbox::add(tx, sys, &events::Event::NoticeDue { user, notice });
}
