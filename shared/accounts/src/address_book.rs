//! The postal addresses of a person. One of them is the main address.
//!
//! All addresses of a person are one item, the book, so that the rules about all of them (at most twenty, exactly one main address) are
//! checked on one value and each change is one transaction. The book is read in the same batch as the caller. Twenty typical addresses take
//! about three kilobytes.

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

/// The maximum number of addresses of a person.
pub const MAX: usize = 20;
/// Attempts to store a change after concurrent changes. An addition can lose to at most [`MAX`] concurrent additions, because the book is
/// full then.
const ROUNDS: usize = MAX + 5;

/// An address as a person typed it.
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

/// A valid address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// 5 to 100 characters.
    pub street: String,
    /// 1 to 50 characters. Towns with a name of one letter exist.
    pub city: String,
    /// 1 to 50 characters, if there is one.
    #[serde(default)]
    pub state: Option<String>,
    /// Absent if the country has no postal codes.
    #[serde(default)]
    pub postal_code: Option<Postcode>,
    /// The country.
    pub country: Country,
}

impl PostalAddress {
    /// Validates every part, and reports all errors at once.
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

/// Parses one line of text: normalised to NFC and trimmed, without markup, control characters and swear words.
fn line(typed: &str, min: usize, max: usize) -> Result<String, FieldError> {
    let text: String = typed.trim().nfc().collect();
    match text.chars().count() {
        _ if text::is_blank(&text) => Err(FieldError::REQUIRED),
        n if n < min => Err(FieldError::TOO_SHORT.with("min", min)),
        n if n > max => Err(FieldError::TOO_LONG.with("max", max)),
        _ if text.chars().any(|c| c.is_control() || "<>{}\u{2028}\u{2029}".contains(c) || BidiControl::for_char(c)) => {
            Err(FieldError::CHARACTERS)
        }
        _ if profanity::in_address(&text) => Err(FieldError::PROFANITY),
        _ => Ok(text),
    }
}

/// An address in a person's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The id, which is never reused.
    pub id: AddressId,
    /// The address itself.
    pub place: PostalAddress,
    /// Increased by every change that clients see, also of which address is the main one. It is the `ETag`.
    pub version: u64,
    /// When it was added.
    pub created_at: Time,
}

/// The addresses of a person. If there are any, exactly one is the main address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    user: UserId,
    main: Option<AddressId>,
    /// In the order of addition.
    addresses: Vec<Address>,
    /// Increased by every change of the book.
    version: u64,
}

impl Book {
    /// Returns a book without addresses.
    #[must_use]
    pub const fn empty(user: UserId) -> Self {
        Self { user, main: None, addresses: Vec::new(), version: 0 }
    }

    /// Returns the key of a person's book.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "ADDRESSES")
    }

    /// Returns the main address. `None` if there is no address.
    #[must_use]
    pub fn main(&self) -> Option<&Address> {
        self.addresses.iter().find(|a| self.is_main(a.id))
    }

    /// Returns the addresses, the main one first, then the newest, each with whether it is the main one.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, bool)> {
        let with = move |main: bool| self.addresses.iter().rev().filter(move |a| self.is_main(a.id) == main).map(move |a| (a, main));
        with(true).chain(with(false))
    }

    /// Returns an address, and whether it is the main one.
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

    /// Adds an address. The first one becomes the main address.
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

    /// Replaces an address, if `wanted` accepts its version.
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

    /// Removes an address. If it was the main address, the newest of the others becomes the main address.
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

    /// Makes a change and stores it with its audit entry, in one transaction. If a concurrent change was faster, its refusal returns the
    /// new book and the change is made again, in one more transaction. Nothing is written if the change has no effect, or if the stored
    /// book is already the result, because a reply was lost.
    ///
    /// # Errors
    /// The errors of `change`; [`Kind::Conflict`] if concurrent changes were faster at every attempt.
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
                    // The book was deleted in the meantime, because the account is being purged. It must not be created again.
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
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    /// Towns of one letter exist, and invisible texts count as empty.
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
