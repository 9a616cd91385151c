//! Common passwords.
//!
//! The list is stored as sorted fingerprints and searched in the program's data: nothing is parsed or allocated at start. The chance that
//! another password has the fingerprint of a common one is 1 in 24 million.

use kernel::crypto::truncate;
use sha2::{Digest as _, Sha256};

/// The packed form of `common-passwords.txt` beside it (see [`pack`]), written by `cargo xtask sync`.
const LIST: &[u8] = include_bytes!("../data/common-passwords.bin");

/// The first bytes of a hash. The number of bytes is a compromise between size and false positives.
type Fingerprint = [u8; 5];

/// Returns whether the list has the password, ignoring case.
pub(crate) fn common(password: &str) -> bool {
    LIST.as_chunks().0.binary_search(&fingerprint(password)).is_ok()
}

/// Packs a list of passwords, one in each line, into the format of this module.
#[must_use]
pub fn pack(list: &str) -> Vec<u8> {
    let mut all: Vec<Fingerprint> = list.lines().map(fingerprint).collect();
    all.sort_unstable();
    all.dedup();
    all.concat()
}

fn fingerprint(password: &str) -> Fingerprint {
    truncate(Sha256::digest(password.to_lowercase()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_in_any_case_and_nothing_else() {
        let list = include_str!("../data/common-passwords.txt");
        assert!(list.lines().all(common));
        assert!(list.lines().filter(|p| p.chars().count() >= 12).count() >= 3_000, "enough that nothing else would refuse");
        assert!(common("PumperNickel") && common("PUMPERNICKEL") && common("pumpernickel"));
        for good in ["tall giraffes dance", "correct horse battery", "", "pumpernickel "] {
            assert!(!common(good), "{good}");
        }
    }
}
