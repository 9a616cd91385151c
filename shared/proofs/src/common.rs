//! Passwords that many people have.
//!
//! The list is kept as sorted fingerprints and searched where it lies in the program: nothing is read, built or allocated at
//! start. A good password has the fingerprint of a common one once in 24 million.

use kernel::crypto::truncate;
use sha2::{Digest as _, Sha256};

/// `common-passwords.txt` beside it, as [`pack`] makes it; `cargo xtask sync` writes it.
const LIST: &[u8] = include_bytes!("../data/common-passwords.bin");

/// The first bytes of a hash. Nothing hangs on their being secret, only on their being few.
type Fingerprint = [u8; 5];

/// Whether the password is on the list, however it is capitalised.
pub(crate) fn common(password: &str) -> bool {
    LIST.as_chunks().0.binary_search(&fingerprint(password)).is_ok()
}

/// A list of passwords, one a line, as this module searches it.
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
