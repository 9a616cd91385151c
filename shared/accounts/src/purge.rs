//! What this crate stores about a person, taken away.

use kernel::id::UserId;
use store::{Key, Range, StoreError, Table, WriteError, field};

use crate::{
    challenge::Challenge,
    deletion::Deletion,
    user::{EmailClaim, PasswordHash, User, UsernameClaim, partition},
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

/// Removes the link that would have cancelled the deletion: the address it went to stands in it.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn links(table: &Table, deletion: &Deletion) -> Result<(), StoreError> {
    match deletion.cancel {
        Some(link) => table.delete(Challenge::key_of(link)).await,
        None => Ok(()),
    }
}

/// Removes the claims of names, everything left in the person's own partition but the deletion, and the record itself last, so
/// that a run that is cut off still finds the names. Names are free again then; ids never are.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub async fn erase(table: &Table, user: UserId) -> Result<(), StoreError> {
    let record = table.get::<User>(User::key_of(user)).await?;
    if let Some(record) = &record {
        for claim in [UsernameClaim::key_of(&record.username), EmailClaim::key_of(&record.email)] {
            // Only while it is this person's: a run that was cut off may have freed the name, and somebody else taken it.
            match table.delete_when(claim, field("user").eq(user)).await {
                Ok(()) | Err(WriteError::Refused(_)) => {}
                Err(WriteError::Store(e)) => return Err(e),
            }
        }
    }
    let rest = table.query_rows(Range::of(partition(user))).await?;
    let (own, deletion) = (User::key_of(user), Deletion::key_of(user));
    let keys = rest.items.iter().filter_map(store::Row::key).filter(|k| *k != own && *k != deletion).collect();
    table.delete_many(keys).await?;
    table.delete(own).await
}
