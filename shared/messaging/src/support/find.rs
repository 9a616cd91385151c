//! Finding threads by the words of their subjects. Each word has an item, which is written with the subject.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use accounts::user::owned;
use futures_util::future::try_join_all;
use kernel::{
    FieldError,
    id::{RoomId, UserId},
};
use search::normal;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx};

use crate::{room::Room, support::desk::Subject};

/// The maximum number of words by which a subject is found.
const WORDS_OF_SUBJECT: usize = 8;
/// The maximum number of words of a search.
const WORDS_OF_SEARCH: usize = 4;

/// A word of a thread's subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectWord {
    word: String,
    /// The thread.
    pub room: RoomId,
    /// Its customer.
    pub customer: UserId,
}

impl SubjectWord {
    fn key_of(word: &str, room: RoomId) -> Key {
        Key::new(words_like(word), format!("{word}#{room}"))
    }
}

impl Item for SubjectWord {
    const KIND: &'static str = "support_word";
    const ABOUT: About =
        About::at("SUPPORT_WORD#{start}", "{word}#{room}", Personal::Withheld("a word of the subject of the person's support thread"))
            .owned();
    fn key(&self) -> Key {
        Self::key_of(&self.word, self.room)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, owned(self.customer, &self.key()))]
    }
}

/// Returns the partition of all words with the same first character.
fn words_like(word: &str) -> String {
    format!("SUPPORT_WORD#{}", word.chars().next().map(String::from).unwrap_or_default())
}

fn words(text: &str) -> BTreeSet<String> {
    let text = normal(text);
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 1);
    words.take(WORDS_OF_SUBJECT).map(ToOwned::to_owned).collect()
}

/// Adds the words of a subject to a transaction.
pub(crate) fn add(tx: &mut Tx, room: RoomId, customer: UserId, subject: &Subject) {
    for word in words(&subject.to_string()) {
        tx.put_always(&SubjectWord { word, room, customer });
    }
}

/// Adds the deletion of the words of a subject to a transaction, except those that the next subject contains.
pub(crate) fn forget(tx: &mut Tx, room: RoomId, customer: UserId, before: &Subject, after: &Subject) {
    for word in words(&before.to_string()).difference(&words(&after.to_string())) {
        tx.delete(SubjectWord { word: word.clone(), room, customer }.key());
    }
}

/// The beginnings of words to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(BTreeSet<String>);

impl Search {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `required` if there is no word of two characters.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let words: BTreeSet<String> = words(typed).into_iter().take(WORDS_OF_SEARCH).collect();
        if words.is_empty() { Err(FieldError::REQUIRED) } else { Ok(Self(words)) }
    }
}

/// A position in the words that a search reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordPosition {
    /// The beginning of the words.
    part: String,
    /// The last word.
    word: String,
    /// Its thread.
    room: RoomId,
}

/// A page of the threads that a search finds.
#[derive(Debug)]
pub struct Found {
    /// The threads: fewer than the limit, or none, if other words of the search are not in the subjects that were read.
    pub threads: Vec<Room>,
    /// Where the next page begins, if there is one.
    pub next: Option<WordPosition>,
}

/// Returns threads whose subject has words with all of these beginnings. A query for each of them, all at once, or one query on later
/// pages; and a batch read of the threads, none if there are none.
///
/// # Errors
/// [`StoreError`]
pub async fn by_subject(table: &Table, search: &Search, after: Option<&WordPosition>, limit: u32) -> Result<Found, StoreError> {
    let read = match after {
        Some(position) => Some((position.part.clone(), beginning(table, &position.part, after, limit).await?)),
        None => rarest(table, search, limit).await?,
    };
    let Some((part, page)) = read.filter(|(_, page)| !page.items.is_empty()) else {
        return Ok(Found { threads: Vec::new(), next: None });
    };
    let rooms: BTreeSet<RoomId> = page.items.iter().map(|word| word.room).collect();
    let mut batch = table.get_many(rooms.iter().map(|room| Room::key_of(*room)).collect()).await?;
    let mut known: BTreeMap<RoomId, Room> = BTreeMap::new();
    for room in rooms {
        known.extend(batch.take::<Room>(&Room::key_of(room))?.map(|thread| (room, thread)));
    }
    let mut threads = Vec::new();
    for SubjectWord { word, room, .. } in &page.items {
        let desk = known.get(room).and_then(|thread| thread.desk.as_ref());
        // A subject may have several words with this beginning, on several pages. It is found by the first one.
        if desk.is_some_and(|desk| fits(search, &desk.subject) && first_word(&desk.subject, &part).as_ref() == Some(word)) {
            threads.extend(known.remove(room));
        }
    }
    let next = page.last().map(|last| WordPosition { part, word: last.word.clone(), room: last.room });
    Ok(Found { threads, next })
}

/// Returns the first page for the beginning of a search that leads to the fewest threads. Every thread that fits is among those of each
/// beginning. If all of them have more than a page, the longest one has the most threads that fit.
async fn rarest(table: &Table, search: &Search, limit: u32) -> Result<Option<(String, Page<SubjectWord>)>, StoreError> {
    let pages = try_join_all(search.0.iter().map(|part| beginning(table, part, None, limit))).await?;
    let rarity = |(part, page): &(&String, Page<SubjectWord>)| (page.more, page.items.len(), Reverse(part.chars().count()));
    Ok(search.0.iter().zip(pages).min_by_key(rarity).map(|(part, page)| (part.clone(), page)))
}

/// Returns words with a beginning, in alphabetical order. One query.
async fn beginning(table: &Table, part: &str, after: Option<&WordPosition>, limit: u32) -> Result<Page<SubjectWord>, StoreError> {
    let range = Range::of(words_like(part)).prefix(part.to_owned()).limit(limit).eventually();
    let range = match after {
        Some(position) => range.after(SubjectWord::key_of(&position.word, position.room), None),
        None => range,
    };
    table.query(range).await
}

/// Returns the first word of a subject, in alphabetical order, with a beginning.
fn first_word(subject: &Subject, part: &str) -> Option<String> {
    words(&subject.to_string()).into_iter().find(|word| word.starts_with(part))
}

/// Returns whether every word of a search begins a word of a subject.
fn fits(search: &Search, subject: &Subject) -> bool {
    let theirs = words(&subject.to_string());
    search.0.iter().all(|part| theirs.iter().any(|word| word.starts_with(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_found_by_the_beginnings_of_its_words() {
        let subject = Subject::parse("Zgubiona paczka, Łódź 7").unwrap();
        let found = |typed: &str| fits(&Search::parse(typed).unwrap(), &subject);
        assert!(found("PACZ") && found("lodz zgub") && !found("paczki"));
        assert_eq!(Search::parse(" - 7").unwrap_err().code, "required");
    }
}
