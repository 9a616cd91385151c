//! Opaque tokens: clients store them and send them back unchanged.
//!
//! A token is a prefix for its purpose, an underscore and, in base64url without padding, the concatenated bytes of its parts: ids, numbers
//! and random bytes of fixed length. Parsing a token does not verify it: the caller has to compare its secret part.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::Id;

/// A part of a token: a value with a fixed number of bytes. A tuple of parts is a part.
pub trait TokenPart: Sized {
    /// Appends the bytes.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Removes the bytes from the front. `None` if there are too few.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

impl<const N: usize> TokenPart for [u8; N] {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (part, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*part)
    }
}

impl TokenPart for u32 {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.to_be_bytes().write(bytes);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        TokenPart::read(bytes).map(Self::from_be_bytes)
    }
}

impl<I: Id> TokenPart for I {
    fn write(&self, bytes: &mut Vec<u8>) {
        u128::from(self.ulid()).to_be_bytes().write(bytes);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        TokenPart::read(bytes).map(|id| Self::from_ulid(u128::from_be_bytes(id).into()))
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: TokenPart),+> TokenPart for ($($part,)+) {
            #[expect(non_snake_case, reason = "the names of the types serve as those of the values")]
            fn write(&self, bytes: &mut Vec<u8>) {
                let ($($part,)+) = self;
                $($part.write(bytes);)+
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::read(bytes)?,)+))
            }
        }
    };
}
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);

/// Returns the bytes of the parts, for signing or hashing.
pub fn bytes(parts: &impl TokenPart) -> Vec<u8> {
    let mut bytes = Vec::new();
    parts.write(&mut bytes);
    bytes
}

/// Returns the token for the client. `prefix` is without the underscore.
pub fn write(prefix: &str, parts: &impl TokenPart) -> String {
    format!("{prefix}_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes(parts)))
}

/// Parses a token. `None` unless [`write`] can return this text for this prefix and types of parts.
#[must_use]
pub fn read<P: TokenPart>(prefix: &str, text: &str) -> Option<P> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?.strip_prefix('_')?).ok()?;
    let mut rest = &*bytes;
    P::read(&mut rest).filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Sys,
        id::{SessionId, UserId},
    };

    #[test]
    fn a_token_parses_back_to_its_parts() {
        let sys = Sys::real();
        let parts: (UserId, u32, (SessionId, [u8; 3])) = (sys.id(), 7, (sys.id(), sys.bytes()));
        assert_eq!(read("tkn", &write("tkn", &parts)), Some(parts));
    }

    /// Tokens of clients must stay valid.
    #[test]
    fn tokens_keep_their_format() {
        let user: UserId = "usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP".parse().unwrap();
        let text = "tkn_AZp-wl-I2PRsBrHsirFRtmAAAAEC_w";
        let parts = (user, 0x6000_0001_u32, [2, 255]);
        assert_eq!((write("tkn", &parts).as_str(), read("tkn", text)), (text, Some(parts)));
    }

    #[test]
    fn a_token_has_one_spelling() {
        let good = write("tkn", &(0xfbff_u32, [0; 6]));
        assert_eq!(good, "tkn_AAD7_wAAAAAAAA");
        for bad in [
            "",
            "tkn",
            "tkn_",
            "_",
            "AAD7_wAAAAAAAA",
            "dvc_AAD7_wAAAAAAAA",
            "TKN_AAD7_wAAAAAAAA",
            "tkn-AAD7_wAAAAAAAA",
            "tkn_tkn_AAD7_wAAAAAAAA",
            "tkn_AAD7_wAAAAAAA",
            "tkn_AAD7_wAAAAAA",
            "tkn_AAD7_wAAAAAAAAA",
            "tkn_AAD7_wAAAAAAAAAA",
            "tkn_AAD7_wAAAAAAAB",
            "tkn_AAD7_wAAAAAAAA==",
            "tkn_AAD7/wAAAAAAAA",
            "tkn_AAD7_wAAAAAAA ",
            " tkn_AAD7_wAAAAAAAA",
            "tkn_AAD7_wAAAAAAAA\n",
            "tkn_AAD7_wAAAAAAAä",
        ] {
            assert_eq!(read::<(u32, [u8; 6])>("tkn", bad), None, "{bad:?}");
        }
        assert_eq!(read::<(u32, [u8; 6])>("tkn", &good), Some((0xfbff, [0; 6])));
    }
}
