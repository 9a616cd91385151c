//! The conditions of a search.

use std::collections::BTreeSet;

use kernel::id::UserId;
use store::{Cond, field};

use crate::{
    Catalogue, SearchEntry,
    entry::{List, label},
    grams::rarest,
    normal,
};

/// The maximum number of owners of a search. The list of each owner is read, so a page takes at most 27 calls: two queries and a batch to
/// find the owners, their lists, the rest, and the names.
pub const OWNERS_MAX: u32 = 22;

/// A part of the text of a record, in normal form. Not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(String);

impl Term {
    /// Parses a typed text. `None` if its normal form is empty.
    #[must_use]
    pub fn part(typed: &str) -> Option<Self> {
        Some(normal(typed)).filter(|text| !text.is_empty()).map(Self)
    }

    /// Returns the beginning of a word: see [`SearchEntry::of_words`]. `None` as for [`Term::part`].
    #[must_use]
    pub fn beginning(typed: &str) -> Option<Self> {
        Self::part(typed).map(|Self(text)| Self(format!(" {text}")))
    }

    /// Returns the text in normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A search: the conditions that all have to hold for a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Parts of the text.
    terms: Vec<Term>,
    /// A part of the title.
    in_title: Option<Term>,
    /// The owners, at most [`OWNERS_MAX`]. An empty set matches no record; `None` matches all owners.
    owners: Option<BTreeSet<UserId>>,
    labels: BTreeSet<String>,
}

impl SearchQuery {
    /// Creates a search for every record.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds a part of the text.
    #[must_use]
    pub fn containing(mut self, term: Term) -> Self {
        self.terms.push(term);
        self
    }

    /// Adds a part of the title. Only for catalogues whose titles are in normal form and a part of the text, such as usernames.
    #[must_use]
    pub fn title_containing(mut self, part: Term) -> Self {
        self.in_title = Some(part);
        self
    }

    /// Adds the condition that the owner is one of these. Only the first [`OWNERS_MAX`] count. Without owners nothing matches.
    #[must_use]
    pub fn owned_by(mut self, owners: impl IntoIterator<Item = UserId>) -> Self {
        self.owners = Some(owners.into_iter().take(usize::try_from(OWNERS_MAX).unwrap_or(usize::MAX)).collect());
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: impl ToString) -> Self {
        self.labels.insert(label(name, value));
        self
    }

    /// Returns whether every record matches.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether a record matches.
    #[must_use]
    pub fn matches(&self, entry: &SearchEntry) -> bool {
        self.terms.iter().all(|term| entry.text().contains(term.text()))
            && self.in_title.as_ref().is_none_or(|term| entry.title.contains(term.text()))
            && self.owners.as_ref().is_none_or(|owners| entry.owner.is_some_and(|owner| owners.contains(&owner)))
            && self.labels.is_subset(&entry.labels)
    }

    /// Returns the partitions of the lists that the search reads in a catalogue.
    #[must_use]
    pub fn partitions(&self, catalogue: Catalogue) -> Vec<String> {
        self.lists().iter().map(|list| list.partition(catalogue)).collect()
    }

    /// Returns the lists that together contain all matches: one list, or one for each owner.
    pub(crate) fn lists(&self) -> Vec<List> {
        if let Some(owners) = &self.owners {
            return owners.iter().map(|owner| List::Owner(*owner)).collect();
        }
        let texts = self.terms.iter().chain(&self.in_title).map(Term::text);
        let gram = rarest(texts).map(|gram| List::Gram(gram.to_owned()));
        let label = || self.labels.first().cloned().map(List::Label);
        vec![gram.or_else(label).unwrap_or(List::All)]
    }

