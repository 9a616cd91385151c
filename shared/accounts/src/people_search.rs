//! The search for people by the beginnings of words of their names.
//!
//! The words are those of the username and, unless the profile is private, of the first and the last name. The transaction that changes a
//! name writes the entries for `search`. Each result is compared with the account, so that a stale entry finds nobody.

use std::collections::BTreeSet;

use kernel::{FieldError, id::UserId, text};
use search::{Catalogue, IndexChange, Position, Rest, SearchEntry, SearchPage, SearchQuery, normal};
use store::{
    StoreError, Table, Tx,
    limits::{DAY, MINUTE, Quota},
};

use crate::{
    identifier::{Contact, Email, Phone},
    user::{EmailClaim, PhoneClaim, User},
};

/// The maximum number of characters of a search.
pub const TERM_MAX: usize = 35;
/// The maximum number of words of a search by name.
pub const WORDS_MAX: usize = 4;
/// The maximum number of words by which a person can be found.
const WORDS_OF_PERSON: usize = 12;
/// The limit on searches, so that names cannot be collected by trying all beginnings.
pub const SEARCHES: Quota = Quota::window("people_search", 60, MINUTE, "searches for people for an account").frequent();
/// The limit on searches by address or number that find nobody, so that nobody can test long lists of addresses.
pub const MISSES: Quota = Quota::window("people_misses", 100, DAY, "searches by address or number that find nobody, for an account");

/// The beginning of a name to search for, in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(String);

impl Term {
    /// Parses what somebody has typed.
    ///
    /// # Errors
    /// `required` if the text is blank, `too_long`.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        if text::is_blank(typed) {
            return Err(FieldError::REQUIRED);
        }
        if typed.chars().count() > TERM_MAX {
            return Err(FieldError::TOO_LONG.with("max", TERM_MAX));
        }
        Ok(Self(normal(typed)))
    }

    /// Returns the text in normal form.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Returns whether a name begins with it.
    #[must_use]
    pub fn begins(&self, name: &str) -> bool {
        normal(name).starts_with(&self.0)
    }
}

/// The beginnings of words to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(SearchQuery);

impl Words {
    /// Parses what somebody has typed.
    ///
    /// # Errors
    /// `required` if there is no word, `too_short` for a single Latin letter or digit, `too_long` and `choice` for more than
    /// [`WORDS_MAX`] words.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let term = Term::parse(typed)?;
        let all: Vec<&str> = parts(term.text()).collect();
        let longest = all.iter().map(|word| word.len()).max().ok_or(FieldError::REQUIRED)?;
        if longest < 2 {
            return Err(FieldError::TOO_SHORT.with("min", 2));
        }
        if all.len() > WORDS_MAX {
            return Err(FieldError::TOO_LONG.with("max", TERM_MAX));
        }
        Ok(Self(all.into_iter().filter_map(search::Term::beginning).fold(SearchQuery::all(), SearchQuery::containing)))
    }

    /// Returns whether a person has names that begin with these words.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.0.matches(&entry(user))
    }

    /// Returns the next people whose names begin with these words, in the order of usernames. One query or two.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(&self, table: &Table, after: Position, limit: u32) -> Result<SearchPage, StoreError> {
        Catalogue::People.page(table, &self.0, Rest::Omitted, after, limit).await
    }
}

/// What a search for people looks for.
#[derive(Clone, Debug)]
pub enum PeopleSearch {
    /// The owner of a complete address or number.
    Contact(Contact),
    /// The people whom these words find.
    Words(Words),
}

impl PeopleSearch {
    /// Parses what somebody has typed: an address has an `@`, and a number begins with `+`.
    ///
    /// # Errors
    /// The errors of [`Email::parse`], [`Phone::parse`] and [`Words::parse`].
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let typed = typed.trim();
        if typed.contains('@') {
            Email::parse(typed).map(Contact::Email).map(Self::Contact)
        } else if typed.starts_with('+') {
            // The number has its country code, so the default country does not matter.
            Phone::parse(typed, "GB").map(Contact::Phone).map(Self::Contact)
        } else {
            Words::parse(typed).map(Self::Words)
        }
    }
}

