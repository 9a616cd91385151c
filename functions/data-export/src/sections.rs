//! The content of the archive. The types of items declare which attributes are in it (`kinds`).
//!
//! `items.json` has, by kind, the items in the person's partition and those that the person owns elsewhere. `contents.json` states for each
//! kind that was found where it is in the archive, or why it is not.

use std::collections::BTreeMap;

use accounts::{export::readable, user::partition};
use files::{ArchiveWriter, export::UploadedFile};
use function::Failure;
use futures_util::future::try_join_all;
use kernel::id::UserId;
use messaging::attachment::Attachment;
use serde_json::{Map, Value};
use store::{Personal, Range, Row};

use crate::{State, archive::Archive, kinds::KINDS};

/// The most files that are read at the same time, and the most bytes of them. A larger file is read alone.
const BATCH_FILES: usize = 16;
const BATCH_BYTES: u32 = 32 * 1024 * 1024;

/// Adds everything about a person to the archive.
///
/// AWS calls: a query of the person's partition, one of the items that they own elsewhere, and the calls of the crates whose items are in
/// other partitions.
///
/// # Errors
/// If any item cannot be read: no incomplete archive is made.
pub(crate) async fn write_sections(s: &State, archive: &mut Archive, object: &mut ArchiveWriter, user: UserId) -> Result<(), Failure> {
    let mut rows = s.table.query_rows(Range::of(partition(user))).await?.items;
    rows.extend(accounts::export::owned(&s.table, user).await?);
    let ItemSections { items, contents } = item_sections(&rows);
    archive.add_json("items.json", &items)?;
    archive.add_json("contents.json", &contents)?;

    let chats = messaging::export::chats(&s.table, user).await?;
    archive.add_json("rooms.json", &chats.rooms)?;
    archive.add_json("room_invitations.json", &chats.invitations)?;
    archive.add_json("messages.json", &chats.messages)?;
    archive.add_json("friends.json", &accounts::pair::export(&s.table, user).await?)?;
    for (name, jpeg) in files::export::pictures(&s.table, &s.bucket, user).await? {
        archive.add(&format!("pictures/{name}"), &jpeg)?;
    }
    let mut listed = Vec::new();
    for batch in into_batches(files::export::attachments(&s.table, user).await?) {
        let contents = try_join_all(batch.iter().map(|file| files::export::content(&s.bucket, file))).await?;
        for (file, content) in batch.into_iter().zip(contents) {
            if let Some((name, bytes)) = &content {
                archive.add(name, bytes)?;
            }
            listed.push(UploadedFile::new(file, content.map(|(name, _)| name)));
        }
        object.write(archive.take()).await?;
    }
    archive.add_json("attachments.json", &listed)
}

/// Groups files into batches that are read at the same time: several small files, or one large file.
fn into_batches(all: Vec<Attachment>) -> Vec<Vec<Attachment>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0_u32);
    for file in all {
        let more = file.file.as_ref().map_or(0, |file| file.bytes);
        if batch.len() >= BATCH_FILES || bytes.saturating_add(more) > BATCH_BYTES {
            batches.extend(Some(std::mem::take(&mut batch)).filter(|batch: &Vec<_>| !batch.is_empty()));
            bytes = 0;
        }
        bytes = bytes.saturating_add(more);
        batch.push(file);
    }
    batches.extend(Some(batch).filter(|batch| !batch.is_empty()));
    batches
}

/// The items in the archive.
#[derive(Default)]
struct ItemSections {
    /// The exported attributes of the items, by kind.
    items: BTreeMap<String, Vec<Map<String, Value>>>,
    /// For each kind the file in the archive, or the reason why it is not exported.
    contents: BTreeMap<String, &'static str>,
}

fn item_sections(rows: &[Row]) -> ItemSections {
    let ItemSections { mut items, mut contents } = ItemSections::default();
    for row in rows {
        let kind = row.kind();
        let place = match KINDS.iter().find(|(name, _)| *name == kind).map(|(_, personal)| *personal) {
            Some(Personal::Exported(attributes)) => {
                items.entry(kind.to_owned()).or_default().push(readable(row, attributes));
                "items.json"
            }
            Some(Personal::ExportedIn(file)) => file,
            Some(Personal::Withheld(why) | Personal::Nobody(why)) => why,
            None => {
                tracing::error!(kind, "no item type declares the export of this kind");
                "unknown"
            }
        };
        contents.insert(kind.to_owned(), place);
    }
    ItemSections { items, contents }
}
