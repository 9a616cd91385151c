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

    /// The beginning of a word: see [`SearchEntry::of_words`]. `None` as for [`Term::part`].
    #[must_use]
    pub fn beginning(typed: &str) -> Option<Self> {
        Self::part(typed).map(|Self(text)| Self(format!(" {text}")))
    }

    /// The text in normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A search: the conditions that all have to hold for a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Parts of the text.
    terms: Vec<Term>,
    /// A part of the title.
    in_title: Option<Term>,
    /// The owners, at most [`OWNERS_MAX`]. An empty set matches no record; `None` matches all owners.
    owners: Option<BTreeSet<UserId>>,
    labels: BTreeSet<String>,
}

impl Wanted {
    /// Every record.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds a part of the text.
    #[must_use]
    pub fn with(mut self, term: Term) -> Self {
        self.terms.push(term);
        self
    }

    /// Adds a part of the title. Only for catalogues whose titles are in normal form and a part of the text, such as usernames.
    #[must_use]
    pub fn titled(mut self, part: Term) -> Self {
        self.in_title = Some(part);
        self
    }

    /// Adds the condition that the owner is one of these. Only the first [`OWNERS_MAX`] count. Without owners nothing matches.
    #[must_use]
    pub fn of(mut self, owners: impl IntoIterator<Item = UserId>) -> Self {
        self.owners = Some(owners.into_iter().take(usize::try_from(OWNERS_MAX).unwrap_or(usize::MAX)).collect());
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: impl ToString) -> Self {
        self.labels.insert(label(name, value));
        self
    }

    /// Whether every record matches.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a record matches.
    #[must_use]
    pub fn finds(&self, entry: &SearchEntry) -> bool {
        self.terms.iter().all(|term| entry.text().contains(term.text()))
            && self.in_title.as_ref().is_none_or(|term| entry.title.contains(term.text()))
            && self.owners.as_ref().is_none_or(|owners| entry.owner.is_some_and(|owner| owners.contains(&owner)))
            && self.labels.is_subset(&entry.labels)
    }

    /// The partitions of the lists that the search reads in a catalogue.
    #[must_use]
    pub fn partitions(&self, catalogue: Catalogue) -> Vec<String> {
        self.lists().iter().map(|list| list.partition(catalogue)).collect()
    }

    /// The lists that together contain all matches: one list, or one for each owner.
    pub(crate) fn lists(&self) -> Vec<List> {
        if let Some(owners) = &self.owners {
            return owners.iter().map(|owner| List::Owner(*owner)).collect();
        }
        let texts = self.terms.iter().chain(&self.in_title).map(Term::text);
        let gram = rarest(texts).map(|gram| List::Gram(gram.to_owned()));
        let label = || self.labels.first().cloned().map(List::Label);
        vec![gram.or_else(label).unwrap_or(List::All)]
    }

    /// The condition that a record of this list matches. `None` if all of them do.
    pub(crate) fn filter(&self, list: &List) -> Option<Cond> {
        let term = |term: &&Term| !matches!(list, List::Gram(gram) if gram == term.text());
        let texts = self.terms.iter().filter(term).map(|term| field("text").has(term.text()));
        let title = self.in_title.iter().map(|term| field("title").has(term.text()));
        let labels = self.labels.iter().filter(|label| !matches!(list, List::Label(own) if own == *label));
        let labels = labels.map(|label| field("labels").has(label));
        // The list of an owner contains only records of the owner.
        texts.chain(title).chain(labels).reduce(Cond::and)
    }

    /// The condition that a record does not match. `None` if that is true for no record or for all of them.
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
        let one = |wanted: &Wanted| wanted.lists();
        let gram = |gram: &str| vec![List::Gram(gram.to_owned())];
        assert_eq!(one(&Wanted::all()), [List::All]);
        assert_eq!(one(&Wanted::all().with(term("Żół"))), gram("zol"));
        assert_eq!(one(&Wanted::all().with(term("e"))), [List::All]);
        assert_eq!(one(&Wanted::all().with(term("e")).labelled("country", "PL")), [List::Label("country=PL".to_owned())]);
        assert_eq!(one(&Wanted::all().with(term("qx")).labelled("country", "PL")), gram("qx"));
        assert_eq!(one(&Wanted::all().with(term("zolw")).of([UserId::NIL])), [List::Owner(UserId::NIL)]);
        assert!(one(&Wanted::all().of([])).is_empty());
    }

    #[test]
    fn what_a_list_ensures_is_not_asked_again() {
        let wanted = Wanted::all().with(term("zol"));
        assert!(wanted.filter(&wanted.lists()[0]).is_none() && wanted.rest_filter().is_some());
        let wanted = wanted.labelled("country", "PL");
        assert!(wanted.filter(&wanted.lists()[0]).is_some());
        assert!(Wanted::all().of([]).rest_filter().is_none() && Wanted::all().rest_filter().is_none());
    }

    #[test]
    fn a_record_is_found_if_everything_holds() {
        let entry = SearchEntry::titled("mdl_1", "Żółty Rower").of(UserId::NIL).labelled("country", "PL");
        for (found, wanted) in [
            (true, Wanted::all()),
            (true, Wanted::all().with(term("ty ro")).labelled("country", "PL").of([UserId::NIL])),
            (true, Wanted::all().with(term("ZOL")).with(term("wer"))),
            (false, Wanted::all().with(term("zol")).labelled("country", "DE")),
            (false, Wanted::all().with(term("zol")).of([])),
            (false, Wanted::all().with(Term::beginning("rower").unwrap()).with(term("blue"))),
        ] {
            assert_eq!(wanted.finds(&entry), found, "{wanted:?}");
        }
        assert_eq!((Term::part(" \u{301} "), Term::beginning("")), (None, None));
    }
}
