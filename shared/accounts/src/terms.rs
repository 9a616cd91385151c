//! The terms of service of a deployment, to which people agree when they create an account.

use kernel::{FieldError, Time, env::Reader};
use serde::{Deserialize, Serialize};

kernel::lines! {
    /// The name of a version of the terms, which the frontend that shows them chooses, such as a date: 1 to 40 characters.
    TermsVersion 1 40;
}

/// The terms that a person has agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedTerms {
    /// The version of the terms.
    pub version: TermsVersion,
    /// When they agreed.
    pub at: Time,
}

/// Whether a deployment has terms.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    required: bool,
}

impl Terms {
    /// Reads `TERMS_URL`, the address of the terms. Without it there are none.
    pub fn read(r: &mut Reader<'_>) -> Self {
        Self { required: !r.or("TERMS_URL", String::new()).is_empty() }
    }

    /// Returns the agreement to this version. `None` if the deployment has no terms.
    ///
    /// # Errors
    /// `required` if there are terms and `version` is `None`, and the errors of [`TermsVersion::parse`].
    pub fn agreed(self, version: Option<&str>, now: Time) -> Result<Option<AgreedTerms>, FieldError> {
        if !self.required {
            return Ok(None);
        }
        let version = TermsVersion::parse(version.unwrap_or_default())?;
        Ok(Some(AgreedTerms { version, at: now }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_an_account_agrees_to_the_terms_that_there_are() {
        let long = "x".repeat(41);
        let of = |required: bool, version: Option<&str>| {
            let agreed = Terms { required }.agreed(version, Time::ZERO).map_err(|e| e.code)?;
            Ok::<_, &str>(agreed.map(|agreed| agreed.version.to_string()))
        };
        assert_eq!(of(true, Some(" 2026-11-01 ")), Ok(Some("2026-11-01".to_owned())));
        assert_eq!([of(true, None), of(true, Some(" "))], [Err("required"), Err("required")]);
        assert_eq!(of(true, Some(long.as_str())), Err("too_long"));
        assert_eq!([of(false, None), of(false, Some("2026-11-01"))], [Ok(None), Ok(None)]);
    }
}
