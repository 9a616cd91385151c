//! Searching for people by the beginnings of words of their names.
//!
//! Each word has an item, written in the transaction that changes the name: those of the username, and those of the first and the last
//! name unless the profile is private. A search reads the items that begin with a word, and compares them with the accounts that
//! they lead to, so that an item that is out of date finds nobody.

use std::collections::BTreeSet;

use kernel::{FieldError, id::UserId, text};
use serde::{Deserialize, Serialize};
use store::{
    About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx,
    limits::{DAY, MINUTE, Quota},
};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::user::{User, owned};

/// The most characters of a search.
pub const TERM_MAX: usize = 35;
/// The most words of a search by name.
pub const WORDS_MAX: usize = 4;
/// The most words by which a person is found.
const WORDS_OF_PERSON: usize = 12;
/// The searches of an account, so that names cannot be collected by trying all beginnings.
pub const SEARCHES: Quota = Quota::window("people_search", 60, MINUTE, "searches for people for an account").frequent();
/// The searches by address or number that find nobody, so that they do not tell who has an account.
pub const MISSES: Quota = Quota::window("people_misses", 100, DAY, "searches by address or number that find nobody, for an account");

/// A name as it is compared: lower case, without accents, in compatible characters, so that `Żółw` and `ZOLW` are equal.
#[must_use]
pub fn folded(name: &str) -> String {
    let plain = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    plain.fold(String::with_capacity(name.len()), |mut folded, c| {
        match c {
            // Letters that Unicode does not decompose.
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            other => folded.push(other),
        }
        folded
    })
}

/// The beginning of a name that somebody looks for, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term(String);

impl Term {
    /// Parses what somebody has typed.
    ///
    /// # Errors
    /// `required` if nothing of it is seen, `too_long`.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        if text::is_blank(typed) {
            return Err(FieldError::new("required"));
        }
        if typed.chars().count() > TERM_MAX {
            return Err(FieldError::new("too_long").with("max", TERM_MAX));
        }
        Ok(Self(folded(typed.trim())))
    }

    /// The folded text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether a name begins with it.
    #[must_use]
    pub fn begins(&self, name: &str) -> bool {
        folded(name).starts_with(&self.0)
    }
}

/// The beginnings of words that somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The longest one, which is looked up.
    longest: String,
    all: Vec<String>,
}

impl Words {
    /// Parses what somebody has typed.
    ///
    /// # Errors
    /// `required` if there is no word, `too_short` for a single Latin letter or digit, `too_long` and `choice` for more than
    /// [`WORDS_MAX`] words.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let term = Term::parse(typed)?;
        let all: Vec<String> = parts(term.text()).map(ToOwned::to_owned).collect();
        let longest = all.iter().max_by_key(|word| word.chars().count()).cloned().ok_or_else(|| FieldError::new("required"))?;
        if longest.len() < 2 {
            return Err(FieldError::new("too_short").with("min", 2));
        }
        if all.len() > WORDS_MAX {
            return Err(FieldError::new("too_long").with("max", TERM_MAX));
        }
        Ok(Self { longest, all })
    }

    /// Whether a person is found by them, and this is the first of the person's words by which they are: they are returned once.
    #[must_use]
    pub fn find(&self, user: &User, by: &SearchWord) -> bool {
        let theirs = words(user);
        let first = theirs.iter().find(|word| word.starts_with(&self.longest));
        first.is_some_and(|word| *word == by.word) && self.all.iter().all(|part| theirs.iter().any(|word| word.starts_with(part)))
    }
}

/// The words of a folded text. Usernames contain underscores.
fn parts(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The words by which a person is found.
fn words(user: &User) -> BTreeSet<String> {
    let username = user.username.to_string();
    let names = [&user.first_name, &user.last_name].into_iter().flatten().filter(|_| !user.private);
    let names: Vec<String> = names.map(|name| folded(name.as_ref())).collect();
    let of_username = username.split('_').filter(|part| part.len() > 1).chain([username.as_str()]);
    of_username.chain(names.iter().flat_map(|name| parts(name))).map(ToOwned::to_owned).take(WORDS_OF_PERSON).collect()
}

/// A word of somebody's names, which leads to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchWord {
    word: String,
    /// The person.
    pub user: UserId,
}

impl SearchWord {
    /// Where the next page begins after this word.
    #[must_use]
    pub fn position(&self) -> (String, UserId) {
        (self.word.clone(), self.user)
    }
}

impl Item for SearchWord {
    const KIND: &'static str = "search_word";
    const ABOUT: About =
        About::at("WORD#{start}", "{word}#{user}", Personal::Withheld("a word of the names in the record of its person")).owned();
    fn key(&self) -> Key {
        Key::new(words_like(&self.word), format!("{}#{}", self.word, self.user))
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, owned(self.user, &self.key()))]
    }
}

/// The partition of all words with the same first character.
fn words_like(word: &str) -> String {
    format!("WORD#{}", word.chars().next().map(String::from).unwrap_or_default())
}

/// Adds the items of a new account to a transaction.
pub(crate) fn add(tx: &mut Tx, user: &User) {
    for word in words(user) {
        tx.put_always(&SearchWord { word, user: user.id });
    }
}

/// Adds a change of somebody's names, or of whether their profile is private, to a transaction. False if no word changes.
pub fn change(tx: &mut Tx, old: &User, new: &User) -> bool {
    let (before, after) = (words(old), words(new));
    if before == after {
        return false;
    }
    for word in before.difference(&after) {
        tx.delete(SearchWord { word: word.clone(), user: old.id }.key());
    }
    add(tx, new);
    true
}

/// The next words, in their order, that begin with the longest of what somebody looks for. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, words: &Words, after: Option<(String, UserId)>, limit: u32) -> Result<Page<SearchWord>, StoreError> {
    let mut range = Range::of(words_like(&words.longest)).prefix(words.longest.clone()).limit(limit).eventually();
    if let Some((word, user)) = after {
        range = range.after(SearchWord { word, user }.key(), None);
    }
    table.query(range).await
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
        let found =
            |typed: &str, word: &str| Words::parse(typed).unwrap().find(&anna, &SearchWord { word: word.to_owned(), user: anna.id });
        for (typed, word) in [("an", "anna"), ("ANNA_", "anna_k"), ("żół", "zolw"), ("anna now", "anna"), ("Nowak Żó Łu", "nowak")] {
            assert!(found(typed, word), "{typed}");
        }
        // Each person once, and only by all of the words.
        assert!(!found("an", "anna_k") && !found("anna kow", "anna") && !found("owak", "nowak") && !found("nowak", "anna"));
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
        assert_eq!(folded("ŻÓŁW"), "zolw");
        assert_eq!(folded("Straße"), folded("STRASSE"));
        for (typed, name) in [("ZOL", "Żółw"), (" żó", "zolw"), ("an", "Ana"), ("ﬁ", "Fiona"), ("Ь", "ьу")] {
            assert!(Term::parse(typed).unwrap().begins(name), "{typed} {name}");
        }
        assert!(!Term::parse("ola").unwrap().begins("Zola"));
        assert_eq!(Term::parse(" \u{200b}").unwrap_err().code, "required");
        assert_eq!(Term::parse(&"a".repeat(36)).unwrap_err().code, "too_long");
    }
}
