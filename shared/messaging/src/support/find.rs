//! Finding threads by the words of their subjects. Each word has an item, which is written with the subject.

use std::{cmp::Reverse, collections::BTreeSet};

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
/// The maximum number of threads that a search finds.
pub const FOUND_MAX: u32 = 50;

/// A word of a thread's subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectWord {
    word: String,
    /// The thread.
    pub room: RoomId,
    /// Its customer.
    pub customer: UserId,
}

impl Item for SubjectWord {
    const KIND: &'static str = "support_word";
    const ABOUT: About =
        About::at("SUPPORT_WORD#{start}", "{word}#{room}", Personal::Withheld("a word of the subject of the person's support thread"))
            .owned();
    fn key(&self) -> Key {
        Key::new(words_like(&self.word), format!("{}#{}", self.word, self.room))
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

/// Returns the threads whose subject has words with all of these beginnings. A query for each of them, all at once, and a batch read of the
/// threads, none if there are none.
///
/// # Errors
/// [`StoreError`]
pub async fn by_subject(table: &Table, search: &Search) -> Result<Vec<Room>, StoreError> {
    let beginning = |part: &String| Range::of(words_like(part)).prefix(part.clone()).limit(FOUND_MAX).eventually();
    let pages = try_join_all(search.0.iter().map(|part| table.query::<SubjectWord>(beginning(part)))).await?;
    // Every thread that fits is among those of each word. A word that many subjects have does not lead to all of them. If all words are
    // such, the longest one leads to the most that fit.
    let rarity = |(part, page): &(&String, Page<SubjectWord>)| (page.more, page.items.len(), Reverse(part.chars().count()));
    let rarest = search.0.iter().zip(pages).min_by_key(rarity);
    let rooms: BTreeSet<RoomId> = rarest.into_iter().flat_map(|(_, page)| page.items).map(|word| word.room).collect();
    if rooms.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = table.get_many(rooms.iter().map(|room| Room::key_of(*room)).collect()).await?;
    let mut threads = Vec::new();
    for room in rooms {
        let thread = found.take::<Room>(&Room::key_of(room))?;
        threads.extend(thread.filter(|room| room.desk.as_ref().is_some_and(|desk| fits(search, &desk.subject))));
    }
    Ok(threads)
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
