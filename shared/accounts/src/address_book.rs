//! Postal addresses: parsed once, at the edge, and kept in a book that always knows its main one.
//!
//! A person's addresses are one item. What must hold of all of them together (at most twenty, exactly one main one while there
//! is any) is then a property of a value, not of several rows, and every change of the book is one transaction. It is
//! read with the batch that proves who asks. Twenty addresses are some three kilobytes as people write them.

use countries::{Blocked, Country, Postcode};
use icu_properties::props::{BidiControl, BinaryProperty as _};
use kernel::{
    FieldError, Fields, Kind, Problem, Time,
    id::{AddressId, UserId},
    text,
};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, Table, Tx, field};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    Resource,
    audit::{Audit, AuditEntry},
    profanity,
    user::partition,
};

/// Addresses of one person.
pub const MAX: usize = 20;
/// How often a change is judged anew because another one was faster. Somebody who adds an address loses to others who do so at
/// most as often as there are places.
const ROUNDS: usize = MAX + 5;

/// What an address says, before it is judged.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Street and house.
    pub street: &'a str,
    /// City.
    pub city: &'a str,
    /// State, province, voivodeship.
    pub state: Option<&'a str>,
    /// Postal code.
    pub postal_code: &'a str,
    /// ISO 3166-1 alpha-2, or XK for Kosovo.
    pub country: &'a str,
}

/// What an address says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// 5 to 100 characters.
    pub street: String,
    /// 1 to 50 characters: there are towns of one letter.
    pub city: String,
    /// 1 to 50 characters, if there is one.
    #[serde(default)]
    pub state: Option<String>,
    /// Absent where the country has none.
    #[serde(default)]
    pub postal_code: Option<Postcode>,
    /// Where it is.
    pub country: Country,
}

impl PostalAddress {
    /// Judges every part, and tells everything that is wrong at once.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with `required`, `too_short`, `too_long`, `characters`, `profanity`, `country`, `country_blocked` or
    /// `postal_code`.
    pub fn parse(draft: &Draft<'_>, blocked: &Blocked) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        let street = fields.take("/street", line(draft.street, 5, 100));
        let city = fields.take("/city", line(draft.city, 1, 50));
        let state = draft.state.filter(|state| !text::is_blank(state));
        let state = state.map(|text| fields.take("/state", line(text, 1, 50)));
        let country = fields.take("/country", blocked.parse(draft.country));
        let postal_code = fields.take("/postal_code", Postcode::parse(draft.postal_code, country));
        match (street, city, country, postal_code) {
            (Some(street), Some(city), Some(country), Some(postal_code)) if state != Some(None) => {
                Ok(Self { street, city, state: state.flatten(), postal_code, country })
            }
            _ => Err(fields.problem()),
        }
    }
}

/// One line of text: NFC, trimmed, neither markup nor what cannot be printed, no swear word.
fn line(typed: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text: String = typed.trim().nfc().collect();
    match text.chars().count() {
        _ if text::is_blank(&text) => Err(FieldError::new("required")),
        n if n < min => Err(FieldError::new("too_short").with("min", min)),
        n if n > max => Err(FieldError::new("too_long").with("max", max)),
        _ if text.chars().any(|c| c.is_control() || "<>{}\u{2028}\u{2029}".contains(c) || BidiControl::for_char(c)) => {
            Err(FieldError::new("characters"))
        }
        _ if profanity::in_address(&text) => Err(FieldError::new("profanity")),
        _ => Ok(text),
    }
}

/// An address in somebody's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Never reused.
    pub id: AddressId,
    /// What it says.
    pub place: PostalAddress,
    /// Raised by every change of what is shown of it: the `ETag`.
    pub version: u64,
    /// When it was added.
    pub created_at: Time,
}

/// Somebody's addresses. The main one is there, by its id, whenever there is any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    user: UserId,
    main: Option<AddressId>,
    /// In the order they were added.
    addresses: Vec<Address>,
    /// Raised by every change.
    version: u64,
}

impl Book {
    /// A book with nothing in it.
    #[must_use]
    pub const fn empty(user: UserId) -> Self {
        Self { user, main: None, addresses: Vec::new(), version: 0 }
    }