    /// Returns the condition that a record of this list matches, or may match if its text is not stored. `None` if all of them match.
    pub(crate) fn filter(&self, catalogue: Catalogue, list: &List) -> Option<Cond> {
        let term = |term: &&Term| !matches!(list, List::Gram(gram) if gram == term.text());
        let text = |term: &Term| {
            let has = field("text").has(term.text());
            if catalogue.has_orders() { field("text").absent().or(has) } else { has }
        };
        let texts = self.terms.iter().filter(term).map(text);
        let title = self.in_title.iter().map(|term| field("title").has(term.text()));
        let labels = self.labels.iter().filter(|label| !matches!(list, List::Label(own) if own == *label));
        let labels = labels.map(|label| field("labels").has(label));
        // The list of an owner contains only records of the owner.
        texts.chain(title).chain(labels).reduce(Cond::and)
    }

    /// Returns the condition that a record does not match. `None` if that is true for no record or for all of them.
    pub(crate) fn rest_filter(&self) -> Option<Cond> {
        let texts = self.terms.iter().map(|term| field("text").lacks(term.text()));
        let title = self.in_title.iter().map(|term| field("title").lacks(term.text()));
        let others = self.owners.iter().flatten().map(|owner| field("owner").ne(owner)).reduce(Cond::and);
        // With an empty set of owners nothing matches, and the rest is everything.
        let nobody = self.owners.as_ref().is_some_and(BTreeSet::is_empty);
        let labels = self.labels.iter().map(|label| field("labels").lacks(label));
        texts.chain(title).chain(others).chain(labels).reduce(Cond::or).filter(|_| !nobody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(typed: &str) -> Term {
        Term::part(typed).unwrap()
    }

    #[test]
    fn the_shortest_list_is_read() {
        let one = |query: &SearchQuery| query.lists();
        let gram = |gram: &str| vec![List::Gram(gram.to_owned())];
        assert_eq!(one(&SearchQuery::all()), [List::All]);
        assert_eq!(one(&SearchQuery::all().containing(term("Żół"))), gram("zol"));
        assert_eq!(one(&SearchQuery::all().containing(term("e"))), [List::All]);
        assert_eq!(one(&SearchQuery::all().containing(term("e")).labelled("country", "PL")), [List::Label("country=PL".to_owned())]);
        assert_eq!(one(&SearchQuery::all().containing(term("qx")).labelled("country", "PL")), gram("qx"));
        assert_eq!(one(&SearchQuery::all().containing(term("zolw")).owned_by([UserId::NIL])), [List::Owner(UserId::NIL)]);
        assert!(one(&SearchQuery::all().owned_by([])).is_empty());
    }

    #[test]
    fn what_a_list_ensures_is_not_asked_again() {
        let query = SearchQuery::all().containing(term("zol"));
        assert!(query.filter(Catalogue::Models, &query.lists()[0]).is_none() && query.rest_filter().is_some());
        let query = query.labelled("country", "PL");
        assert!(query.filter(Catalogue::Models, &query.lists()[0]).is_some());
        assert!(SearchQuery::all().owned_by([]).rest_filter().is_none() && SearchQuery::all().rest_filter().is_none());
    }

    #[test]
    fn a_record_is_found_if_everything_holds() {
        let entry = SearchEntry::titled("mdl_1", "Żółty Rower").owned_by(UserId::NIL).labelled("country", "PL");
        for (found, query) in [
            (true, SearchQuery::all()),
            (true, SearchQuery::all().containing(term("ty ro")).labelled("country", "PL").owned_by([UserId::NIL])),
            (true, SearchQuery::all().containing(term("ZOL")).containing(term("wer"))),
            (false, SearchQuery::all().containing(term("zol")).labelled("country", "DE")),
            (false, SearchQuery::all().containing(term("zol")).owned_by([])),
            (false, SearchQuery::all().containing(Term::beginning("rower").unwrap()).containing(term("blue"))),
        ] {
            assert_eq!(query.matches(&entry), found, "{query:?}");
        }
        assert_eq!((Term::part(" \u{301} "), Term::beginning("")), (None, None));
    }
}
