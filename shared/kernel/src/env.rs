//! Configuration, read once at start, from the environment variables that the template gives a function.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// The environment variables of one function. Clones share the record of which names were read.
#[derive(Clone, Default)]
pub struct Env {
    vars: Arc<BTreeMap<String, String>>,
    read: Arc<Mutex<BTreeSet<&'static str>>>,
}

/// All missing and malformed variables of the configuration. The text has their names and never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

impl Env {
    /// Returns the environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn process() -> Self {
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
    }

    /// Reads a configuration, and reports all errors at once.
    ///
    /// # Errors
    /// [`ConfigError`] with each missing, malformed or weak variable.
    pub fn read<T>(&self, f: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, ConfigError> {
        let mut reader = Reader { env: self, problems: Vec::new() };
        let value = f(&mut reader);
        if reader.problems.is_empty() { Ok(value) } else { Err(ConfigError(reader.problems)) }
    }

    /// Returns the names that were read so far. A check compares them with the function's block in the template.
    #[must_use]
    pub fn names_read(&self) -> BTreeSet<&'static str> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns an optional variable. Empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &'static str) -> Option<&str> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        self.vars.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(vars: I) -> Self {
        Self { vars: Arc::new(vars.into_iter().collect()), read: Arc::default() }
    }
}

/// Reads single variables within [`Env::read`].
pub struct Reader<'a> {
    env: &'a Env,
    problems: Vec<String>,
}

/// Minimum bytes of a secret: 256 bits, the length of the keys that are derived from secrets.
pub const SECRET_MIN_BYTES: usize = 32;

impl Reader<'_> {
    /// Returns a required variable.
    pub fn need(&mut self, name: &'static str) -> String {
        let value = self.env.get(name).unwrap_or_default().to_owned();
        if value.is_empty() {
            self.problems.push(format!("{name} is missing"));
        }
        value
    }

    /// Returns a required URL that people or tokens are sent to. It begins with `https://`, except if `STAGE` is `development`.
    pub fn address(&mut self, name: &'static str) -> String {
        let address = self.need(name);
        let safe = address.starts_with("https://") || self.development();
        if !safe && !address.is_empty() {
            self.problems.push(format!("{name} must begin with https:// outside development"));
        }
        address
    }

    /// Returns whether `STAGE` is `development`.
    pub fn development(&mut self) -> bool {
        self.or("STAGE", "production".to_owned()) == "development"
    }

    /// Returns a variable with a default for its absence. A value that does not parse is an error.
    pub fn or<T: std::str::FromStr>(&mut self, name: &'static str, default: T) -> T {
        match self.env.get(name).map(str::parse) {
            None => default,
            Some(Ok(v)) => v,
            Some(Err(_)) => {
                self.problems.push(format!("{name} is malformed"));
                default
            }
        }
    }

    /// Returns a comma-separated list. Absent means empty.
    pub fn list(&mut self, name: &'static str) -> Vec<String> {
        let text = self.env.get(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    /// Records an error if the secret from the variable `name` is weak: see [`is_weak`].
    pub fn strong(&mut self, name: &'static str, secret: &str) {
        if is_weak(secret) {
            self.problems.push(format!("{name} is too weak: at least {SECRET_MIN_BYTES} unpredictable bytes are needed"));
        }
    }

    /// Records an error that the caller detected.
    pub fn wrong(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

/// Returns whether a secret is shorter than [`SECRET_MIN_BYTES`], has little variation, or is a known placeholder.
#[must_use]
pub fn is_weak(secret: &str) -> bool {
    let distinct = secret.bytes().collect::<BTreeSet<_>>().len();
    let lower = secret.to_ascii_lowercase();
    let placeholder = ["changeme", "secret", "password", "example", "insecure"].iter().any(|w| lower.contains(w));
    secret.len() < SECRET_MIN_BYTES || distinct < 8 || placeholder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn all_errors_are_reported_at_once_without_values() {
        let e = env(&[("B", "x"), ("S", "changeme-changeme-changeme-changeme")]);
        let r = e.read(|r| (r.need("A"), r.or("B", 1_u8), r.list("S").iter().for_each(|s| r.strong("S", s)))).map(|_| ());
        let text = r.map_err(|e| e.to_string()).err().unwrap_or_default();
        assert!(text.contains("A is missing") && text.contains("B is malformed") && text.contains("S is too weak"), "{text}");
        assert!(!text.contains("changeme"));
        assert_eq!(e.names_read().into_iter().collect::<Vec<_>>(), ["A", "B", "S"]);
    }

    #[test]
    fn an_address_needs_https_except_in_development() {
        let read = |address: &str, stage: &str| {
            let error = env(&[("URL", address), ("STAGE", stage)]).read(|r| r.address("URL")).err();
            error.map(|e| e.to_string()).unwrap_or_default()
        };
        for stage in ["production", "staging", ""] {
            assert_eq!(read("https://stoa.example", stage), "");
            let refused = read("http://stoa.example", stage);
            assert!(refused.contains("URL must begin with https://") && !refused.contains("stoa.example"), "{stage}: {refused}");
        }
        assert_eq!(read("http://127.0.0.1:4000", "development"), "");
        assert!(read("", "production").contains("URL is missing"));
    }

    #[test]
    fn a_strong_secret_passes() {
        for (secret, weak) in [("p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc", false), (&"a".repeat(64), true), ("p8Jw2nQ7sT4v", true), ("", true)] {
            assert_eq!(is_weak(secret), weak, "{secret}");
        }
    }
}
