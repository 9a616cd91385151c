//! The description of a type of item: its keys, its index entries, and what happens to its personal data.
//!
//! `ITEMS.md`, the export of personal data, the purge and their tests are generated from or checked against these descriptions.

use crate::Index;

/// The pattern of the partition of a user.
const PERSON: &str = "USER#{user}";
/// The pattern of the partitions of [`Index::Owner`].
const OWNED: &str = "OWNED#{user}";

/// The description of a type of item. Keys are patterns: literal text, and a name in braces for each variable part, as in
/// `SESSION#{session}`. A variable part that is not followed by `#` may contain one.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The pattern of the partition key.
    pub partition: &'static str,
    /// The pattern of the sort key.
    pub sort: &'static str,
    /// The entries in generic indexes other than [`Index::Owner`]. An item need not have all of them at all times.
    indexed: [Option<IndexPattern>; 3],
    /// Whether an item with an owner is in [`Index::Owner`].
    pub owned: bool,
    /// The ranking that the item can be in.
    pub ranking: Option<&'static str>,
    /// Whether the item has a time to live.
    pub ttl: Ttl,
    /// What the export of a person's data contains of the item.
    pub personal: Personal,
    /// The logical id of the item's table in the template.
    pub table: &'static str,
    removal: Option<Removal>,
}

/// An entry in an index. Keys are patterns, as in [`About`].
#[derive(Clone, Copy, Debug)]
pub struct IndexPattern {
    /// The index.
    pub index: Index,
    /// The pattern of the partition key.
    pub partition: &'static str,
    /// The pattern of the sort key.
    pub sort: &'static str,
}

/// Whether DynamoDB deletes the items of a type by their time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// No item has a time to live.
    Never,
    /// Items have one in some of their states.
    Sometimes,
    /// Every item has one.
    Always,
}

/// Whether an item is about a person, and what the export of that person's data contains of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// These attributes.
    Exported(&'static [&'static str]),
    /// The whole item, in this file of the export.
    ExportedIn(&'static str),
    /// Nothing, for this reason.
    Withheld(&'static str),
    /// Nothing: the item is not about a person, for this reason.
    Nobody(&'static str),
}

/// What removes an item when the person it is about deletes their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The step of the account purge with this name.
    Step(&'static str),
    /// The time to live of the item.
    Expiry,
    /// Nothing: the item stays, for this reason.
    Stays(&'static str),
}

impl About {
    /// Returns an item in the partition of a user.
    #[must_use]
    pub const fn beside_user(sort: &'static str, personal: Personal) -> Self {
        Self::at(PERSON, sort, personal)
    }

    /// Returns an item in another partition. It is in no index and does not expire, unless the methods below say so.
    #[must_use]
    pub const fn at(partition: &'static str, sort: &'static str, personal: Personal) -> Self {
        let (indexed, owned, ranking, ttl, table, removal) = ([None, None, None], false, None, Ttl::Never, "StateTable", None);
        Self { partition, sort, indexed, owned, ranking, ttl, personal, table, removal }
    }

    /// Adds an entry in a generic index. At most three.
    #[must_use]
    pub const fn indexed(mut self, index: Index, partition: &'static str, sort: &'static str) -> Self {
        let place = Some(IndexPattern { index, partition, sort });
        self.indexed = match self.indexed {
            [None, ..] => [place, None, None],
            [first, None, _] => [first, place, None],
            [first, second, _] => [first, second, place],
        };
        self
    }

    /// Says that the item is in [`Index::Owner`] under its owner.
    #[must_use]
    pub const fn owned(mut self) -> Self {
        self.owned = true;
        self
    }

    /// Says that the item can be in this ranking.
    #[must_use]
    pub const fn ranked(mut self, ranking: &'static str) -> Self {
        self.ranking = Some(ranking);
        self
    }

    /// Says that the item always has a time to live.
    #[must_use]
    pub const fn expires(mut self) -> Self {
        self.ttl = Ttl::Always;
        self
    }

    /// Says that the item has a time to live in some of its states.
    #[must_use]
    pub const fn may_expire(mut self) -> Self {
        self.ttl = Ttl::Sometimes;
        self
    }

    /// Says that the item is not in the main table, but in the one with this logical id in the template.
    #[must_use]
    pub const fn in_table(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    /// Names the step of the account purge that removes the item, or the personal data from it.
    #[must_use]
    pub const fn removed_by(mut self, step: &'static str) -> Self {
        self.removal = Some(Removal::Step(step));
        self
    }

    /// Gives the reason why the item stays when the account is deleted.
    #[must_use]
    pub const fn stays(mut self, why: &'static str) -> Self {
        self.removal = Some(Removal::Stays(why));
        self
    }

    /// Returns whether the item is in the partition of a user.
    #[must_use]
    pub fn is_beside_user(&self) -> bool {
        self.partition == PERSON && self.table == "StateTable"
    }

    /// Returns the entries in generic indexes, [`Index::Owner`] included.
    pub fn places(&self) -> impl Iterator<Item = IndexPattern> {
        let owner = self.owned.then_some(IndexPattern { index: Index::Owner, partition: OWNED, sort: self.partition });
        self.indexed.into_iter().flatten().chain(owner)
    }

    /// Returns what removes the item when the account is deleted: what the description says, or else what follows from the keys and the
    /// time to live. `None` is an error unless the item is about nobody.
    #[must_use]
    pub fn removal(&self) -> Option<Removal> {
        let nobody = matches!(self.personal, Personal::Nobody(_));
        match self.removal {
            Some(said) => Some(said),
            None if nobody => None,
            None if self.is_beside_user() => Some(Removal::Step("account")),
            None if self.owned => Some(Removal::Step("flows")),
            None => (self.ttl == Ttl::Always).then_some(Removal::Expiry),
        }
    }
}
