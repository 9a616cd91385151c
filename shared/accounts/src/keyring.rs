//! Secrets with names, so that they can be rotated: the first is used for what is new, all are accepted for what is old.

use kernel::{Secret, env::Reader};

/// One or more secrets under short ids.
#[derive(Clone, Debug)]
pub struct Keyring(Vec<(String, Secret)>);

impl Keyring {
    /// Reads `id:secret,id:secret,…`; a secret without an id has the id `1`. Each must be a strong secret.
    pub fn read(reader: &mut Reader<'_>, name: &'static str) -> Self {
        let text = reader.need(name);
        let mut keys = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let (id, secret) = entry.split_once(':').unwrap_or(("1", entry));
            if keys.iter().any(|(known, _)| known == id) {
                reader.wrong(format!("{name} has the id {id} twice"));
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
