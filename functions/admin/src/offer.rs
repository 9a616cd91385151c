//! Appointing the first superuser. Roles are given by superusers, so the first one needs an operator.
//!
//! ```text
//! an operator, at the table ─ offer ─▶ a secret, for one person, for an hour ─ accept, signed in with a second factor ─▶ superuser
//! ```
//!
//! Both steps work only while there is no superuser. The transaction that appoints the first one also writes a marker item, which is
//! never deleted, because there is always a superuser from then on: the last one cannot leave ([`accounts::staff::require_no_superuser`]).

use std::time::Duration;

use accounts::{
    Resource,
    audit::{Action, Audit, AuditEntry},
    staff::{Role, Roles, StayingSlots, require_staying},
    user::partition,
    username::UsernameClaim,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{Secret, Sys, Time, id::UserId, opaque, secret::same};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, CommitError, Cond, Item, Key, Personal, StoreError, Table, Tx, field,
    limits::{HOUR, Quota},
};

/// How long a secret is valid.
pub const LIFE: Duration = HOUR;
/// How many secrets one account may try. A secret has 256 bits, so guessing is hopeless anyway.
pub const TRIES: Quota = Quota::window("superuser_offer", 10, HOUR, "for an account");

/// Marker item: a superuser has existed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Superuser {
    since: Time,
}

impl Superuser {
    fn key() -> Key {
        Key::new("SUPERUSER", "SUPERUSER")
    }
}

impl Item for Superuser {
    const KIND: &'static str = "superuser";
    const ABOUT: About = About::at("SUPERUSER", "SUPERUSER", Personal::Nobody("a marker that a superuser has existed"));
    fn key(&self) -> Key {
        Self::key()
    }
}

/// An offer to become the first superuser, in the partition of the person to whom it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Offer {
    user: UserId,
    hash: String,
    expires_at: Time,
}

impl Offer {
    fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "SUPERUSER_OFFER")
    }

    /// Returns whether the offer has this secret and can still be accepted.
    #[must_use]
    pub fn is_for(&self, secret: &Secret, now: Time) -> bool {
        same(hash(secret).as_bytes(), self.hash.as_bytes()) && now < self.expires_at
    }

    /// Adds the acceptance of the offer to a transaction. Refused if there is a superuser, if the offer was accepted or replaced, or for
    /// the reasons of [`StayingSlots`].
    pub fn accept(&self, tx: &mut Tx, now: Time, before: &Roles) -> StayingSlots {
        tx.delete_when(self.key(), field("hash").eq(&self.hash));
        appoint(tx, now, before)
    }
}

impl Item for Offer {
    const KIND: &'static str = "superuser_offer";
    const ABOUT: About = About::beside_user("SUPERUSER_OFFER", Personal::Withheld("an operator's secret, good for an hour")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The caller's own item, loaded in the same batch as the caller.
impl Resource for Offer {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Adds the appointment of the first superuser to a transaction. Refused if there is one.
pub fn appoint(tx: &mut Tx, now: Time, before: &Roles) -> StayingSlots {
    tx.create(&Superuser { since: now });
    before.replace(tx, &before.with(Role::Superuser));
    require_staying(tx, before.user)
}

/// Returns whether there is a superuser.
///
/// # Errors
/// [`StoreError`]
pub async fn exists(table: &Table) -> Result<bool, StoreError> {
    Ok(table.get::<Superuser>(Superuser::key()).await?.is_some())
}

/// Why no offer was made.
#[derive(Debug, thiserror::Error)]
pub enum NotOffered {
    /// Nobody has the username.
    #[error("nobody has this username")]
    Nobody,
    /// There is a superuser already, who can appoint others.
    #[error("there is a superuser already, who can appoint others")]
    Taken,
    /// The account is not active, or its deletion is scheduled.
    #[error("the account is not in use, or is about to be deleted")]
    Leaving,
    /// The table is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes somebody the offer to become the first superuser, and returns the secret for accepting it. A former offer to them is replaced.
/// One read and a transaction.
///
/// # Errors
/// [`NotOffered`]
pub async fn offer(table: &Table, audit: &Audit, sys: &Sys, username: &str) -> Result<Secret, NotOffered> {
    let user = UsernameClaim::owner_of(table, username).await?.ok_or(NotOffered::Nobody)?;
    let secret = Secret::new(opaque::write("sup", &sys.bytes::<32>()));
    let offer = Offer { user, hash: hash(&secret), expires_at: sys.now() + LIFE };
    let mut tx = Tx::new();
    let none = tx.check(Superuser::key(), Cond::Absent);
    let staying = require_staying(&mut tx, user);
    // If two operators make an offer concurrently, the one that is written last replaces the other.
    tx.put_always(&offer);
    audit.add(&mut tx, &AuditEntry::by_operator(sys, Action::SuperuserOffered, user));
    match table.commit(tx).await {
        Ok(()) => Ok(secret),
        Err(e) if e.refused(none) => Err(NotOffered::Taken),
        Err(e) if staying.was_refused(&e) => Err(NotOffered::Leaving),
        // The entry of the audit has a new id, and nothing else has a condition.
        Err(CommitError::Refused(_)) => Err(StoreError::Defect("an offer was refused".to_owned()).into()),
        Err(CommitError::Store(e)) => Err(e.into()),
    }
}

fn hash(secret: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_for_its_secret_and_for_an_hour() {
        let sys = Sys::real();
        let (secret, now) = (Secret::new("sup_A".to_owned()), sys.now());
        let offer = Offer { user: sys.id(), hash: hash(&secret), expires_at: now + LIFE };
        assert!(offer.is_for(&secret, now) && !offer.is_for(&secret, now + LIFE));
        for other in ["", "sup_", "sup_B", &offer.hash] {
            assert!(!offer.is_for(&Secret::new(other.to_owned()), now), "{other}");
        }
    }
}
