//! Keyed hashes, derived keys, and the canonical form of hashed values. Operations that cannot fail return no error, so that callers need
//! no fallback value.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the libraries return errors that these lengths rule out")]

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

/// HMAC-SHA256 (RFC 2104) of the concatenated parts. If parts have variable lengths, the caller has to add separators. The key
/// can have any length.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// 256 bits derived from a secret by HKDF-SHA256 (RFC 5869). `info` is the purpose. The salt may be empty.
#[must_use]
pub fn hkdf_sha256(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut key).expect("32 bytes are less than HKDF's limit of 255 hashes");
    key
}

/// Returns the first 128 bits of the SHA-256 of a value, as 32 hexadecimal digits. They identify the value without revealing it.
#[must_use]
pub fn short_hash(of: impl AsRef<[u8]>) -> String {
    <Sha256 as sha2::Digest>::digest(of).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the text that is hashed for a value: its JSON without white space. Only for tuples of texts, numbers, times and lists.
#[must_use]
pub fn canonical(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers, times and lists have a JSON form")
}

/// Returns the first `N` bytes of a hash. `N` is at most 32.
#[must_use]
pub fn truncate<const N: usize>(hash: [u8; 32]) -> [u8; N] {
    const { assert!(N <= 32, "a hash has 32 bytes") };
    let mut part = [0; N];
    for (to, from) in part.iter_mut().zip(hash) {
        *to = from;
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The first test vector of FIPS 180-4.
    #[test]
    fn a_short_hash_is_the_beginning_of_a_sha_256() {
        assert_eq!(short_hash("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }

    /// RFC 4231 §4.2 and §4.3.
    #[test]
    fn hmac_matches_the_test_vectors() {
        let mac = hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"]);
        assert_eq!(hex(&mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(hex(&truncate::<4>(mac)), "b0344c61");
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]);
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    /// RFC 5869 A.1 and A.3: the first 32 bytes of each output. An empty salt is the same as none.
    #[test]
    fn hkdf_matches_the_test_vectors() {
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = hkdf_sha256(&salt, &[0x0b; 22], &info);
        assert_eq!(hex(&key), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
        let key = hkdf_sha256(&[], &[0x0b; 22], &[]);
        assert_eq!(hex(&key), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }
}
