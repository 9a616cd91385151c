//! The entry of a record in the index, and the items that store it.

use std::{collections::BTreeSet, str::FromStr};

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, Range, StoreError};

use crate::{Catalogue, grams::grams, normal};

/// The maximum number of characters of a text that are searched. Only characters whose normal form is a whole phrase make a title longer.
const TEXT_MAX: usize = 400;
/// The same for a product: its name and its description.
const LONG_TEXT_MAX: usize = 4_200;
/// The maximum number of bytes of a product's text that its postings contain. A longer one is compared in the product itself, so that the
/// postings stay small.
const STORED_TEXT_MAX: usize = 700;
/// The maximum number of bytes of a title in a sort key. A sort key has at most 1,024 bytes (DynamoDB), with the id of the record.
const SORT_MAX_BYTES: usize = 900;
/// The separator of title and id in a sort key, and of texts that are searched together. It is less than every character of a normal form,
/// so that entries are sorted by title and then by id, and no normal form contains it.
pub(crate) const SEPARATOR: char = '\u{1}';

/// The entry of a record: what is needed to find it and to show it in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchEntry {
    /// The id of the record.
    pub id: String,
    /// The title, as it is shown. Lists are in the order of its normal form.
    pub title: String,
    /// What is searched, in normal form. Empty in a posting of a product with a long text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// The owner of the record, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The price by which products are sorted, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<u64>,
    /// The labels by which records are filtered. Each label has a list of its own, so a label should apply to many records.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
}

impl SearchEntry {
    /// Returns an entry that is found by any part of its title.
    #[must_use]
    pub fn titled(id: impl ToString, title: &str) -> Self {
        Self::searched(id, title, &normal(title), TEXT_MAX)
    }

    /// Returns an entry that is found by any part of its title or of its description.
    #[must_use]
    pub fn described(id: impl ToString, title: &str, description: &str) -> Self {
        Self::searched(id, title, &format!("{}{SEPARATOR}{}", normal(title), normal(description)), LONG_TEXT_MAX)
    }

    /// Returns an entry that is found by the beginnings of these words, which are in normal form, and by any other part of them. See
    /// [`crate::Term::beginning`].
    #[must_use]
    pub fn of_words<'w>(id: impl ToString, title: &str, words: impl IntoIterator<Item = &'w str>) -> Self {
        Self::searched(id, title, &words.into_iter().flat_map(|word| [" ", word]).collect::<String>(), TEXT_MAX)
    }

    fn searched(id: impl ToString, title: &str, text: &str, max: usize) -> Self {
        let text = text.chars().take(max).collect();
        Self { id: id.to_string(), title: title.to_owned(), text, owner: None, price: None, labels: BTreeSet::new() }
    }

    /// Adds an owner.
    #[must_use]
    pub fn owned_by(self, owner: UserId) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Adds a price, in minor units.
    #[must_use]
    pub fn priced(self, amount: u64) -> Self {
        Self { price: Some(amount), ..self }
    }

    /// Adds a label.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: impl ToString) -> Self {
        self.labels.insert(label(name, value));
        self
    }

    /// Returns the id of the record, parsed as its type.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the id is not of that type.
    pub fn record<I: FromStr>(&self) -> Result<I, StoreError> {
        self.id.parse().map_err(|_| StoreError::Corrupt { kind: Posting::KIND, family: "SEARCH".to_owned(), why: "the id of another kind" })
    }

    /// Returns the value of the label with this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find_map(|label| label.strip_prefix(name)?.strip_prefix('='))
    }

    /// Returns what is searched, in normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the sort key in lists by title: by the normal form of the title, and then by id.
    pub(crate) fn sort_key(&self) -> String {
        let title = normal(&self.title);
        let title = title.get(..title.floor_char_boundary(SORT_MAX_BYTES)).unwrap_or(&title);
        format!("{title}{SEPARATOR}{}", self.id)
    }

    /// Returns the sort key in lists that are sorted by this. Every sort key ends with the id.
    fn sort_key_by(&self, by: SortBy) -> String {
        match by {
            SortBy::Id => self.id.clone(),
            SortBy::Title => self.sort_key(),
            SortBy::Price => format!("{:020}{SEPARATOR}{}", self.price.unwrap_or_default(), self.id),
        }
    }

    /// Returns the sort key in lists of this order.
    #[must_use]
    pub fn sort_key_in(&self, order: Order) -> String {
        self.sort_key_by(order.by)
    }

    /// Returns the lists that contain the entry.
    fn lists(&self) -> impl Iterator<Item = List> {
        let labels = self.labels.iter().cloned().map(List::Label);
        let grams = grams(&self.text).into_iter().map(|gram| List::Gram(gram.to_owned()));
        [List::All].into_iter().chain(self.owner.map(List::Owner)).chain(labels).chain(grams)
    }

    /// Returns the items that store the entry. In a catalogue with several orders each is in one of its lists, otherwise in up to three.
    #[must_use]
    pub fn postings(&self, catalogue: Catalogue) -> Vec<Posting> {
        if catalogue.has_orders() { self.ordered_postings(catalogue) } else { self.packed_postings(catalogue) }
    }

    /// Returns one posting for each list: by id in the base table, by title in `gsi1`, and by price in `gsi2`.
    fn ordered_postings(&self, catalogue: Catalogue) -> Vec<Posting> {
        let [id, title, price] = [SortBy::Id, SortBy::Title, SortBy::Price].map(|by| self.sort_key_by(by));
        let mut entry = self.clone();
        if entry.text.len() > STORED_TEXT_MAX {
            entry.text.clear();
        }
        let one = |list: List| {
            let key = |sort: &String| Key::new(list.partition(catalogue), sort.clone());
            Posting { entry: entry.clone(), base: key(&id), first: Some(key(&title)), second: Some(key(&price)) }
        };
        self.lists().map(one).collect()
    }

    /// Postings that are in up to three lists each, all sorted by title.
    fn packed_postings(&self, catalogue: Catalogue) -> Vec<Posting> {
        let (mut base, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        for list in self.lists() {
            match list.slot() {
                Slot::Base => base.push(list),
                Slot::First => first.push(list),
                Slot::Second => second.push(list),
            }
        }
        let (count, sort) = (base.len().max(first.len()).max(second.len()), self.sort_key());
        let key = |lists: &[List], number: usize| lists.get(number).map(|list| Key::new(list.partition(catalogue), sort.clone()));
        let no_list = |number: usize| Key::new(catalogue.partition(&format!("RECORD#{}#{number}", self.id)), sort.clone());
        let one = |number: usize| Posting {
            entry: self.clone(),
            base: key(&base, number).unwrap_or_else(|| no_list(number)),
            first: key(&first, number),
            second: key(&second, number),
        };
        (0..count).map(one).collect()
    }
}

