//! Test numbers: they get no message, and their code is always the same. For automated tests and for reviewers of an app store. Everybody
//! who knows such a number can sign in with it, so production has none.

use std::{collections::BTreeMap, sync::Arc};

use accounts::identifier::Phone;
use kernel::{Secret, env::Reader};

/// The code of each number.
#[derive(Clone)]
pub(crate) struct TestPhones(Arc<BTreeMap<String, Secret>>);

impl TestPhones {
    /// Reads `TEST_PHONES` (`<number>:<code>`, separated by commas), which must be empty if `STAGE` is `production`.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let (given, stage) = (r.list("TEST_PHONES"), r.or("STAGE", "production".to_owned()));
        if stage == "production" && !given.is_empty() {
            r.wrong("TEST_PHONES must be empty in production".to_owned());
        }
        let phones = given.iter().map(|entry| parse(entry)).collect::<Option<_>>();
        if phones.is_none() {
            r.wrong("TEST_PHONES is malformed".to_owned());
        }
        Self(Arc::new(phones.unwrap_or_default()))
    }

    /// Returns the code of a number, if it is a test number.
    pub fn code_of(&self, destination: &str) -> Option<Secret> {
        self.0.get(destination).cloned()
    }
}

fn parse(entry: &str) -> Option<(String, Secret)> {
    let (number, code) = entry.split_once(':')?;
    let digits = (4..=8).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    let phone = number.starts_with('+').then(|| Phone::parse(number, "GB").ok())??;
    digits.then(|| (phone.to_string(), Secret::new(code.to_owned())))
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    fn read(stage: &str, phones: &str) -> Result<TestPhones, kernel::ConfigError> {
        let env: Env = [("STAGE", stage), ("TEST_PHONES", phones)].map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        env.read(TestPhones::read)
    }

    #[test]
    fn production_has_none_and_a_code_is_digits() {
        let phones = read("staging", "+447700900001:123456, +44 7700 900002:0042").unwrap();
        assert_eq!(phones.code_of("+447700900002").unwrap().expose(), "0042");
        assert!(phones.code_of("+447700900003").is_none());
        assert!(read("production", "").is_ok());
        for (stage, wrong) in [
            ("production", "+447700900001:123456"),
            ("", "+447700900001:123456"),
            ("staging", "+447700900001"),
            ("staging", "+447700900001:12"),
            ("staging", "+447700900001:12345a"),
            ("staging", "07700900001:123456"),
            ("staging", "+44:123456"),
        ] {
            let e = read(stage, wrong).err().unwrap_or_else(|| panic!("{stage} {wrong}"));
            assert!(e.to_string().contains("TEST_PHONES") && !e.to_string().contains("1234"), "{e}");
        }
    }
}
