//! How often one client may guess at passwords, at whatever accounts and wherever it types them.
//!
//! Counted apart from any account, so that one client that tries everybody once is stopped as well.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures_util::join;
use kernel::{
    Client, Problem, Secret, Time,
    crypto::{hmac_sha256, truncate},
};
use store::{
    Batch, Key, StoreError, Table,
    limits::{self, DAY, HOUR, Limit},
};

use crate::{challenge::CodeKey, gate};

/// Attempts of one client: 20 in a quarter of an hour. Right ones are given back.
#[must_use]
pub fn of_client(client: &Client) -> Limit {
    Limit::new("login_client", client.network(), 20, Duration::from_secs(900)).shared()
}

/// Failures of one client: 100 in a day close it for an hour.
#[must_use]
pub fn of_client_in_a_day(client: &Client) -> Limit {
    Limit::new("login_client_day", client.network(), 100, DAY).frequent().blocking(HOUR)
}

/// Different names and passwords that fail for one client: after [`DIFFERENT_FREE`] in three hours strangers there work before
/// each attempt, after twice as many the client waits an hour. Who has forgotten a password tries a few, and a device that has an
/// old one the same one again and again.
#[must_use]
pub fn of_client_different(client: &Client) -> Limit {
    let most = DIFFERENT_FREE.saturating_mul(2);
    Limit::new("login_client_different", client.network(), most, HOUR.saturating_mul(3)).blocking(HOUR)
}

/// So many different failures of a client are free of work.
pub const DIFFERENT_FREE: u32 = 15;

/// Failures of one client at one account, by whichever of its names: five, then a pause of five minutes. `account` is the
/// account's id, or the name again where nobody has it.
#[must_use]
pub fn at_account(account: &str, network: &str) -> Limit {
    Limit::new("login_account", format!("{account} {network}"), 5, Duration::from_secs(300)).pausing()
}

/// The guesses of one client, wherever it types codes and passwords.
#[derive(Debug)]
pub struct ByClient([Limit; 2]);

impl ByClient {
    /// Of this client.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        Self([of_client(client), of_client_in_a_day(client)])
    }

    /// What to read with other things.
    pub fn keys(&self) -> [Key; 2] {
        self.0.each_ref().map(Limit::key)
    }

    /// Judges a code before it is tried; what is refused counts nowhere.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`](kernel::Kind::TooManyRequests)
    pub fn judge(self, found: &mut Batch, now: Time) -> Result<Self, Problem> {
        let [some, day] = self.0;
        let read = [some.read(found, now)?, day.read(found, now)?];
        limits::judge(now, &read)?;
        Ok(Self(read))
    }

    /// Counts a code that was not right, if a try was counted: otherwise nothing was guessed. Also among everybody's failures.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn wrong(self, table: &Table, now: Time, client: &Client, problem: &Problem) -> Result<(), StoreError> {
        if !problem.members.contains_key("tries_left") {
            return Ok(());
        }
        let (counted, ()) = join!(limits::record(table, now, &self.0), gate::failed(table, now, client));
        counted
    }
}

/// What tells one guess of a client from another: 24 bits, so that even who has the table and the key learns little of what
/// was typed, which is often nearly right.
#[must_use]
pub fn mark(key: &CodeKey, client: &Client, name: &str, password: &Secret) -> String {
    let mut guess = Vec::new();
    for part in ["guess", &client.network(), name, password.expose()] {
        guess.extend(part.len().to_be_bytes());
        guess.extend(part.as_bytes());
    }
    BASE64.encode(truncate::<3>(hmac_sha256(key.secret().expose().as_bytes(), &[&guess])))
}
