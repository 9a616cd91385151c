//! The purge of what this crate stores about a person.

use std::time::Duration;

use kernel::{Time, env::Reader, id::UserId};
use store::{Conditional as _, Index, Item as _, Key, Range, StoreError, Table, field};

use crate::{
    deletion::Deletion,
    directory::DirectoryEntry,
    user::{self, EmailClaim, PasswordHash, PhoneClaim, User, partition},
    username::{FormerNames, UsernameClaim},
};

pub use crate::purged::Purged;

/// A leap year, so that records are never deleted too early.
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
/// The maximum number of years of a [`Retention`].
const YEARS_MAX: u32 = 30;

/// How long the law requires records of orders and payments. They are kept without personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    years: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { years: 5 }
    }
}

impl Retention {
    /// Reads `ORDER_RETENTION_YEARS`: 1 to 30. Default: 5.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let years = r.or("ORDER_RETENTION_YEARS", Self::default().years);
        if !(1..=YEARS_MAX).contains(&years) {
            r.wrong(format!("ORDER_RETENTION_YEARS must be 1 to {YEARS_MAX}"));
        }
        Self { years }
    }

    /// Returns the time at which the record of something that began at `begun` is deleted.
    #[must_use]
    pub fn ends(self, begun: Time) -> Time {
        begun + YEAR.saturating_mul(self.years)
    }
}

/// Deletes the sessions and the password. This is the first step, so that nobody is signed in and writes during the purge.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn delete_credentials(table: &Table, user: UserId) -> Result<(), StoreError> {
    let mut keys: Vec<Key> = crate::session::list(table, user).await?.iter().map(store::Item::key).collect();
    keys.push(PasswordHash::key_of(user));
    table.delete_many(keys).await
}

/// Deletes all items in other partitions that belong to the person and may contain their addresses: codes, links and flows.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn delete_owned(table: &Table, user: UserId) -> Result<(), StoreError> {
    let found = table.query_rows(Range::of_index(Index::Owner, user::owned_partition(user))).await?;
    table.delete_many(found.items.iter().filter_map(store::Row::key).collect()).await
}

/// Deletes the person's invitation data, with a bounded part of the accounts that entered their code. The claim of the code
/// stays, without an owner.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn delete_invites(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    Ok(if crate::invite::purge(table, user).await? { Purged::More } else { Purged::Done })
}

/// Deletes the claims of the person's names, also of former ones, then the rest of their partition except the deletion, and the
/// user item last, so that a run after an interrupted one still finds the names. The names are free afterwards; ids are never
/// reused. `elsewhere` returns the key of another item that can only be found by the user item.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn delete_account(table: &Table, user: UserId, elsewhere: impl Fn(&User) -> Option<Key>) -> Result<(), StoreError> {
    let rest = table.query_rows(Range::of(partition(user))).await?;
    let row = |kind: &str| rest.items.iter().find(|row| row.kind() == kind).cloned();
    let record: Option<User> = row(User::KIND).map(store::Row::decode).transpose()?;
    let former: Option<FormerNames> = row(FormerNames::KIND).map(store::Row::decode).transpose()?;
    if let Some(record) = &record {
        if let Some(key) = elsewhere(record) {
            table.delete(key).await?;
        }
        let email = record.email.as_ref().map(EmailClaim::key_of);
        let phone = record.phone.as_ref().map(PhoneClaim::key_of);
        let names = former.iter().flat_map(FormerNames::names).chain([&record.username]).map(UsernameClaim::key_of);
        for claim in names.chain(email).chain(phone) {
            // Only the person's own claim: an interrupted run may have freed the name, and another person may have claimed it
            // since.
            table.delete_when(claim, field("user").eq(user)).await.refused_is_fine()?;
        }
    }
    let (own, deletion) = (User::key_of(user), Deletion::key_of(user));
    let keys = rest.items.iter().filter_map(store::Row::key).filter(|k| *k != own && *k != deletion).collect();
    table.delete_many(keys).await?;
    table.delete(DirectoryEntry::key_of(user)).await?;
    table.delete(own).await
}
