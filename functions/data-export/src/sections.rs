//! What goes into the archive: one line for each crate that stores something about a person, which itself knows what.
//!
//! `items.json` has what stands beside the person's record and what they own elsewhere, by kind; `contents.json` says of every
//! kind that was met whether it is told, and if not, why.

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

/// What becomes of the items of a person, by the crate that stores them.
const KINDS: [&[Kind]; 4] = [accounts::export::KINDS, passkeys::export::KINDS, files::export::KINDS, messaging::export::KINDS];

/// Puts everything about a person into the archive.
///
/// A query for their partition, one for what they own elsewhere; and what the crates say of what stands by itself.
///
/// # Errors
/// If anything cannot be read: an archive is whole or is not made.
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

/// What is told of items.
#[derive(Default)]
struct Telling {
    /// What is told, by kind.
    items: BTreeMap<String, Vec<Map<String, Value>>>,
    /// Of each kind where it is told, or why it is not.
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
