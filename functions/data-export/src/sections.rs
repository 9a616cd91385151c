//! The content of the archive. What of each kind of item is in it, the types of items say (`kinds`).
//!
//! `items.json` has the items beside the person's record and those they own elsewhere, by kind. `contents.json` says for each
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

/// Files that are read at the same time, and their bytes unless it is one.
const BATCH_FILES: usize = 16;
const BATCH_BYTES: u32 = 32 * 1024 * 1024;

/// Adds everything about a person to the archive.
///
/// A query of their partition, one of the items they own elsewhere, and the calls of the crates for items that are stored
/// apart.
///
/// # Errors
/// If anything cannot be read: an archive is complete or is not made.
pub(crate) async fn gather(s: &State, archive: &mut Archive, object: &mut ArchiveWriter, user: UserId) -> Result<(), Failure> {
    let mut rows = s.table.query_rows(Range::of(partition(user))).await?.items;
    rows.extend(accounts::export::owned(&s.table, user).await?);
    let Telling { items, contents } = told(&rows);
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
    for batch in in_batches(files::export::attachments(&s.table, user).await?) {
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

/// Files that are read at the same time: some small ones, or one large one.
fn in_batches(all: Vec<Attachment>) -> Vec<Vec<Attachment>> {
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

/// What the archive contains of items.
#[derive(Default)]
struct Telling {
    /// The content, by kind.
    items: BTreeMap<String, Vec<Map<String, Value>>>,
    /// For each kind, where it is in the archive or why it is not.
    contents: BTreeMap<String, &'static str>,
}

fn told(rows: &[Row]) -> Telling {
    let Telling { mut items, mut contents } = Telling::default();
    for row in rows {
        let kind = row.kind();
        let said = match KINDS.iter().find(|(name, _)| *name == kind).map(|(_, personal)| *personal) {
            Some(Personal::Exported(attributes)) => {
                items.entry(kind.to_owned()).or_default().push(readable(row, attributes));
                "items.json"
            }
            Some(Personal::ExportedIn(file)) => file,
            Some(Personal::Withheld(why) | Personal::Nobody(why)) => why,
            None => {
                tracing::error!(kind, "no type says what the export contains of this kind");
                "unknown"
            }
        };
        contents.insert(kind.to_owned(), said);
    }
    Telling { items, contents }
}
