//! Ranges of a partition, and pages of results.

use crate::{Index, Key, index::RANKING, item::family};

/// A query of a partition: which items, in which order, and how many.
#[derive(Clone, Debug)]
pub struct Range {
    /// The names of the index and of its two key attributes.
    pub(crate) index: Option<(&'static str, &'static str, &'static str)>,
    pub(crate) pk: String,
    pub(crate) sort: Sort,
    pub(crate) forward: bool,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<(Key, Option<Key>)>,
    pub(crate) consistent: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Sort {
    All,
    Prefix(String),
    Between(String, String),
    Beyond(String),
}

impl Range {
    /// Returns the whole partition, ascending, strongly consistent.
    #[must_use]
    pub fn of(pk: impl Into<String>) -> Self {
        Self { index: None, pk: pk.into(), sort: Sort::All, forward: true, limit: None, after: None, consistent: true }
    }

    /// Returns a partition of an index, ascending. Indexes are eventually consistent.
    #[must_use]
    pub fn of_index(index: Index, pk: impl Into<String>) -> Self {
        Self { index: Some(index.names()), consistent: false, ..Self::of(pk) }
    }

    /// Returns the first items of a ranking, in descending order ([`crate::Update::rank`]). Eventually consistent.
    #[must_use]
    pub fn of_ranking(ranking: &str, items: u32) -> Self {
        Self { index: Some(RANKING), consistent: false, ..Self::of(ranking) }.newest_first().limit(items)
    }

    /// Only sort keys with this prefix.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.sort = Sort::Prefix(prefix.into());
        self
    }

    /// Only sort keys from `low` to `high`, inclusive.
    #[must_use]
    pub fn between(mut self, low: impl Into<String>, high: impl Into<String>) -> Self {
        self.sort = Sort::Between(low.into(), high.into());
        self
    }

    /// Only sort keys greater than this one. Unlike [`Range::after`], an item with this key need not exist any more.
    #[must_use]
    pub fn beyond(mut self, low: impl Into<String>) -> Self {
        self.sort = Sort::Beyond(low.into());
        self
    }

    /// Descending.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.forward = false;
        self
    }

    /// Limits the range to this many items.
    #[must_use]
    pub const fn limit(mut self, items: u32) -> Self {
        self.limit = Some(items);
        self
    }

    /// Continues after this item. For an index, also pass the item's key in it.
    #[must_use]
    pub fn after(mut self, key: Key, in_index: Option<Key>) -> Self {
        self.after = Some((key, in_index));
        self
    }

    /// Returns the family of its items, if it can be determined: see [`crate::item::family`].
    pub(crate) fn family(&self) -> &str {
        match &self.sort {
            Sort::Prefix(prefix) => family(&self.pk, prefix),
            Sort::All | Sort::Between(..) | Sort::Beyond(_) => family(&self.pk, ""),
        }
    }

    /// Eventually consistent: half the price, but recent writes may be missing.
    #[must_use]
    pub const fn eventually(mut self) -> Self {
        self.consistent = false;
        self
    }
}

/// A page of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the requested order.
    pub items: Vec<T>,
    /// Whether there are items after this page.
    pub more: bool,
}

impl<T> Page<T> {
    /// Returns the item after which the next page begins, if there is one.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.items.last().filter(|_| self.more)
    }
}

/// The result of [`Table::window`](crate::Table::window): the matching items that one request found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<T> {
    /// The items, in the requested order.
    pub items: Vec<T>,
    /// The sort key of the last item that was examined, in the index if the range is of an index. `None` at the end of the range.
    pub reached: Option<String>,
}
