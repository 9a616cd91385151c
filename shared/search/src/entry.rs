//! The entry of a record in the index, and the items that store it.

use std::{collections::BTreeSet, str::FromStr};

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, StoreError};

use crate::{Catalogue, grams::grams, normal};

/// The maximum number of characters of a text that are searched. Only characters whose normal form is a whole phrase make a title longer.
const TEXT_MAX: usize = 400;
/// The maximum number of bytes of a title in a sort key. A sort key has at most 1,024 bytes (DynamoDB), with the id of the record.
const SORT_MAX_BYTES: usize = 900;
/// The separator of title and id in a sort key. It is less than every character of a normal form, so that entries are sorted by title and
/// then by id.
const SEPARATOR: char = '\u{1}';

/// The entry of a record: what is needed to find it and to show it in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchEntry {
    /// The id of the record.
    pub id: String,
    /// The title, as it is shown. Lists are in the order of its normal form.
    pub title: String,
    /// What is searched, in normal form.
    text: String,
    /// The owner of the record, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The labels by which records are filtered. Each label has a list of its own, so a label should apply to many records.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
}

impl SearchEntry {
    /// An entry that is found by any part of its title.
    #[must_use]
    pub fn titled(id: impl ToString, title: &str) -> Self {
        Self::searched(id, title, &normal(title))
    }

    /// An entry that is found by the beginnings of these words, which are in normal form, and by any other part of them. See
    /// [`crate::Term::beginning`].
    #[must_use]
    pub fn of_words<'w>(id: impl ToString, title: &str, words: impl IntoIterator<Item = &'w str>) -> Self {
        Self::searched(id, title, &words.into_iter().flat_map(|word| [" ", word]).collect::<String>())
    }

    fn searched(id: impl ToString, title: &str, text: &str) -> Self {
        let text = text.chars().take(TEXT_MAX).collect();
        Self { id: id.to_string(), title: title.to_owned(), text, owner: None, labels: BTreeSet::new() }
    }

    /// Adds an owner.
    #[must_use]
    pub fn of(self, owner: UserId) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Adds a label.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: impl ToString) -> Self {
        self.labels.insert(label(name, value));
        self
    }

    /// The id of the record, parsed as its type.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the id is not of that type.
    pub fn record<I: FromStr>(&self) -> Result<I, StoreError> {
        self.id.parse().map_err(|_| StoreError::Corrupt { kind: Carrier::KIND, family: "SEARCH".to_owned(), why: "the id of another kind" })
    }

    /// The value of the label with this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find_map(|label| label.strip_prefix(name)?.strip_prefix('='))
    }

    /// What is searched, in normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sort key in every list: by the normal form of the title, and then by id.
    #[must_use]
    pub fn place(&self) -> String {
        let title = normal(&self.title);
        let title = title.get(..title.floor_char_boundary(SORT_MAX_BYTES)).unwrap_or(&title);
        format!("{title}{SEPARATOR}{}", self.id)
    }

    /// The lists that contain the entry.
    fn lists(&self) -> impl Iterator<Item = List> {
        let labels = self.labels.iter().cloned().map(List::Label);
        let grams = grams(&self.text).into_iter().map(|gram| List::Gram(gram.to_owned()));
        [List::All].into_iter().chain(self.owner.map(List::Owner)).chain(labels).chain(grams)
    }

    /// The items that store the entry. Each is in up to three of its lists.
    #[must_use]
    pub fn carriers(&self, catalogue: Catalogue) -> Vec<Carrier> {
        let (mut base, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        for list in self.lists() {
            match list.slot() {
                Slot::Base => base.push(list),
                Slot::First => first.push(list),
                Slot::Second => second.push(list),
            }
        }
        let count = base.len().max(first.len()).max(second.len());
        let partition = |lists: &[List], number: usize| lists.get(number).map(|list| list.partition(catalogue));
        let one = |number: usize| Carrier {
            entry: self.clone(),
            base: partition(&base, number).unwrap_or_else(|| catalogue.partition(&format!("RECORD#{}#{number}", self.id))),
            first: partition(&first, number),
            second: partition(&second, number),
        };
        (0..count).map(one).collect()
    }
}

/// A label as it is stored.
pub(crate) fn label(name: &str, value: impl ToString) -> String {
    format!("{name}={}", value.to_string())
}

/// A list of records in the order of their titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Every record.
    All,
    /// The records of a person.
    Owner(UserId),
    /// The records with a label.
    Label(String),
    /// The records whose text has this part.
    Gram(String),
}