    /// Where a person's addresses are.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "ADDRESSES")
    }

    /// The main address. `None` if there is no address.
    #[must_use]
    pub fn main(&self) -> Option<&Address> {
        self.addresses.iter().find(|a| self.is_main(a.id))
    }

    /// The addresses, the main one first, then the newest, each with whether it is the main one.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, bool)> {
        let with = move |main: bool| self.addresses.iter().rev().filter(move |a| self.is_main(a.id) == main).map(move |a| (a, main));
        with(true).chain(with(false))
    }

    /// An address, and whether it is the main one.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub fn get(&self, id: AddressId) -> Result<(&Address, bool), Problem> {
        self.addresses.iter().find(|a| a.id == id).map(|a| (a, self.is_main(id))).ok_or_else(|| Kind::NotFound.into())
    }

    fn is_main(&self, id: AddressId) -> bool {
        self.main == Some(id)
    }

    fn get_mut(&mut self, id: AddressId) -> Result<&mut Address, Problem> {
        self.addresses.iter_mut().find(|a| a.id == id).ok_or_else(|| Kind::NotFound.into())
    }

    /// Adds an address. The first becomes the main one.
    ///
    /// # Errors
    /// [`Kind::TooMany`]
    pub fn add(&mut self, id: AddressId, place: PostalAddress, now: Time) -> Result<(), Problem> {
        if self.addresses.len() >= MAX {
            return Err(Problem::new(Kind::TooMany).with("max", MAX));
        }
        self.addresses.push(Address { id, place, version: 1, created_at: now });
        self.main = self.main.or(Some(id));
        Ok(())
    }

    /// Replaces what an address says, if its version is a wanted one.
    ///
    /// # Errors
    /// [`Kind::NotFound`], [`Kind::VersionMismatch`]
    pub fn change(&mut self, id: AddressId, wanted: impl Fn(u64) -> bool, place: PostalAddress) -> Result<(), Problem> {
        let address = self.get_mut(id)?;
        if !wanted(address.version) {
            return Err(Kind::VersionMismatch.into());
        }
        if address.place != place {
            address.place = place;
            address.version = address.version.saturating_add(1);
        }
        Ok(())
    }

    /// Takes an address away. If it was the main one, the newest of the others takes its place.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub fn remove(&mut self, id: AddressId) -> Result<(), Problem> {
        self.get(id)?;
        self.addresses.retain(|a| a.id != id);
        if self.is_main(id) {
            let heir = self.addresses.last_mut();
            self.main = heir.map(|heir| {
                heir.version = heir.version.saturating_add(1);
                heir.id
            });
        }
        Ok(())
    }

    /// Makes an address the main one.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub fn prefer(&mut self, id: AddressId) -> Result<(), Problem> {
        self.get(id)?;
        if !self.is_main(id) {
            let former = self.main.replace(id);
            for address in self.addresses.iter_mut().filter(|a| a.id == id || Some(a.id) == former) {
                address.version = address.version.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Makes a change and stores it with its entry of the audit: one transaction, and one more for each change by somebody else that
    /// was faster, whose outcome comes with the refusal. Nothing is written where nothing changes, and nothing twice: where a reply was
    /// lost, what refuses the repetition is what was to be written.
    ///
    /// # Errors
    /// What `change` says of the book as it is then; [`Kind::Conflict`] if others were faster all the time.
    pub async fn store(
        self,
        table: &Table,
        (audit, entry): (&Audit, &AuditEntry),
        change: impl Fn(&mut Self) -> Result<(), Problem>,
    ) -> Result<Self, Problem> {
        let mut before = self;
        for _ in 0..ROUNDS {
            let mut next = before.clone();
            change(&mut next)?;
            if next == before {
                return Ok(before);
            }
            next.version = before.version.saturating_add(1);
            let unchanged = if before.version == 0 { Cond::Absent } else { field("version").eq(before.version) };
            let mut tx = Tx::new();
            let book = tx.put(&next, unchanged);
            audit.add(&mut tx, entry);
            before = match table.commit(tx).await {
                Ok(()) => return Ok(next),
                Err(CommitError::Refused(refused)) => match refused.current(book) {
                    Some(row) => row.decode()?,
                    // Gone meanwhile: the account is being deleted, and nothing is written behind the back of that.
                    None => return Err(Kind::Conflict.into()),
                },
                Err(CommitError::Store(e)) => return Err(e.into()),
            };
            if before == next {
                return Ok(next);
            }
        }
        Err(Kind::Conflict.into())
    }
}

impl Item for Book {
    const KIND: &'static str = "addresses";
    const ABOUT: About = About::beside_user("ADDRESSES", Personal::Exported(&["main", "addresses"]));
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

impl Resource for Book {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    /// Towns of one letter exist, and texts of which nothing is seen are empty.
    #[test]
    fn lines_of_an_address() {
        let line = |text: &str| line(text, 1, 50).map_err(|e| e.code);
        for good in ["Å", "Y", "Fukuoka", "Kraków", "ශ්\u{200d}රී ජයවර්ධනපුර", "علی\u{200c}آباد", "Bell End"]
        {
            assert_eq!(line(good), Ok(good.to_owned()));
        }
        for (bad, error) in [
            ("", "required"),
            ("\u{200b}\u{2800}", "required"),
            ("\u{3164}", "required"),
            ("a\u{202e}b", "characters"),
            ("a\u{2066}b", "characters"),
            ("a\u{61c}b", "characters"),
            ("a\tb", "characters"),
            ("Kurwa", "profanity"),
        ] {
            assert_eq!(line(bad), Err(error), "{}", bad.escape_unicode());
        }
    }

    #[test]
    fn there_is_one_main_address_while_there_is_any() {
        let sys = Sys::real();
        let country = Country::of("PL").unwrap();
        let place = PostalAddress { street: "Długa 1".into(), city: "Kraków".into(), state: None, postal_code: None, country };
        let mut book = Book::empty(sys.id());
        let ids: Vec<AddressId> = (0..3).map(|_| sys.id()).collect();
        let main = |book: &Book| book.iter().filter(|(_, main)| *main).map(|(a, _)| a.id).collect::<Vec<_>>();
        for id in &ids {
            book.add(*id, place.clone(), sys.now()).unwrap();
            assert_eq!(main(&book), [ids[0]]);
        }
        book.prefer(ids[1]).unwrap();
        assert_eq!(main(&book), [ids[1]]);
        book.remove(ids[1]).unwrap();
        assert_eq!(main(&book), [ids[2]], "the newest");
        book.remove(ids[0]).unwrap();
        assert_eq!(main(&book), [ids[2]]);
        book.remove(ids[2]).unwrap();
        assert!(main(&book).is_empty());
        assert!(book.remove(ids[2]).is_err());
    }
}
