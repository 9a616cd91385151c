//! The content of the archive. What of each kind of item is in it, the types of items say (`kinds`).
//!
//! `items.json` has the items beside the person's record and those they own elsewhere, by kind. `contents.json` says for each
//! kind that was found where it is in the archive, or why it is not.

use std::collections::BTreeMap;

use accounts::{export::readable, user::partition};
use function::Failure;
use kernel::id::UserId;
use serde_json::{Map, Value};
use store::{Personal, Range, Row};

use crate::{State, archive::Archive, kinds::KINDS};

/// Adds everything about a person to the archive.
///
/// A query of their partition, one of the items they own elsewhere, and the calls of the crates for items that are stored
/// apart.
///
/// # Errors
/// If anything cannot be read: an archive is complete or is not made.
pub(crate) async fn gather(s: &State, archive: &mut Archive, user: UserId) -> Result<(), Failure> {
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
    let (uploaded, contents) = files::export::attachments(&s.table, &s.bucket, user).await?;
    archive.add_json("attachments.json", &uploaded)?;
    for (name, content) in contents {
        archive.add(&name, &content)?;
    }
    Ok(())
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
