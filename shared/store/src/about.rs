//! What a type of item says of itself: its keys, its places in the indexes, and what becomes of what it holds about a person.
//!
//! `ITEMS.md`, the export of personal data and the tests are made from this.

use crate::{Index, Stored};

/// The partition of what belongs to one person, as a pattern.
const PERSON: &str = "USER#{user}";
/// The partition of [`Index::Owner`], as a pattern.
const OWNED: &str = "OWNED#{user}";

/// What is known of every item of a type. Keys are patterns: literal text, and a name in braces for each part that differs from
/// item to item, as in `SESSION#{session}`. A part without a `#` behind it may contain one.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The pattern of the partition key.
    pub partition: &'static str,
    /// The pattern of the sort key.
    pub sort: &'static str,
    /// The places in generic indexes, apart from [`Index::Owner`]. An item may be out of them at times.
    indexed: [Option<IndexPattern>; 3],
    /// Whether it is in [`Index::Owner`] while it has an owner.
    pub owned: bool,
    /// The ranking that it may be in.
    pub ranking: Option<&'static str>,
    /// Whether it has a time to live.
    pub ttl: Ttl,
    /// What its person gets of it.
    pub personal: Personal,
    /// The logical id of its table in the template.
    pub table: &'static str,
    removal: Option<Removal>,
}

/// A place in an index. Keys are patterns, as in [`About`].
#[derive(Clone, Copy, Debug)]
pub struct IndexPattern {
    /// Which.
    pub index: Index,
    /// The pattern of the partition key.
    pub partition: &'static str,
    /// The pattern of the sort key.
    pub sort: &'static str,
}

/// Whether DynamoDB deletes an item by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It has no time to live.
    Never,
    /// It has one in some of its states.
    Sometimes,
    /// It has one.
    Always,
}

/// What an item has to do with a person, and what the export of everything about that person contains of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// These attributes.
    Exported(&'static [&'static str]),
    /// Its content, in this file of the export.
    ExportedIn(&'static str),
    /// Nothing, because of this.
    Withheld(&'static str),
    /// Nothing: it is about no person, because of this.
    Nobody(&'static str),
}

/// What removes an item when its person leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A step of the purge of an account, by its name.
    Step(&'static str),
    /// Its time to live.
    Expiry,
    /// Nothing: it may stay, because of this.
    Stays(&'static str),
}

impl About {
    /// An item in the partition of a person. Its type says the rest.
    #[must_use]
    pub const fn beside_user(sort: &'static str, personal: Personal) -> Self {
        Self::at(PERSON, sort, personal)
    }

    /// An item in another partition. Its type says the rest: so far it is in no index and does not expire.
    #[must_use]
    pub const fn at(partition: &'static str, sort: &'static str, personal: Personal) -> Self {
        let (indexed, owned, ranking, ttl, table, removal) = ([None, None, None], false, None, Ttl::Never, "StateTable", None);
        Self { partition, sort, indexed, owned, ranking, ttl, personal, table, removal }
    }

    /// Says that the item is also in a generic index. At most three.
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

    /// Says that the item is found by its owner, in [`Index::Owner`].
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

    /// Says that the item is in another table than most, by the table's logical id in the template.
    #[must_use]
    pub const fn in_table(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    /// Says which step of the purge of an account removes the item, or the person from it.
    #[must_use]
    pub const fn removed_by(mut self, step: &'static str) -> Self {
        self.removal = Some(Removal::Step(step));
        self
    }

    /// Says why the item may stay when its person has left.
    #[must_use]
    pub const fn stays(mut self, why: &'static str) -> Self {
        self.removal = Some(Removal::Stays(why));
        self
    }

    /// Whether the item is in the partition of a person.
    #[must_use]
    pub fn is_beside_user(&self) -> bool {
        self.partition == PERSON && self.table == "StateTable"
    }

    /// Its places in the generic indexes.
    pub fn places(&self) -> impl Iterator<Item = IndexPattern> {
        let owner = self.owned.then_some(IndexPattern { index: Index::Owner, partition: OWNED, sort: self.partition });
        self.indexed.into_iter().flatten().chain(owner)
    }

    /// What removes it when its person leaves: what its type says, or else what follows from where it is. `None` if nothing does,
    /// which is right only for what is about nobody.
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

/// A type of item, described. Written by [`items!`](crate::items).
#[derive(Clone, Copy, Debug)]
pub struct ItemKind {
    /// [`Stored::KIND`]
    pub name: &'static str,
    /// [`Stored::VERSION`]
    pub version: u32,
    /// The crate that stores it.
    pub package: &'static str,
    /// What the type says of its items.
    pub about: About,
}

impl ItemKind {
    /// The description of a type.
    #[must_use]
    pub const fn of<S: Stored>() -> Self {
        Self { name: S::KIND, version: S::VERSION, package: S::CRATE, about: S::ABOUT }
    }
}

/// Marker trait: the type is in its crate's list of items. Implemented by [`items!`](crate::items) alone, so that the compiler notices a type
/// that the list forgets.
pub trait Listed {
    /// The name of the crate.
    const CRATE: &'static str;
}

/// Lists every type of item that a crate stores, as its `ITEMS`.
///
/// ```text
/// store::items![Session, Device];
/// ```
///
/// A generic type stands behind a semicolon, with each type that is stored of it:
///
/// ```text
/// store::items![Book; <C: ContactKind> Pending<C>: Pending<Email>, Pending<Phone>];
/// ```
#[macro_export]
macro_rules! items {
    ($($item:ty),* $(; <$parameter:ident: $bound:path> $generic:ty: $($concrete:ty),+)?) => {
        $(impl $crate::Listed for $item {
            const CRATE: &'static str = env!("CARGO_PKG_NAME");
        })*
        $(impl<$parameter: $bound> $crate::Listed for $generic {
            const CRATE: &'static str = env!("CARGO_PKG_NAME");
        })?

        /// Every type of item that this crate stores.
        pub const ITEMS: &[$crate::ItemKind] =
            &[$($crate::ItemKind::of::<$item>(),)* $($($crate::ItemKind::of::<$concrete>(),)+)?];
    };
}
