//! API keys. Programs of staff send them instead of an access token. A key is valid for thirty days.
//!
//! A key allows the operations of its scopes that its owner may use; the owner's account and roles are read at each use. The server stores
//! a hash of the key's secret, and its first characters, by which people recognise it.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{
    Secret, Sys, Time,
    id::{ApiKeyId, UserId},
    opaque,
    secret::same,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, Slot, StoreError, Table, Tx, Update, field,
    limits::{DAY, Quota},
};
use utoipa::ToSchema;

use crate::user::{Status, User, partition};

/// How long a key is valid.
pub const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often a person may make a key. With [`LIFE`] this limits the number of valid keys to thirty.
pub const ISSUED: Quota = Quota::window("api_keys", 1, DAY, "for an account");
/// The precision of the time of the last use. Recording every use would take a write for each.
const RECORDED: Duration = Duration::from_secs(300);
/// The prefix of the text of every key.
const PREFIX: &str = "key";
/// The partition of the list of all keys, in [`Index::ApiKeys`]. One person makes one a day, so one partition takes them all.
const ALL: &str = "API_KEYS";
/// How many characters of a key are shown in lists. They contain the time of its creation and no part of its secret.
const SHOWN: usize = 12;

/// A scope: a group of operations that a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Making, changing and deleting products, also their pictures.
    #[serde(rename = "products:write")]
    ProductsWrite,
    /// Reading statistics.
    #[serde(rename = "statistics:read")]
    StatisticsRead,
}

impl Scope {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProductsWrite => "products:write",
            Self::StatisticsRead => "statistics:read",
        }
    }
}

/// A stored API key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// The id of the key.
    pub id: ApiKeyId,
    /// Its owner.
    pub user: UserId,
    /// The name that its owner gave it.
    pub name: String,
    /// The first characters of its text, for lists.
    pub prefix: String,
    /// The scopes.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, with a precision of five minutes.
    pub last_used_at: Option<Time>,
    /// [`User::credentials`] when it was made.
    credentials: u32,
    hash: String,
}

/// A key as a program sends it.
#[derive(Clone, Debug)]
pub struct ApiKeyToken {
    /// The key.
    pub id: ApiKeyId,
    /// Its owner.
    pub user: UserId,
    secret: Secret<[u8; 32]>,
}

impl ApiKeyToken {
    /// Parses a key. It is not verified yet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, user, secret) = opaque::read(PREFIX, text)?;
        Some(Self { id, user, secret: Secret::new(secret) })
    }

    /// Returns the text that the program sends.
    #[must_use]
    pub fn reveal(&self) -> String {
        opaque::write(PREFIX, &(self.id, self.user, *self.secret.expose()))
    }

    fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret.expose()))
    }
}

impl ApiKey {
    /// Creates a key, and the only copy of the token that a program sends.
    #[must_use]
    pub fn issue(sys: &Sys, owner: &User, name: String, scopes: Vec<Scope>) -> (Self, ApiKeyToken) {
        let token = ApiKeyToken { id: sys.id(), user: owner.id, secret: Secret::new(sys.bytes()) };
        let key = Self {
            id: token.id,
            user: owner.id,
            name,
            prefix: token.reveal().chars().take(SHOWN).collect(),
            scopes,
            created_at: sys.now(),
            last_used_at: None,
            credentials: owner.credentials,
            hash: token.hash(),
        };
        (key, token)
    }

    /// Returns the key of this item.
    #[must_use]
    pub fn key_of(user: UserId, id: ApiKeyId) -> Key {
        Key::new(partition(user), format!("API_KEY#{id}"))
    }

    /// Returns the key of the item in [`Index::ApiKeys`].
    fn place(id: ApiKeyId) -> Key {
        Key::new(ALL, id.to_string())
    }

    /// Returns when it stops being valid.
    #[must_use]
    pub fn ends_at(&self) -> Time {
        self.created_at + LIFE
    }

