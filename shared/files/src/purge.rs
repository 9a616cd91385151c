//! What this crate stores about a person, taken away.

use kernel::id::UserId;
use store::{Range, Table};

use crate::{Bucket, FilesError, Upload, bucket::DELETE_MAX, export::Export};
use accounts::user::partition;

/// Uploads of one step: all keys of all of them fit into one `DeleteObjects`.
const STEP: u32 = 100;
const _: () = assert!(STEP as usize * 7 <= DELETE_MAX, "a step is one request to the bucket");

/// How far a purge has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing is left.
    All,
    /// There is more: run it again.
    Some,
}

/// Removes up to 100 uploads of a person with everything that became of them, and with the last of them the archives that were
/// made. Four requests and one for each 25 records.
///
/// The bucket first, the records last: a run that is cut off finds again what it has to remove. A processor that is at work
/// at this moment finds the account closed and removes what it wrote.
///
/// # Errors
/// [`FilesError`]; may be run again at any point.
pub async fn purge(table: &Table, bucket: &Bucket, user: UserId) -> Result<Purged, FilesError> {
    let page = table.query::<Upload>(Range::of(partition(user)).prefix("UPLOAD#").limit(STEP)).await?;
    if !page.items.is_empty() {
        bucket.delete(page.items.iter().flat_map(|u| Upload::every_key(user, u.id))).await?;
        table.delete_many(page.items.iter().map(store::Item::key).collect()).await?;
    }
    if page.more {
        return Ok(Purged::Some);
    }
    // One a day, each noted for little more than a day.
    let archives = table.query::<Export>(Range::of(partition(user)).prefix("EXPORT#")).await?;
    if !archives.items.is_empty() {
        bucket.delete(archives.items.iter().map(|e| Export::object_key(user, e.id))).await?;
        table.delete_many(archives.items.iter().map(store::Item::key).collect()).await?;
    }
    Ok(Purged::All)
}
