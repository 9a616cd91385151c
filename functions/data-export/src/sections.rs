//! The content of the archive: one line for each crate that stores something about a person and knows its attributes.
//!
//! `items.json` has the items beside the person's record and those they own elsewhere, by kind. `contents.json` says for each
//! kind that was found where it is in the archive, or why it is not.

use std::collections::BTreeMap;

use accounts::{
    export::{Kind, Told, readable},
    user::partition,
};
use function::Failure;
use kernel::id::UserId;
use serde_json::{Map, Value};
use store::{Range, Row};

use crate::{State, archive::Archive};

/// The function of a crate that selects what the archive contains of its items.
const KINDS: [&[Kind]; 4] = [accounts::export::KINDS, passkeys::export::KINDS, files::export::KINDS, messaging::export::KINDS];

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

    let (rooms, said) = messaging::export::said(&s.table, user).await?;
    archive.add_json("rooms.json", &rooms)?;
    archive.add_json("messages.json", &said)?;
    for (name, jpeg) in files::export::pictures(&s.table, &s.bucket, user).await? {
        archive.add(&format!("pictures/{name}"), &jpeg)?;
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
        let said = match KINDS.into_iter().flatten().find(|known| known.name == kind).map(|known| known.told) {
            Some(Told::These(attributes)) => {
                items.entry(kind.to_owned()).or_default().push(readable(row, attributes));
                "items.json"
            }
            Some(Told::Nothing(why)) => why,
            None => {
                tracing::error!(kind, "nothing says what of this kind is told to its person");
                "unknown"
            }
        };
        contents.insert(kind.to_owned(), said);
    }
    Telling { items, contents }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_kind_is_spoken_of_once() {
        let names: Vec<&str> = KINDS.into_iter().flatten().map(|kind| kind.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }
}
