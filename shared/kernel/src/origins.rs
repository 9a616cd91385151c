//! The origins of the pages that may use the API (RFC 6454 §6.2).

use std::sync::Arc;

use crate::env::Reader;

/// The suffix of an entry that allows any port of a host, such as `http://localhost:*`. Only in development, where frontend servers choose
/// their ports.
const ANY_PORT: &str = ":*";

/// The origins of our frontends.
#[derive(Clone, Debug)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// Reads `ALLOWED_ORIGINS`: exact origins, separated by commas. In development an entry may end in `:*`.
    pub fn read(r: &mut Reader<'_>) -> Self {
        const NAME: &str = "ALLOWED_ORIGINS";
        let given = r.list(NAME);
        if given.iter().any(|entry| entry.ends_with(ANY_PORT)) && !r.development() {
            r.wrong(format!("{NAME} must name ports outside development"));
        }
        Self(given.into())
    }

    /// These origins and one more.
    #[must_use]
    pub fn and(&self, origin: String) -> Self {
        self.0.iter().cloned().chain([origin]).collect()
    }

    /// Returns whether a page of this origin may use the API. `origin` is the header `Origin` of a request.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|entry| covers(entry, origin))
    }

    /// Returns the origins. Entries for any port are without the `:*`.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.strip_suffix(ANY_PORT).unwrap_or(entry))
    }

    /// Returns whether an entry allows any port.
    #[must_use]
    pub fn any_port(&self) -> bool {
        self.0.iter().any(|entry| entry.ends_with(ANY_PORT))
    }
}

impl<S: Into<String>> FromIterator<S> for Origins {
    fn from_iter<I: IntoIterator<Item = S>>(entries: I) -> Self {
        Self(entries.into_iter().map(Into::into).collect())
    }
}

/// Returns whether an entry of a list of origins covers an origin.
#[must_use]
pub fn covers(entry: &str, origin: &str) -> bool {
    let Some(host) = entry.strip_suffix(ANY_PORT) else { return entry == origin };
    let is_port = |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    // Browsers leave out the default port of a scheme.
    origin.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Env;

    #[test]
    fn an_origin_is_compared_exactly_or_but_for_its_port() {
        let origins: Origins = ["https://stoa.example", "http://localhost:5173", "http://127.0.0.1:*"].into_iter().collect();
        for ours in ["https://stoa.example", "http://localhost:5173", "http://127.0.0.1", "http://127.0.0.1:1", "http://127.0.0.1:65535"] {
            assert!(origins.allow(ours), "{ours}");
        }
        for foreign in [
            "",
            "null",
            "https://stoa.example:443",
            "https://stoa.example/",
            "https://stoa.example.evil.example",
            "https://evil.example/https://stoa.example",
            "http://stoa.example",
            "HTTPS://STOA.EXAMPLE",
            "http://localhost",
            "http://localhost:51730",
            "https://127.0.0.1:4000",
            "http://127.0.0.1:",
            "http://127.0.0.1:*",
            "http://127.0.0.1:+80",
            "http://127.0.0.1:4000/",
            "http://127.0.0.1:4000.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.10",
            "http://127.0.0.1:4000, http://evil.example",
        ] {
            assert!(!origins.allow(foreign), "{foreign}");
        }
        assert!(origins.any_port());
        assert_eq!(origins.hosts().collect::<Vec<_>>(), ["https://stoa.example", "http://localhost:5173", "http://127.0.0.1"]);
    }

    #[test]
    fn any_port_is_for_development() {
        let read = |stage: &str, origins: &str| {
            let env: Env =
                [("STAGE", stage), ("ALLOWED_ORIGINS", origins)].map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
            env.read(Origins::read).map(|_| ())
        };
        assert!(read("development", "http://localhost:*,https://stoa.example").is_ok());
        for stage in ["production", "staging", ""] {
            assert!(read(stage, "https://stoa.example").is_ok());
            let refused = read(stage, "https://stoa.example,http://localhost:*").unwrap_err().to_string();
            assert!(refused.contains("ALLOWED_ORIGINS must name ports"), "{stage}: {refused}");
        }
    }
}