    /// Returns why this token of `owner` is not accepted, for the log. `None` if it is accepted. The caller checks the owner's roles.
    #[must_use]
    pub fn refusal(&self, token: &ApiKeyToken, owner: &User, now: Time) -> Option<&'static str> {
        let reasons = [
            (!same(token.hash().as_bytes(), self.hash.as_bytes()), "its secret is wrong"),
            (now >= self.ends_at(), "it has expired"),
            (owner.status != Status::Active, "its owner's account is not in use"),
            (owner.credentials != self.credentials, "its owner's credentials have changed"),
        ];
        reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
    }

    /// Records a use, unless one was recorded within five minutes. A concurrent revocation is not undone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record_use(&self, table: &Table, now: Time) -> Result<(), StoreError> {
        if self.last_used_at.is_some_and(|at| now.since(at) < RECORDED) {
            return Ok(());
        }
        table.update(Update::of(self.key()).set("last_used_at", now).when(field("hash").eq(&self.hash))).await.refused_is_fine()
    }

    /// Adds its revocation to a transaction. The slot is refused if there is no such key.
    pub fn revoke(tx: &mut Tx, user: UserId, id: ApiKeyId) -> Slot {
        tx.delete_when(Self::key_of(user, id), Cond::Exists)
    }
}

impl Item for ApiKey {
    const KIND: &'static str = "api_key";
    const ABOUT: About =
        About::beside_user("API_KEY#{api_key}", Personal::Exported(&["id", "name", "prefix", "scopes", "created_at", "last_used_at"]))
            .indexed(Index::ApiKeys, ALL, "{api_key}")
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::ApiKeys, Self::place(self.id))]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.ends_at())
    }
}

/// Returns the keys of a person. Expired keys are included until DynamoDB deletes them. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
    Ok(table.query::<ApiKey>(Range::of(partition(user)).prefix("API_KEY#")).await?.items)
}

/// Returns a page of all keys, the newest first, after the key with this id and owner. Includes expired keys like [`list`], and is
/// eventually consistent. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn newest(table: &Table, after: Option<(ApiKeyId, UserId)>, limit: u32) -> Result<Page<ApiKey>, StoreError> {
    let mut range = Range::of_index(Index::ApiKeys, ALL).newest_first().limit(limit);
    if let Some((id, owner)) = after {
        range = range.after(ApiKey::key_of(owner, id), Some(ApiKey::place(id)));
    }
    table.query(range).await
}

kernel::audited_words!(Scope);

/// Revokes all keys of a person who is no longer an administrator. Keys have no effect without the role; this prevents that they work again
/// when the role is given back. Call it after the removal of the role, when no new keys can be made. A query, and a transaction if there
/// are keys.
///
/// # Errors
/// [`CommitError`]. May be repeated at any point.
pub async fn revoke_all(table: &Table, user: UserId) -> Result<(), CommitError> {
    let mut tx = Tx::new();
    for key in list(table, user).await? {
        tx.delete(key.key());
    }
    if tx.is_empty() { Ok(()) } else { table.commit(tx).await }
}

#[cfg(test)]
mod tests {
    use kernel::Locale;

    use super::*;
    use crate::identifier::Username;

    #[test]
    fn a_key_is_its_owners_for_thirty_days_and_until_the_credentials_change() {
        let sys = Sys::real();
        let mut owner = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let (key, token) = ApiKey::issue(&sys, &owner, "till".to_owned(), vec![Scope::ProductsWrite]);
        let shown = token.reveal();
        let sent = ApiKeyToken::parse(&shown).unwrap();
        assert_eq!((sent.id, sent.user), (key.id, owner.id));
        assert!(shown.starts_with(&key.prefix) && key.prefix.len() == SHOWN);
        let ends = key.ends_at();
        assert_eq!(key.refusal(&sent, &owner, ends - Duration::from_millis(1)), None);
        assert_eq!(key.refusal(&sent, &owner, ends), Some("it has expired"));
        let other = ApiKeyToken { secret: Secret::new([0; 32]), ..sent.clone() };
        assert_eq!(key.refusal(&other, &owner, key.created_at), Some("its secret is wrong"));
        owner.credentials += 1;
        assert!(key.refusal(&sent, &owner, key.created_at).is_some());
        owner.credentials -= 1;
        owner.status = Status::Deactivated;
        assert!(key.refusal(&sent, &owner, key.created_at).is_some());
    }

    #[test]
    fn a_scope_has_one_name() {
        for scope in [Scope::ProductsWrite, Scope::StatisticsRead] {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
    }
}
