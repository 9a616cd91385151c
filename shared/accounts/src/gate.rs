//! What stands before guessing while it goes on everywhere at once: work.
//!
//! Each account and each client has its own limits, which whoever has many of both stays below. When codes and passwords fail
//! more often than people ever mistype them, whoever begins to sign in has their computer work for a moment first. Nobody is
//! refused for what others do: the work costs a person a second, and guessing at ten thousand accounts hours.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use function::Figures;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use kernel::{Kind, Problem, Time, env::Reader};
use sha2::{Digest as _, Sha256};
use store::{
    Batch, Key, Table,
    limits::{self, Limit, LimitError},
};
use web::Client;

use crate::challenge::CodeKey;

/// The header that brings the work.
pub const HEADER: &str = "proof-of-work";
/// How many bits of the digest are zero: a quarter of a million digests on average.
const DIFFICULTY: u32 = 18;
/// How long a challenge is good.
const LIFE: Duration = Duration::from_secs(300);
/// A number that solves a challenge has no more digits than this.
const DIGITS_MAX: usize = 20;

/// Counts what fails, and asks for work.
#[derive(Clone)]
pub struct Gate {
    key: CodeKey,
    figures: Figures,
}

impl Gate {
    /// Reads the configuration.
    pub fn read(r: &mut Reader<'_>, figures: Figures) -> Self {
        Self { key: CodeKey::read(r), figures }
    }

    /// Where failures are counted: to be read with other things, and given to [`Gate::judge`].
    #[must_use]
    pub fn key() -> Key {
        failures().key()
    }

    /// Lets through who has worked, and everybody as long as nobody has to. What was worked for is one client's attempts at
    /// one account: others ask for work of their own, so nothing has to be remembered.
    ///
    /// # Errors
    /// [`Kind::ProofOfWorkRequired`], with what to do.
    pub fn judge(&self, found: &mut Batch, now: Time, client: &Client, headers: &HeaderMap, account: &str) -> Result<(), Problem> {
        match limits::judge(found, now, &failures()) {
            Ok(()) => return Ok(()),
            Err(LimitError::Store(e)) => return Err(e.into()),
            Err(LimitError::Reached(_)) => {}
        }
        let shown = headers.get(HEADER).and_then(|v| v.to_str().ok());
        if shown.is_some_and(|work| self.is_done(work, now, client, account)) {
            return Ok(());
        }
        let challenge = self.challenge(now + LIFE, client, account);
        Err(Problem::new(Kind::ProofOfWorkRequired).with("challenge", challenge).with("difficulty", DIFFICULTY))
    }

    /// Counts a wrong password or code. It is not this that stops a guess: a count that fails is left out.
    pub async fn failed(&self, table: &Table, now: Time) {
        self.figures.report(&[("SignInsFailed", 1)]);
        if let Err(e) = limits::note(table, now, &[failures()]).await {
            tracing::warn!(error = %e, "a failure is not counted");
        }
    }

    /// `<until>.<tag>`
    fn challenge(&self, until: Time, client: &Client, account: &str) -> String {
        let until = until.millis();
        let tag = Hmac::<Sha256>::new_from_slice(self.key.secret().expose().as_bytes()).map(|mut mac| {
            mac.update(format!("proof of work\0{until}\0{}\0{account}", client.network()).as_bytes());
            mac.finalize().into_bytes()
        });
        format!("{until}.{}", BASE64.encode(tag.unwrap_or_default()))
    }

    /// `<challenge>.<number>`
    fn is_done(&self, work: &str, now: Time, client: &Client, account: &str) -> bool {
        let Some((challenge, number)) = work.rsplit_once('.') else { return false };
        let until = challenge.split_once('.').and_then(|(until, _)| until.parse().ok()).map(Time::from_millis);
        let Some(until) = until.filter(|until| now < *until && *until <= now + LIFE) else { return false };
        let ours = kernel::secret::same(self.challenge(until, client, account).as_bytes(), challenge.as_bytes());
        let plain = !number.is_empty() && number.len() <= DIGITS_MAX && number.bytes().all(|b| b.is_ascii_digit());
        ours && plain && leading_zeros(&Sha256::digest(work)) >= DIFFICULTY
    }
}

/// A thousand in ten minutes.
fn failures() -> Limit {
    Limit::new("sign_ins_failed", "everybody", 1000, Duration::from_secs(600)).frequent()
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
