//! Secrets with names, so that they can be rotated: the first is used for what is new, all are accepted for what is old.

use kernel::{Secret, env::Reader};

/// One or more secrets under short ids.
#[derive(Clone, Debug)]
pub struct Keyring(Vec<(String, Secret)>);

impl Keyring {
    /// Reads `id:secret,id:secret,…`; a secret without an id has the id `1`. There must be one, and each must be strong.
    pub fn read(reader: &mut Reader<'_>, name: &'static str) -> Self {
        let text = reader.need(name);
        let mut keys = Vec::new();
        // Nothing between two commas is a secret that did not arrive, and too weak.
        for entry in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            let (id, secret) = entry.split_once(':').unwrap_or(("1", entry));
            if keys.iter().any(|(known, _)| known == id) {
                // Which one is not said: it may be a secret at the wrong side of the colon.
                reader.wrong(format!("{name} has an id twice"));
            }
            reader.strong(name, secret);
            keys.push((id.to_owned(), Secret::new(secret.to_owned())));
        }
        Self(keys)
    }

    /// The secret for what is new, and its id.
    #[must_use]
    pub fn current(&self) -> Option<(&str, &Secret)> {
        self.iter().next()
    }

    /// The secret of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Secret> {
        self.iter().find(|(known, _)| *known == id).map(|(_, secret)| secret)
    }

    /// All of them, the current one first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(id, secret)| (id.as_str(), secret))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    const STRONG: &str = "mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ";

    fn read(value: &str) -> Result<Vec<String>, String> {
        let env: Env = [("KEYS".to_owned(), value.to_owned())].into_iter().collect();
        let keys = env.read(|r| Keyring::read(r, "KEYS")).map_err(|e| e.to_string())?;
        Ok(keys.iter().map(|(id, _)| id.to_owned()).collect())
    }

    #[test]
    fn the_first_is_the_current_one() {
        assert_eq!(read(STRONG), Ok(vec!["1".to_owned()]));
        assert_eq!(read(&format!("k2:{STRONG}, k1:{STRONG}")), Ok(vec!["k2".to_owned(), "k1".to_owned()]));
    }

    #[test]
    fn a_list_without_a_secret_is_refused_by_name() {
        for value in ["", ",", " , ", "k1:", &format!("k1:{STRONG},"), &format!("{STRONG},{STRONG}"), "k1:short"] {
            let error = read(value).expect_err(value);
            assert!(error.contains("KEYS") && !error.contains(STRONG) && !error.contains("short"), "{value}: {error}");
        }
    }
}
