//! Each function signs with its own credentials: that is how an endpoint knows who calls.

use std::collections::BTreeMap;

use kernel::Sys;

/// The credentials of one function, as the platform would put them into its environment.
#[derive(Clone)]
pub struct Credential {
    /// The function they belong to, by its logical id.
    pub function: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

/// The credentials of every function, drawn at start.
#[derive(Clone, Default)]
pub struct Credentials {
    by_key: BTreeMap<String, Credential>,
}

impl Credentials {
    /// Draws credentials for these functions.
    pub fn draw<'a>(sys: &Sys, functions: impl IntoIterator<Item = &'a str>) -> Self {
        let one = |function: &str| Credential {
            function: function.to_owned(),
            access_key: format!("ASIA{}", hex(&sys.bytes::<8>()).to_uppercase()),
            secret_key: hex(&sys.bytes::<20>()),
            session_token: hex(&sys.bytes::<16>()),
        };
        Self { by_key: functions.into_iter().map(one).map(|c| (c.access_key.clone(), c)).collect() }
    }

    /// Whose access key this is.
    #[must_use]
    pub fn by_access_key(&self, access_key: &str) -> Option<&Credential> {
        self.by_key.get(access_key)
    }

    /// A function's own.
    #[must_use]
    pub fn of(&self, function: &str) -> Option<&Credential> {
        self.by_key.values().find(|c| c.function == function)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