/// Returns a label as it is stored.
pub(crate) fn label(name: &str, value: impl ToString) -> String {
    format!("{name}={}", value.to_string())
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The id, so the time of creation.
    Id,
    /// The normal form of the title.
    Title,
    /// The price.
    Price,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it is sorted by.
    pub by: SortBy,
    /// Whether the greatest come first.
    pub descending: bool,
}

impl Order {
    /// By title, ascending.
    pub const TITLES: Self = Self { by: SortBy::Title, descending: false };
}

/// A list of records.
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

    /// Returns the slot. It follows from a hash of the name (FNV-1a), so that readers can compute it.
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

    /// Returns the list after a sort key, which is empty at its beginning. Eventually consistent, as the indexes are. Only catalogues with
    /// several orders have others than that of titles.
    pub(crate) fn range(&self, catalogue: Catalogue, order: Order, after: &str) -> Range {
        let partition = self.partition(catalogue);
        if catalogue.has_orders() {
            return ordered_range(&partition, order, after);
        }
        let range = match self.slot() {
            Slot::Base => Range::of(partition).eventually(),
            Slot::First => Range::of_index(Index::SearchFirst, partition),
            Slot::Second => Range::of_index(Index::SearchSecond, partition),
        };
        if after.is_empty() { range } else { range.beyond(after) }
    }
}

/// Returns a partition of a catalogue with several orders, after a sort key.
fn ordered_range(partition: &str, order: Order, after: &str) -> Range {
    let (range, in_index) = match order.by {
        SortBy::Id => (Range::of(partition).eventually(), false),
        SortBy::Title => (Range::of_index(Index::SearchFirst, partition), true),
        SortBy::Price => (Range::of_index(Index::SearchSecond, partition), true),
    };
    let range = if order.descending { range.newest_first() } else { range };
    // Every sort key ends with the id, which is the sort key in the base table.
    match after.rsplit(SEPARATOR).next().filter(|id| !id.is_empty()) {
        None => range,
        Some(id) => range.after(Key::new(partition, id), in_index.then(|| Key::new(partition, after))),
    }
}

