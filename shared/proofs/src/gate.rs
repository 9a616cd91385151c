//! What stands before guessing while it goes on everywhere at once: work.
//!
//! Each account and each client has its own limits, which whoever has many of both stays below. When codes and passwords fail
//! more often than people ever mistype them, whoever begins to sign in has their computer work for a moment first. Nobody is
//! refused for what others do: the work costs a person a second, and guessing at ten thousand accounts hours.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use http::HeaderMap;
use kernel::{Client, Kind, Problem, Time, crypto::hmac_sha256};
use sha2::{Digest as _, Sha256};
use store::{
    Batch, Key, StoreError, Table,
    limits::{self, Limit},
};

use crate::challenge::CodeKey;

/// The header that brings the work.
pub const HEADER: &str = "proof-of-work";
/// How many bits of the digest are zero at least: a quarter of a million digests on average.
pub const DIFFICULTY: u32 = 18;
/// How long a challenge is good.
const LIFE: Duration = Duration::from_secs(300);
/// A number that solves a challenge has no more digits than this.
const DIGITS_MAX: usize = 20;

/// So many failures among everybody,
const MOST: u32 = 1000;
/// in so long, close the gate.
const WINDOW: Duration = Duration::from_secs(600);
/// Among so many counters failures are spread, by the network they come from: one alone would be everybody's.
const SHARDS: u8 = 4;

/// Asks for work.
#[derive(Clone)]
pub struct Gate {
    key: CodeKey,
}

impl Gate {
    /// A gate whose challenges are made under this key.
    #[must_use]
    pub const fn new(key: CodeKey) -> Self {
        Self { key }
    }

    /// Where failures are counted: to be read with other things, and given to [`Gate::judge`].
    pub fn keys() -> impl Iterator<Item = Key> {
        shards().map(|shard| shard.key())
    }

    /// Lets through who has worked, and everybody as long as nobody has to. What was worked for is one client's attempts at
    /// one name, whoever has it: others ask for work of their own, so nothing has to be remembered.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with what to do.
    pub fn judge(&self, found: &mut Batch, now: Time, client: &Client, headers: &HeaderMap, name: &str) -> Result<(), Problem> {
        let failed = shards().map(|shard| Ok(shard.read(found, now)?.hits())).sum::<Result<i64, StoreError>>()?;
        if failed < i64::from(MOST) {
            return Ok(());
        }
        self.demand(now, client, headers, name, DIFFICULTY)
    }

    /// Lets through who has worked for this name, whoever has it: so many zero bits, or as many as were asked of the client within the
    /// last five minutes.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with what to do.
    pub fn demand(&self, now: Time, client: &Client, headers: &HeaderMap, name: &str, difficulty: u32) -> Result<(), Problem> {
        let shown = headers.get(HEADER).and_then(|v| v.to_str().ok());
        if shown.is_some_and(|work| self.is_done(work, now, client, name)) {
            return Ok(());
        }
        let challenge = self.challenge(now + LIFE, difficulty, client, name);
        Err(Kind::ProofOfWorkRequired.because("strangers work before this").with("challenge", challenge).with("difficulty", difficulty))
    }

    /// `<until>.<difficulty>.<tag>`
    fn challenge(&self, until: Time, difficulty: u32, client: &Client, name: &str) -> String {
        let until = until.millis();
        let work = format!("proof of work\0{until}\0{difficulty}\0{}\0{name}", client.network());
        let tag = hmac_sha256(self.key.secret().expose().as_bytes(), &[work.as_bytes()]);
        format!("{until}.{difficulty}.{}", BASE64.encode(tag))
    }

    /// `<challenge>.<number>`
    fn is_done(&self, work: &str, now: Time, client: &Client, name: &str) -> bool {
        let Some((challenge, number)) = work.rsplit_once('.') else { return false };
        let mut parts = challenge.split('.');
        let until = parts.next().and_then(|until| until.parse().ok()).map(Time::from_millis);
        let difficulty = parts.next().and_then(|difficulty| difficulty.parse::<u32>().ok());
        let Some((until, difficulty)) = until.filter(|until| now < *until && *until <= now + LIFE).zip(difficulty) else { return false };
        let ours = kernel::secret::same(self.challenge(until, difficulty, client, name).as_bytes(), challenge.as_bytes());
        let plain = !number.is_empty() && number.len() <= DIGITS_MAX && number.bytes().all(|b| b.is_ascii_digit());
        ours && plain && leading_zeros(&Sha256::digest(work)) >= difficulty
    }
}

/// Counts a wrong password or code, wherever it was typed. It is not this that stops a guess: a count that fails is left out.
/// One update.
pub async fn failed(table: &Table, now: Time, client: &Client) {
    function::report_of(now, "TableName", table.name(), &[("SignInsFailed", 1)]);
    let network = Sha256::digest(client.network());
    let shard = shard(network.first().map_or(0, |byte| byte % SHARDS));
    if let Err(e) = limits::record(table, now, &[shard]).await {
        tracing::warn!(error = %e, "a failure is not counted");
    }
}

fn shards() -> impl Iterator<Item = Limit> {
    (0..SHARDS).map(shard)
}

fn shard(number: u8) -> Limit {
    Limit::new("sign_ins_failed", number, MOST, WINDOW).frequent()
}

fn leading_zeros(digest: &[u8]) -> u32 {
    let zero = digest.iter().take_while(|b| **b == 0).count();
    let next = digest.get(zero).map_or(0, |b| b.leading_zeros());
    u32::try_from(zero).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_counted_across_bytes() {
        for (digest, zeros) in [(&[0xff_u8, 0][..], 0), (&[0x01], 7), (&[0, 0x80], 8), (&[0, 0, 0x3f], 18), (&[0, 0], 16), (&[], 0)] {
            assert_eq!(leading_zeros(digest), zeros, "{digest:?}");
        }
    }
}
