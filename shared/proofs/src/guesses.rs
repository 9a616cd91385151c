//! Limits on the guesses of one client at passwords and codes, over all accounts and operations.
//!
//! They are counted separately from accounts, so that a client that tries many accounts once each is stopped as well.

use std::{ops::RangeInclusive, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures_util::join;
use kernel::{
    Client, Problem, Secret, Time,
    crypto::{hmac_sha256, truncate},
    env::Reader,
};
use store::{
    Batch, Key, StoreError, Table,
    limits::{self, DAY, HOUR, Limit, MINUTE, Quota},
};

use crate::{code_key::CodeKey, code_rules::number, gate};

/// The limit on attempts of one client. They are counted before they are checked, and successful ones are given back.
pub const CLIENT: Quota =
    Quota::window("login_client", 20, MINUTE.saturating_mul(15), "attempts of a client, not counting successful ones").shared();
/// The limit on failures of one client in a day.
pub const CLIENT_DAY: Quota =
    Quota::window("login_client_day", 100, DAY, "failures of a client, which then waits for an hour").frequent().blocking(HOUR);
/// The limits of an operation that takes codes: see [`ClientGuesses`].
pub const BY_CLIENT: [Quota; 2] = [CLIENT, CLIENT_DAY];
/// The number of different failures of a client ([`CLIENT_DIFFERENT`]) after which a proof of work is required.
pub const DIFFERENT_FREE: u32 = 15;
/// The limit on different pairs of name and password that fail for one client. After [`DIFFERENT_FREE`] of them every attempt of the client
/// needs a proof of work, except on trusted devices. After twice as many the client is blocked for an hour. Only different pairs count,
/// because a device with an outdated password repeats the same one. A person who has forgotten a password tries a few, which stay below the
/// limit.
pub const CLIENT_DIFFERENT: Quota = Quota::window(
    "login_client_different",
    DIFFERENT_FREE.saturating_mul(2),
    HOUR.saturating_mul(3),
    "different failures of a client, which then waits for an hour; from the 16th on it needs proof of work",
)
.blocking(HOUR);
/// The limit on failures of one client at one account, by any of the account's names.
pub const AT_ACCOUNT: Quota = PasswordCooldown::DEFAULT.quota("login_account", "wrong passwords of a client for one account");

/// The setting of a deployment for wrong passwords: the number of failures and the pause that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCooldown {
    failures: u32,
    pause: Duration,
}

impl PasswordCooldown {
    /// The value for a deployment that sets none.
    pub const DEFAULT: Self = Self { failures: 5, pause: MINUTE.saturating_mul(5) };
    const FAILURES: RangeInclusive<u32> = 3..=10;
    const SECONDS: RangeInclusive<u32> = 60..=86_400;

    /// Reads `PASSWORD_COOLDOWN`: `failures/seconds`.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let text = r.or("PASSWORD_COOLDOWN", String::new());
        if text.is_empty() {
            return Self::DEFAULT;
        }
        Self::parse(&text).unwrap_or_else(|| {
            let [failures, seconds] = [Self::FAILURES, Self::SECONDS].map(|range| format!("{} to {}", range.start(), range.end()));
            r.wrong(format!("PASSWORD_COOLDOWN is not failures/seconds: from {failures}, and from {seconds}"));
            Self::DEFAULT
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (failures, seconds) = text.split_once('/')?;
        let (failures, seconds) = (number(failures)?, number(seconds)?);
        let fits = Self::FAILURES.contains(&failures) && Self::SECONDS.contains(&seconds);
        fits.then(|| Self { failures, pause: Duration::from_secs(u64::from(seconds)) })
    }

    /// Returns a limit with these numbers, as defaults.
    #[must_use]
    pub const fn quota(self, name: &'static str, counts: &'static str) -> Quota {
        Quota::pausing(name, self.failures, self.pause, counts).configurable()
    }

    /// Returns the limit `defined` with the numbers of this deployment.
    #[must_use]
    pub const fn of(self, defined: Quota) -> Quota {
        defined.with(self.failures, self.pause)
    }
}

/// [`CLIENT`] for this client.
#[must_use]
pub fn of_client(client: &Client) -> Limit {
    CLIENT.of(client.network())
}

/// [`CLIENT_DAY`] for this client.
#[must_use]
pub fn of_client_in_a_day(client: &Client) -> Limit {
    CLIENT_DAY.of(client.network())
}

/// [`CLIENT_DIFFERENT`] for this client.
#[must_use]
pub fn of_client_different(client: &Client) -> Limit {
    CLIENT_DIFFERENT.of(client.network())
}

/// [`AT_ACCOUNT`] for this client at one account, by any of the account's names. `account` is the account's id, or the entered
/// name if there is no such account.
#[must_use]
pub fn at_account(cooldown: PasswordCooldown, account: &str, network: &str) -> Limit {
    cooldown.of(AT_ACCOUNT).of(format!("{account} {network}"))
}

/// The limits on the guesses of one client, shared by all codes and passwords.
#[derive(Debug)]
pub struct ClientGuesses([Limit; 2]);

impl ClientGuesses {
    /// Returns the limits of this client.
    #[must_use]
    pub fn of(client: &Client) -> Self {
        Self([of_client(client), of_client_in_a_day(client)])
    }

    /// Returns the keys of the counters, for a batch with other items.
    pub fn keys(&self) -> [Key; 2] {
        self.0.each_ref().map(Limit::key)
    }

    /// Checks the limits before a code is compared. A refused request is not counted.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`](kernel::Kind::TooManyRequests)
    pub fn judge(self, found: &mut Batch, now: Time) -> Result<Self, Problem> {
        let [some, day] = self.0;
        let read = [some.read(found, now)?, day.read(found, now)?];
        limits::judge(now, &read)?;
        Ok(Self(read))
    }

    /// Counts a wrong code, if `problem` has `tries_left`: otherwise nothing was guessed. It is also counted for the [gate](crate::gate).
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

/// Returns a short mark that distinguishes different guesses of a client. It has only 24 bits, so that it reveals little about the entered
/// password, which is often nearly right, even to somebody who has the table and the key.
#[must_use]
pub fn mark(key: &CodeKey, client: &Client, name: &str, password: &Secret) -> String {
    let mut guess = Vec::new();
    for part in ["guess", &client.network(), name, password.expose()] {
        guess.extend(part.len().to_be_bytes());
        guess.extend(part.as_bytes());
    }
    BASE64.encode(truncate::<3>(hmac_sha256(key.secret().expose().as_bytes(), &[&guess])))
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    #[test]
    fn a_cooldown_has_bounds() {
        let read = |text: &str| {
            let env: Env = [("PASSWORD_COOLDOWN".to_owned(), text.to_owned())].into_iter().collect();
            env.read(PasswordCooldown::read).map(|c| (c.failures, c.pause.as_secs())).map_err(|e| e.to_string())
        };
        assert_eq!(["", "3/60", "10/86400"].map(read), [Ok((5, 300)), Ok((3, 60)), Ok((10, 86_400))]);
        for wrong in ["5", "5/", "/300", "5/300/1", "2/300", "11/300", "5/59", "5/86401", "+5/300", "5 / 300", "five/300"] {
            assert!(read(wrong).is_err_and(|error| error.contains("PASSWORD_COOLDOWN") && error.contains("3 to 10")), "{wrong}");
        }
    }
}
