//! What this crate stores about a person, taken away.

use kernel::id::UserId;
use store::{Conditional as _, Index, Item as _, Key, Range, StoreError, Table, field};

use crate::{
    deletion::Deletion,
    user::{self, EmailClaim, PasswordHash, PhoneClaim, User, partition},
    username::{FormerNames, UsernameClaim},
};

/// Ends every way in: sessions and the password. Done first, so that nothing is written behind the purge's back.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn close(table: &Table, user: UserId) -> Result<(), StoreError> {
    let mut keys: Vec<Key> = crate::session::list(table, user).await?.iter().map(store::Item::key).collect();
    keys.push(PasswordHash::key_of(user));
    table.delete_many(keys).await
}

/// Removes what stands elsewhere and belongs to the person: codes and links that were sent, flows that were begun. Addresses
/// stand in them.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn owned(table: &Table, user: UserId) -> Result<(), StoreError> {
    let found = table.query_rows(Range::of_index(Index::Owner, user::owned_partition(user))).await?;
    table.delete_many(found.items.iter().filter_map(store::Row::key).collect()).await
}

/// Whether there is more to take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing is left.
    Done,
    /// Call again.
    More,
}

/// Takes away whom the person invited, by whom they were, and a bounded part of who entered their code. The code itself stays
/// taken, by nobody.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn invites(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    Ok(if crate::invite::purge(table, user).await? { Purged::More } else { Purged::Done })
}

/// Removes the claims of names, of former ones too, everything left in the person's own partition but the deletion, and the record
/// itself last, so that a run that is cut off still finds the names. Names are free again then; ids never are. `elsewhere` says
/// what else can only be found by the record.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn erase(table: &Table, user: UserId, elsewhere: impl Fn(&User) -> Option<Key>) -> Result<(), StoreError> {
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
            // Only while it is this person's: a run that was cut off may have freed the name, and somebody else taken it.
            table.delete_when(claim, field("user").eq(user)).await.refused_is_fine()?;
        }
    }
    let (own, deletion) = (User::key_of(user), Deletion::key_of(user));
    let keys = rest.items.iter().filter_map(store::Row::key).filter(|k| *k != own && *k != deletion).collect();
    table.delete_many(keys).await?;
    table.delete(own).await
}