/// Which key of an item a list uses: that of the base table, of `gsi1` or of `gsi2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Base,
    First,
    Second,
}

impl List {
    fn name(&self) -> String {
        match self {
            Self::All => "ALL".to_owned(),
            Self::Owner(user) => format!("OWNER#{user}"),
            Self::Label(label) => format!("LABEL#{label}"),
            Self::Gram(gram) => format!("GRAM#{gram}"),
        }
    }

    /// The slot is a hash of the name (FNV-1a), so that readers can compute it.
    fn slot(&self) -> Slot {
        let hash = self.name().bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        match hash % 3 {
            0 => Slot::Base,
            1 => Slot::First,
            _ => Slot::Second,
        }
    }

    pub(crate) fn partition(&self, catalogue: Catalogue) -> String {
        catalogue.partition(&self.name())
    }

    /// The whole list. Eventually consistent, as the indexes are.
    pub(crate) fn range(&self, catalogue: Catalogue) -> store::Range {
        let partition = self.partition(catalogue);
        match self.slot() {
            Slot::Base => store::Range::of(partition).eventually(),
            Slot::First => store::Range::of_index(Index::SearchFirst, partition),
            Slot::Second => store::Range::of_index(Index::SearchSecond, partition),
        }
    }
}

/// An item of the index: an entry, in up to three lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    #[serde(flatten)]
    pub(crate) entry: SearchEntry,
    /// The partition in the base table. The partitions are only in the keys of the item, so they are empty after a read.
    #[serde(skip)]
    base: String,
    #[serde(skip)]
    first: Option<String>,
    #[serde(skip)]
    second: Option<String>,
}

impl Item for Carrier {
    const KIND: &'static str = "search_carrier";
    const ABOUT: About = About::at("SEARCH#{list}", "{place}", Personal::Withheld("a copy of data of the record that it leads to"))
        .indexed(Index::SearchFirst, "SEARCH#{list}", "{place}")
        .indexed(Index::SearchSecond, "SEARCH#{list}", "{place}")
        .removed_by("search");
    fn key(&self) -> Key {
        Key::new(self.base.clone(), self.entry.place())
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let place = |partition: &String| Key::new(partition.clone(), self.entry.place());
        let first = self.first.as_ref().map(|partition| (Index::SearchFirst, place(partition)));
        let second = self.second.as_ref().map(|partition| (Index::SearchSecond, place(partition)));
        first.into_iter().chain(second).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red_bike() -> SearchEntry {
        SearchEntry::titled("mdl_1", "Red  Bike").of(UserId::NIL).labelled("country", "PL")
    }

    /// The partitions that a carrier is in.
    fn partitions(carrier: &Carrier) -> Vec<String> {
        [Some(&carrier.base), carrier.first.as_ref(), carrier.second.as_ref()].into_iter().flatten().cloned().collect()
    }

    #[test]
    fn carriers_are_in_each_list_once() {
        let entry = red_bike();
        let carriers = entry.carriers(Catalogue::Models);
        let mut all: Vec<String> = carriers.iter().flat_map(partitions).filter(|name| !name.contains("#RECORD#")).collect();
        all.sort_unstable();
        let mut expected: Vec<String> = entry.lists().map(|list| list.partition(Catalogue::Models)).collect();
        expected.sort_unstable();
        assert_eq!(all, expected);
        assert!(all.contains(&"SEARCH#models#GRAM#bik".to_owned()) && all.contains(&"SEARCH#models#LABEL#country=PL".to_owned()));
        let keys: BTreeSet<String> = carriers.iter().map(|carrier| carrier.key().partition().to_owned()).collect();
        assert_eq!(keys.len(), carriers.len(), "different keys");
        assert!(carriers.len() < all.len(), "{} for {}", carriers.len(), all.len());
    }

    #[test]
    fn titles_are_sorted_before_ids() {
        let place = |id: &str, title: &str| SearchEntry::titled(id, title).place();
        let sorted =
            [place("2", "Łan"), place("1", "lan a"), place("1", "lan!"), place("1", "lana"), place("2", "LANA"), place("1", "Zebra")];
        assert!(sorted.is_sorted(), "{sorted:?}");
        let long = place("mdl_1", &"\u{fdfa}".repeat(100));
        assert!(long.len() < 1024 && long.ends_with("\u{1}mdl_1"), "{}", long.len());
    }

    #[test]
    fn words_are_found_by_their_beginnings() {
        assert_eq!(SearchEntry::of_words("usr_1", "anna", ["anna", "nowak"]).text(), " anna nowak");
    }
}
