//! The link in a mail that switches such mails off. Its token is sealed, so that it cannot be forged.

use std::time::Duration;

use kernel::{Problem, Secret, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{SealError, Sealer, limits::DAY};

use crate::Category;

/// The purpose of the seal: other sealed values under the same key do not open as this.
const PURPOSE: &str = "unsubscribe";
/// How long a link works. It is long because people open old mails.
const LIFE: Duration = DAY.saturating_mul(365);

/// The mails of a person that a link switches off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// The person.
    pub user: UserId,
    /// The categories that the mail was about.
    pub categories: Vec<Category>,
}

impl Unsubscribe {
    /// The function whose key seals the links.
    pub const SEALED_BY: &str = "notifications";

    /// Returns the token of a link that works for a year.
    ///
    /// # Errors
    /// The errors of [`Sealer::seal`].
    pub fn seal(&self, sealer: &Sealer, now: Time) -> Result<String, Problem> {
        sealer.seal(PURPOSE, self, now + LIFE)
    }

    /// Returns the URL of a link that works for a year.
    ///
    /// # Errors
    /// The errors of [`Sealer::seal`].
    pub fn address(&self, sealer: &Sealer, public_url: &str, now: Time) -> Result<Secret, Problem> {
        Ok(Secret::new(format!("{public_url}/unsubscribe/{}", self.seal(sealer, now)?)))
    }

    /// Opens the token of a link.
    ///
    /// # Errors
    /// [`SealError`] if it was forged or has expired.
    pub fn open(sealer: &Sealer, token: &str) -> Result<Self, SealError> {
        sealer.open(PURPOSE, token)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn a_link_works_for_more_than_ninety_days_and_no_other_seal_opens_as_one() {
        let sys = Sys::real();
        let sealer = Sealer::new(&Secret::new("p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc".to_owned()), &sys);
        let what = Unsubscribe { user: sys.id(), categories: Category::ALL.to_vec() };
        let token = what.seal(&sealer, sys.now()).unwrap();
        assert!(token.len() <= 500 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{}", token.len());
        sys.set_offset_millis(i64::try_from(DAY.saturating_mul(91).as_millis()).unwrap());
        assert_eq!(Unsubscribe::open(&sealer, &token), Ok(what.clone()));
        let other = sealer.seal("notifications of somebody", what, sys.now() + DAY).unwrap();
        assert_eq!(Unsubscribe::open(&sealer, &other), Err(SealError));
        sys.set_offset_millis(i64::try_from(DAY.saturating_mul(366).as_millis()).unwrap());
        assert_eq!(Unsubscribe::open(&sealer, &token), Err(SealError));
    }
}
