//! Sealed (encrypted and authenticated) values, which a client stores but can neither read nor change: list cursors, socket tickets.

use std::time::Duration;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use function::StartError;
use kernel::{Kind, Problem, Secret, Sys, Time, crypto::hkdf_sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{About, Cond, Item, Key, Personal, StoreError, Table, WriteError};

/// Seals values with AES-256-GCM-SIV (RFC 8452). The purpose is authenticated and not sent. It includes everything that must match on
/// opening, such as user, route and filters.
#[derive(Clone)]
pub struct Sealer(Aes256GcmSiv, Sys, Secret);

/// The text was not sealed here for this purpose, or has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed for this, or expired")]
pub struct SealError;

impl From<SealError> for Problem {
    #[track_caller]
    fn from(_: SealError) -> Self {
        Self::new(Kind::CursorInvalid)
    }
}

/// How long a cursor is valid.
const CURSOR_LIFE: Duration = Duration::from_secs(3600);

/// The cursors of one list ([`Sealer::cursors`]). A cursor contains the position after which the next page begins.
pub struct Cursors<'s> {
    sealer: &'s Sealer,
    list: String,
}

impl Cursors<'_> {
    /// Returns the position in a client's cursor. `None` if there is no cursor, which requests the first page.
    ///
    /// # Errors
    /// [`SealError`] if the cursor was forged, has expired or belongs to another list.
    pub fn open<T: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<T>, SealError> {
        cursor.map(|cursor| self.sealer.open(&self.list, cursor)).transpose()
    }

    /// Returns the cursor of the next page, valid for an hour. `None` if there is no position, because this is the last page.
    ///
    /// # Errors
    /// The errors of [`Sealer::seal`].
    pub fn next<T: Serialize>(&self, place: Option<T>) -> Result<Option<String>, Problem> {
        place.map(|place| self.sealer.seal(&self.list, place, self.sealer.1.now() + CURSOR_LIFE)).transpose()
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    until: Time,
    value: T,
}

/// The key with which a function seals. It is stored beside the data that it protects: whoever can read the table has that data anyway.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealKey {
    function: String,
    secret: String,
}

impl SealKey {
    fn key_of(function: &str) -> Key {
        Key::new(format!("SEAL_KEY#{function}"), "SEAL_KEY")
    }
}

impl Item for SealKey {
    const KIND: &'static str = "seal_key";
    const ABOUT: About = About::at("SEAL_KEY#{function}", "SEAL_KEY", Personal::Nobody("a key of a function"));
    fn key(&self) -> Key {
        Self::key_of(&self.function)
    }
}

impl Sealer {
    /// Returns the sealer of a function. Each function has a random key, which its first instance creates. One request to the table, or two
    /// for the first instance.
    ///
    /// # Errors
    /// [`StartError`] if the table does not work.
    pub async fn of_function(function: &str, table: &Table, sys: &Sys) -> Result<Self, StartError> {
        Self::load_or_create(function, table, sys).await.map_err(|e| StartError::Broken("the key of the sealer", e.into()))
    }

    async fn load_or_create(function: &str, table: &Table, sys: &Sys) -> Result<Self, StoreError> {
        let sealer = |key: &SealKey| Self::new(&Secret::new(key.secret.clone()), sys);
        if let Some(key) = table.get::<SealKey>(SealKey::key_of(function)).await? {
            return Ok(sealer(&key));
        }
        let new_key = SealKey { function: function.to_owned(), secret: BASE64_URL_SAFE_NO_PAD.encode(sys.bytes::<32>()) };
        match table.put(&new_key, Cond::Absent).await {
            Ok(()) => Ok(sealer(&new_key)),
            // A concurrent instance created the key first.
            Err(WriteError::Refused(Some(row))) => Ok(sealer(&row.decode()?)),
            Err(WriteError::Refused(None)) => Err(StoreError::Unavailable("a key was not kept".to_owned())),
            Err(WriteError::Store(e)) => Err(e),
        }
    }

    /// Creates a sealer with a key derived from this secret.
    #[must_use]
    pub fn new(secret: &Secret, sys: &Sys) -> Self {
        let key = hkdf_sha256(&[], secret.expose().as_bytes(), b"stoa seal v1");
        Self(Aes256GcmSiv::new(&key.into()), sys.clone(), secret.clone())
    }

    /// Returns a secret for another use, derived from the same one. `used_for` names the use.
    #[must_use]
    pub fn secret(&self, used_for: &str) -> Secret {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(hkdf_sha256(&[], self.2.expose().as_bytes(), used_for.as_bytes())))
    }

    /// Returns the cursors of a list. `list` names the list with everything that selects its items, such as `rooms of usr_01…`.
    #[must_use]
    pub const fn cursors(&self, list: String) -> Cursors<'_> {
        Cursors { sealer: self, list }
    }

    /// Seals a value until a point in time.
    ///
    /// # Errors
    /// An internal [`Problem`] for a value that is not JSON, or is longer than the cipher allows (64 GiB).
    pub fn seal<T: Serialize>(&self, purpose: &str, value: T, until: Time) -> Result<String, Problem> {
        let nonce: [u8; 12] = self.1.bytes();
        let plain = serde_json::to_vec(&Sealed { until, value }).map_err(Problem::internal)?;
        let payload = Payload { msg: &plain, aad: purpose.as_bytes() };
        let body = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|e| Problem::internal(e.to_string()))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &body].concat()))
    }

    /// Opens the result of [`Sealer::seal`] for the same purpose.
    ///
    /// # Errors
    /// [`SealError`] if the text was forged or has expired, or the purpose differs.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Result<T, SealError> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError)?;
        let (nonce, body) = sealed.split_at_checked(12).ok_or(SealError)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| SealError)?;
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        let plain = self.0.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError)?;
        let Sealed { until, value } = serde_json::from_slice(&plain).map_err(|_| SealError)?;
        if self.1.now() < until { Ok(value) } else { Err(SealError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_open_only_for_their_purpose_and_until_they_expire() {
        let sys = Sys::real();
        let sealer = Sealer::new(&Secret::new("p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc".to_owned()), &sys);
        let text = sealer.seal("list of ana", 42_u8, sys.now() + Duration::from_secs(60)).unwrap();
        assert_eq!(sealer.open("list of ana", &text), Ok(42_u8));
        assert_eq!(sealer.open::<u8>("list of ben", &text), Err(SealError));
        for i in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[i] = if forged[i] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(forged == text || sealer.open::<u8>("list of ana", &forged).is_err(), "byte {i}");
        }
        sys.set_offset_millis(61_000);
        assert_eq!(sealer.open::<u8>("list of ana", &text), Err(SealError));
        assert!(sealer.open::<u8>("", "").is_err());
    }

    #[test]
    fn a_cursor_is_valid_in_its_list_for_an_hour() {
        let sys = Sys::real();
        let sealer = Sealer::new(&Secret::new("p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc".to_owned()), &sys);
        let (ana, ben) = (sealer.cursors("rooms of ana".to_owned()), sealer.cursors("rooms of ben".to_owned()));
        let cursor = ana.next(Some(7_u8)).unwrap();
        assert_eq!(ana.open(cursor.as_deref()), Ok(Some(7_u8)));
        assert_eq!(ben.open::<u8>(cursor.as_deref()), Err(SealError));
        assert_eq!((ana.open::<u8>(None), ana.next::<u8>(None).unwrap()), (Ok(None), None));
        sys.set_offset_millis(3_600_001);
        assert_eq!(ana.open::<u8>(cursor.as_deref()), Err(SealError));
    }
}