/// An item of the index: an entry, in one list or up to three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    #[serde(flatten)]
    pub(crate) entry: SearchEntry,
    /// The key in the base table. A posting that was read does not know its keys.
    #[serde(skip, default = "no_key")]
    base: Key,
    #[serde(skip)]
    first: Option<Key>,
    #[serde(skip)]
    second: Option<Key>,
}

fn no_key() -> Key {
    Key::new("", "")
}

impl Item for Posting {
    const KIND: &'static str = "search_posting";
    const ABOUT: About = About::at("SEARCH#{list}", "{sort}", Personal::Withheld("a copy of data of the record that it leads to"))
        .indexed(Index::SearchFirst, "SEARCH#{list}", "{sort}")
        .indexed(Index::SearchSecond, "SEARCH#{list}", "{sort}")
        .removed_by("search");
    fn key(&self) -> Key {
        self.base.clone()
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let first = self.first.clone().map(|key| (Index::SearchFirst, key));
        let second = self.second.clone().map(|key| (Index::SearchSecond, key));
        first.into_iter().chain(second).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red_bike() -> SearchEntry {
        SearchEntry::titled("mdl_1", "Red  Bike").owned_by(UserId::NIL).labelled("country", "PL")
    }

    /// Returns the partitions that a posting is in.
    fn partitions(posting: &Posting) -> Vec<String> {
        let keys = [Some(&posting.base), posting.first.as_ref(), posting.second.as_ref()];
        keys.into_iter().flatten().map(|key| key.partition().to_owned()).collect()
    }

    #[test]
    fn postings_are_in_each_list_once() {
        let entry = red_bike();
        let postings = entry.postings(Catalogue::Models);
        let mut all: Vec<String> = postings.iter().flat_map(partitions).filter(|name| !name.contains("#RECORD#")).collect();
        all.sort_unstable();
        let mut expected: Vec<String> = entry.lists().map(|list| list.partition(Catalogue::Models)).collect();
        expected.sort_unstable();
        assert_eq!(all, expected);
        assert!(all.contains(&"SEARCH#models#GRAM#bik".to_owned()) && all.contains(&"SEARCH#models#LABEL#country=PL".to_owned()));
        let keys: BTreeSet<String> = postings.iter().map(|posting| posting.key().partition().to_owned()).collect();
        assert_eq!(keys.len(), postings.len(), "different keys");
        assert!(postings.len() < all.len(), "{} for {}", postings.len(), all.len());
    }

    #[test]
    fn titles_are_sorted_before_ids() {
        let key = |id: &str, title: &str| SearchEntry::titled(id, title).sort_key();
        let sorted = [key("2", "Łan"), key("1", "lan a"), key("1", "lan!"), key("1", "lana"), key("2", "LANA"), key("1", "Zebra")];
        assert!(sorted.is_sorted(), "{sorted:?}");
        let long = key("mdl_1", &"\u{fdfa}".repeat(100));
        assert!(long.len() < 1024 && long.ends_with("\u{1}mdl_1"), "{}", long.len());
    }

    /// A product is in each of its lists by id, title and price, and only short texts are stored again in every list.
    #[test]
    fn a_product_is_in_each_list_in_three_orders() {
        let entry = SearchEntry::described("prd_1", "Żółw", "Of stone.").priced(1999).labelled("category", "cat_1");
        let postings = entry.postings(Catalogue::Products);
        assert_eq!(postings.len(), entry.lists().count());
        for posting in &postings {
            let partition = posting.base.partition().to_owned();
            assert_eq!(partitions(posting), vec![partition; 3]);
            let sorts = [Some(&posting.base), posting.first.as_ref(), posting.second.as_ref()].map(|key| key.unwrap().sort().to_owned());
            assert_eq!(sorts, ["prd_1", "zolw\u{1}prd_1", "00000000000000001999\u{1}prd_1"]);
            assert_eq!(posting.entry.text(), "zolw\u{1}of stone.");
        }
        let long = SearchEntry::described("prd_1", "Żółw", &"stone ".repeat(200));
        assert!(long.text().len() > 1000 && long.postings(Catalogue::Products).iter().all(|posting| posting.entry.text().is_empty()));
        assert!(entry.lists().all(|list| !list.name().contains(SEPARATOR)));
    }

    #[test]
    fn words_are_found_by_their_beginnings() {
        assert_eq!(SearchEntry::of_words("usr_1", "anna", ["anna", "nowak"]).text(), " anna nowak");
    }
}