/// Returns the owner of an address or number. One read.
///
/// # Errors
/// [`StoreError`]
pub async fn owner_of(table: &Table, contact: &Contact) -> Result<Option<UserId>, StoreError> {
    Ok(match contact {
        Contact::Email(email) => table.get::<EmailClaim>(EmailClaim::key_of(email)).await?.map(|claim| claim.user),
        Contact::Phone(phone) => table.get::<PhoneClaim>(PhoneClaim::key_of(phone)).await?.map(|claim| claim.user),
    })
}

/// Returns the words of a text in normal form. Underscores, which usernames contain, separate words.
fn parts(normal: &str) -> impl Iterator<Item = &str> {
    normal.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Returns the words by which a person is found.
fn words(user: &User) -> BTreeSet<String> {
    let username = user.username.to_string();
    let names = [&user.first_name, &user.last_name].into_iter().flatten().filter(|_| !user.private);
    let names: Vec<String> = names.map(|name| normal(name.as_ref())).collect();
    let of_username = username.split('_').filter(|part| part.len() > 1).chain([username.as_str()]);
    of_username.chain(names.iter().flat_map(|name| parts(name))).map(ToOwned::to_owned).take(WORDS_OF_PERSON).collect()
}

/// Returns the entry of a person in the search index.
fn entry(user: &User) -> SearchEntry {
    SearchEntry::of_words(user.id, user.username.as_ref(), words(user).iter().map(String::as_str))
}

/// Adds the search entries of a new account to a transaction, after all its other writes.
pub(crate) fn add(tx: &mut Tx, user: &User) -> IndexChange {
    Catalogue::People.add(tx, &entry(user))
}

/// Adds the change of a person's search entries to a transaction, after all its other writes. For changes of names and of whether the
/// profile is private.
pub fn change(tx: &mut Tx, old: &User, new: &User) -> IndexChange {
    Catalogue::People.change(tx, &entry(old), &entry(new))
}

/// Returns whether a change affects the words by which a person is found.
#[must_use]
pub fn differs(old: &User, new: &User) -> bool {
    entry(old) != entry(new)
}

/// Deletes the search entries of a person. It has to run before the user item is erased, which has the names.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<(), StoreError> {
    match table.get::<User>(User::key_of(user)).await? {
        Some(user) => Catalogue::People.purge(table, &entry(&user)).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Sys};

    use super::*;
    use crate::identifier::{PersonName, Username};

    fn anna() -> User {
        let sys = Sys::real();
        let name = |text| PersonName::parse(text).ok();
        let user = User::new(sys.id(), Username::parse("anna_k").unwrap(), Locale::En, sys.now());
        User { first_name: name("Anna Łucja"), last_name: name("Nowak-Żółw"), ..user }
    }

    #[test]
    fn people_are_found_by_the_beginnings_of_words() {
        let anna = anna();
        assert_eq!(words(&anna).into_iter().collect::<Vec<_>>(), ["anna", "anna_k", "lucja", "nowak", "zolw"]);
        let found = |typed: &str| Words::parse(typed).unwrap().matches(&anna);
        for typed in ["an", "ANNA_", "żół", "anna now", "Nowak Żó Łu"] {
            assert!(found(typed), "{typed}");
        }
        // Only by all of the words, and by their beginnings.
        assert!(!found("anna kow") && !found("owak") && !found("nna") && !found("ucja"));
        let private = User { private: true, ..anna };
        assert_eq!(words(&private).into_iter().collect::<Vec<_>>(), ["anna", "anna_k"]);
    }

    #[test]
    fn a_search_has_words() {
        for (typed, code) in [("", "required"), (" - ", "required"), ("a", "too_short"), ("a b", "too_short"), ("aa b c d e", "too_long")] {
            assert_eq!(Words::parse(typed).unwrap_err().code, code, "{typed}");
        }
        assert!(Words::parse("李").is_ok(), "a name of one character");
    }

    #[test]
    fn accents_and_case_do_not_matter() {
        for (typed, name) in [("ZOL", "Żółw"), (" żó", "zolw"), ("an", "Ana"), ("ﬁ", "Fiona"), ("Ь", "ьу")] {
            assert!(Term::parse(typed).unwrap().begins(name), "{typed} {name}");
        }
        assert!(!Term::parse("ola").unwrap().begins("Zola"));
        assert_eq!(Term::parse(" \u{200b}").unwrap_err().code, "required");
        assert_eq!(Term::parse(&"a".repeat(36)).unwrap_err().code, "too_long");
    }
}
