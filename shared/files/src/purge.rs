//! The purge of a person's files.

use kernel::id::UserId;
use messaging::attachment::of_user;
use store::{Range, Table};

use crate::{Bucket, FilesError, Upload, attachment::every_key, bucket::DELETE_MAX, export::Export};
use accounts::{purge::Purged, user::partition};

/// The number of uploads of one call. All their keys fit into one `DeleteObjects`.
const STEP: u32 = 100;
const _: () = assert!(STEP as usize * 7 <= DELETE_MAX, "a step is one request to the bucket");

/// Deletes up to 100 uploads and 100 files of messages of a person with all their objects. The last call also deletes the exports. Six
/// requests, and one for every 25 items.
///
/// The objects are deleted before the items, so that a repetition after an interruption finds the same objects. A concurrent upload
/// processor finds the account closed and deletes what it has written.
///
/// # Errors
/// [`FilesError`]. May be repeated at any point.
pub async fn purge(table: &Table, bucket: &Bucket, user: UserId) -> Result<Purged, FilesError> {
    let page = table.query::<Upload>(Range::of(partition(user)).prefix("UPLOAD#").limit(STEP)).await?;
    if !page.items.is_empty() {
        bucket.delete(page.items.iter().flat_map(Upload::own_keys)).await?;
        table.delete_many(page.items.iter().map(store::Item::key).collect()).await?;
    }
    let attachments = of_user(table, user, None, STEP).await?;
    if !attachments.items.is_empty() {
        bucket.delete(attachments.items.iter().flat_map(|a| every_key(user, a.id))).await?;
        table.delete_many(attachments.items.iter().map(store::Item::key).collect()).await?;
    }
    if page.more || attachments.more {
        return Ok(Purged::More);
    }
    // There are few exports, because there is at most one a day and each expires after little more than a day.
    let archives = table.query::<Export>(Range::of(partition(user)).prefix("EXPORT#")).await?;
    if !archives.items.is_empty() {
        bucket.delete(archives.items.iter().map(|e| Export::object_key(user, e.id))).await?;
        table.delete_many(archives.items.iter().map(store::Item::key).collect()).await?;
    }
    Ok(Purged::Done)
}
