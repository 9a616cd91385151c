//! A proof of work that slows down distributed guessing.
//!
//! Each account and each client has its own limits, but an attacker with many accounts and addresses stays below them. If codes and
//! passwords fail far more often than by mistyping, everybody who begins to sign in has to compute a proof of work. Nobody is refused
//! because of others: a proof takes a person's computer a second, and an attacker with ten thousand accounts hours.
//!
//! It also takes the place of a captcha while the service of captchas does not answer.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use http::HeaderMap;
use kernel::{Client, Kind, Problem, Secret, Time, crypto::hmac_sha256};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, Batch, Conditional as _, Item, Key, Personal, Sealer, StoreError, Table,
    limits::{self, Limit, MINUTE, Quota},
};

use crate::SIGN_INS_FAILED;

/// The header with the proof of work.
pub const HEADER: &str = "proof-of-work";
/// The minimum number of leading zero bits of the digest. It takes a quarter of a million digests on average.
pub const DIFFICULTY: u32 = 18;
/// How long a challenge is valid.
const LIFE: Duration = Duration::from_secs(300);
/// How long a used proof is remembered: twice the life of its challenge, because the clocks of two functions may differ.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The maximum number of digits of a solution.
const DIGITS_MAX: usize = 20;

/// The number of failures of all clients together after which a proof of work is required.
const FAILED: Quota =
    Quota::window("sign_ins_failed", 1000, MINUTE.saturating_mul(10), "wrong passwords and codes among everybody").frequent();
/// The number of counters of failures. The client's network selects one of them, because a single counter for all clients would be a hot
/// item.
const SHARDS: u8 = 4;

/// Requires a proof of work.
#[derive(Clone)]
pub struct Gate {
    key: Secret,
}

impl Gate {
    /// Creates a gate with challenges under this key.
    #[must_use]
    pub const fn new(key: Secret) -> Self {
        Self { key }
    }

    /// Creates the gate of a function that seals, with challenges under a key of its own.
    #[must_use]
    pub fn of(sealer: &Sealer) -> Self {
        Self::new(sealer.secret("stoa proof of work v1"))
    }

    /// Returns the keys of the counters of failures: read them in a batch, and pass it to [`Gate::judge`].
    pub fn keys() -> impl Iterator<Item = Key> {
        shards().map(|shard| shard.key())
    }

    /// Checks the proof of work, if one is required now. A proof is valid for one client's attempts at one name, whether or not an account
    /// has the name. Other clients and names need other proofs, so used proofs need not be stored.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with the challenge.
    pub fn judge(&self, found: &mut Batch, now: Time, client: &Client, headers: &HeaderMap, name: &str) -> Result<(), Problem> {
        let failed = shards().map(|shard| Ok(shard.read(found, now)?.hits())).sum::<Result<i64, StoreError>>()?;
        if failed < i64::from(FAILED.max) {
            return Ok(());
        }
        self.demand(now, client, headers, name, DIFFICULTY)
    }

    /// Checks the proof of work for this name. It needs as many zero bits as the challenge that the client got within the last five
    /// minutes, or as `difficulty` for a new one.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with the challenge.
    pub fn demand(&self, now: Time, client: &Client, headers: &HeaderMap, name: &str, difficulty: u32) -> Result<(), Problem> {
        match self.shown(now, client, headers, name) {
            Some(_) => Ok(()),
            None => Err(self.required(now, client, name, difficulty)),
        }
    }

    /// Like [`Gate::demand`], for a proof in place of the token of a captcha, which is accepted once too. One write.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with the challenge.
    pub async fn demand_once(&self, table: &Table, now: Time, (client, headers): (&Client, &HeaderMap), name: &str) -> Result<(), Problem> {
        if let Some(used) = self.shown(now, client, headers, name)
            && table.create(&used).await.applied()?
        {
            return Ok(());
        }
        Err(self.required(now, client, name, DIFFICULTY))
    }

    fn required(&self, now: Time, client: &Client, name: &str, difficulty: u32) -> Problem {
        let challenge = self.challenge(now + LIFE, difficulty, client, name);
        Kind::ProofOfWorkRequired
            .because("the client has to send a proof of work first")
            .with("challenge", challenge)
            .with("difficulty", difficulty)
    }

    /// Returns the proof of a request, if it is right.
    fn shown(&self, now: Time, client: &Client, headers: &HeaderMap, name: &str) -> Option<UsedProof> {
        let work = headers.get(HEADER).and_then(|v| v.to_str().ok())?;
        self.is_done(work, now, client, name).then(|| UsedProof { hash: BASE64.encode(Sha256::digest(work)), at: now })
    }

    /// `<until>.<difficulty>.<tag>`
    fn challenge(&self, until: Time, difficulty: u32, client: &Client, name: &str) -> String {
        let until = until.millis();
        let work = format!("proof of work\0{until}\0{difficulty}\0{}\0{name}", client.network());
        let tag = hmac_sha256(self.key.expose().as_bytes(), &[work.as_bytes()]);
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

/// The marker item of a proof of work that was accepted and is not accepted again.
#[derive(Serialize, Deserialize)]
pub(crate) struct UsedProof {
    hash: String,
    at: Time,
}

impl Item for UsedProof {
    const KIND: &'static str = "proof_of_work";
    const ABOUT: About =
        About::at("PROOF_OF_WORK#{hash}", "PROOF_OF_WORK", Personal::Nobody("the hash of a proof that was used")).expires();
    fn key(&self) -> Key {
        Key::new(format!("PROOF_OF_WORK#{}", self.hash), "PROOF_OF_WORK")
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}

/// Counts a wrong password or code of any operation. One update. Best effort, because other limits stop guesses too.
pub async fn failed(table: &Table, now: Time, client: &Client) {
    table.report(&[(SIGN_INS_FAILED, 1)]);
    let network = Sha256::digest(client.network());
    let shard = shard(network.first().map_or(0, |byte| byte % SHARDS));
    if let Err(e) = limits::record(table, now, &[shard]).await {
        tracing::warn!(error = %e, "a failed guess could not be counted");
    }
}

fn shards() -> impl Iterator<Item = Limit> {
    (0..SHARDS).map(shard)
}

fn shard(number: u8) -> Limit {
    FAILED.of(number)
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
