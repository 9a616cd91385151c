//! AWS credentials: each function signs with its own, and an endpoint identifies the caller by them.

use std::{collections::BTreeMap, io, path::Path};

use kernel::Sys;
use serde::{Deserialize, Serialize};

use crate::storage::{read_file, replace_file};

/// The operator of the account: a task or the AWS command line that acts on a local cloud from outside. It has all permissions.
pub const OPERATOR: &str = "Operator";

/// The credentials of one function, as the platform puts them into its environment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The function they belong to, by its logical id, or [`OPERATOR`].
    pub function: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

/// The credentials of every function, and of the operator.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, Credential>);

impl Credentials {
    /// Reads the credentials in `file`, and generates and stores those that are missing. They must survive a restart, because presigned
    /// links and the processes of `cargo lambda watch` use them.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged.
    pub fn open<'a>(sys: &Sys, functions: impl IntoIterator<Item = &'a str>, file: Option<&Path>) -> io::Result<Self> {
        let known: Vec<Credential> = file.map_or(Ok(None), read_file)?.unwrap_or_default();
        let of = |function| known.iter().find(|c| c.function == function).cloned().unwrap_or_else(|| draw(sys, function));
        let all: Vec<Credential> = functions.into_iter().map(of).collect();
        if let Some(file) = file.filter(|_| all != known) {
            replace_file(file, &all)?;
        }
        Ok(Self(all.into_iter().map(|c| (c.access_key.clone(), c)).collect()))
    }

    /// Returns the credentials with this access key.
    #[must_use]
    pub fn by_access_key(&self, access_key: &str) -> Option<&Credential> {
        self.0.get(access_key)
    }

    /// Returns the credentials of a function.
    #[must_use]
    pub fn of(&self, function: &str) -> Option<&Credential> {
        self.iter().find(|c| c.function == function)
    }

    /// Returns all credentials.
    pub fn iter(&self) -> impl Iterator<Item = &Credential> {
        self.0.values()
    }
}

fn draw(sys: &Sys, function: &str) -> Credential {
    Credential {
        function: function.to_owned(),
        access_key: format!("ASIA{}", hex(&sys.bytes::<8>()).to_uppercase()),
        secret_key: hex(&sys.bytes::<20>()),
        session_token: hex(&sys.bytes::<16>()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
