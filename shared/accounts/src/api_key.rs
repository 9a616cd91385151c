//! API keys: what programs of staff send instead of an access token, for thirty days at most.
//!
//! A key opens the operations of its scopes, and nothing that its owner may not do: their account and roles are read at each use. The
//! server stores a hash of its secret, and its first characters, by which people recognise it.

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
/// How often a person makes a key. With [`LIFE`] it bounds how many there are.
pub const ISSUED: Quota = Quota::window("api_keys", 1, DAY, "for an account");
/// How exactly the last use is known: recording each one would take a write.
const RECORDED: Duration = Duration::from_secs(300);
/// The beginning of the text of every key.
const PREFIX: &str = "key";
/// The partition of the list of all keys, in [`Index::ApiKeys`]. One person makes one a day, so one partition takes them all.
const ALL: &str = "API_KEYS";
/// How many characters of a key are shown again. They have the time at which it was made, and nothing of its secret.
const SHOWN: usize = 12;

/// What a key opens.
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
    /// Its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProductsWrite => "products:write",
            Self::StatisticsRead => "statistics:read",
        }
    }
}

/// A key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// The id of the key.
    pub id: ApiKeyId,
    /// Its owner.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The first characters of its text.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, to five minutes.
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

    /// The text for the program.
    #[must_use]
    pub fn reveal(&self) -> String {
        opaque::write(PREFIX, &(self.id, self.user, *self.secret.expose()))
    }

    fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret.expose()))
    }
}

impl ApiKey {
    /// A new key, and the only copy of what a program sends.
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

    /// The key of this item.
    #[must_use]
    pub fn key_of(user: UserId, id: ApiKeyId) -> Key {
        Key::new(partition(user), format!("API_KEY#{id}"))
    }

    /// Its key in the list of all.
    fn place(id: ApiKeyId) -> Key {
        Key::new(ALL, id.to_string())
    }

    /// When it stops being valid.
    #[must_use]
    pub fn ends_at(&self) -> Time {
        self.created_at + LIFE
    }

    /// Why this token of a person is not accepted, if it is not. The person's roles are judged elsewhere.
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

    /// Records a use, unless one was recorded a short time ago. A key that was revoked meanwhile stays revoked.
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

/// A person's keys, also those that are not valid any more and not deleted yet. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
    Ok(table.query::<ApiKey>(Range::of(partition(user)).prefix("API_KEY#")).await?.items)
}

/// A page of everybody's keys, the newest first, after the one with this id and owner. As [`list`], a moment after they were made. One
/// query.
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

/// Revokes all keys of somebody who is no administrator any more. The keys open nothing without the role. This keeps them from opening
/// something again if the role is given back, and it comes after the removal, when no more can be made. A query, and a transaction if
/// there are some.
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
