//! Passwords that are known from breaches. The service does not learn the password: the request has the first five digits of its hash, and
//! the response lists all hashes that begin with them. <https://haveibeenpwned.com/API/v3#PwnedPasswords>

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use function::{Failure, OutsideClient};
use http::{Request, StatusCode, header::USER_AGENT};
use kernel::{Secret, env::Reader};
use sha1::{Digest as _, Sha1};

/// How long a request for a new password waits for the service.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The hexadecimal digits of a SHA-1 hash, and how many of them are sent.
const DIGITS: usize = 40;
const SENT_DIGITS: usize = 5;

/// A client of the service.
#[derive(Clone)]
pub(crate) struct Breached {
    url: Arc<str>,
    outside: OutsideClient,
}

impl Breached {
    /// Reads `BREACHED_PASSWORDS_URL`, to which `/range/<digits>` is appended. `None` without the variable: no service is used.
    pub fn read(r: &mut Reader<'_>) -> Option<Self> {
        let url: String = r.or("BREACHED_PASSWORDS_URL", String::new());
        if url.is_empty() {
            return None;
        }
        if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
            r.wrong("BREACHED_PASSWORDS_URL must begin with https://".to_owned());
        }
        match OutsideClient::new() {
            Ok(outside) => Some(Self { url: url.into(), outside }),
            Err(e) => {
                r.wrong(format!("BREACHED_PASSWORDS_URL cannot be asked: {e}"));
                None
            }
        }
    }

    /// Returns whether the service lists the password. False if it does not answer.
    pub async fn knows(&self, password: &Secret) -> bool {
        self.ask(password).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "the service for breached passwords failed: only the list of common passwords was checked");
            false
        })
    }

    async fn ask(&self, password: &Secret) -> Result<bool, Failure> {
        let hash: String = Sha1::digest(password.expose()).iter().map(|byte| format!("{byte:02X}")).collect();
        let (prefix, end) = hash.split_at(SENT_DIGITS);
        // The service pads the response, so that observers cannot tell the range by its size.
        let request = Request::get(format!("{}/range/{prefix}", self.url)).header(USER_AGENT, "Stoa").header("add-padding", "true");
        let answer = self.outside.send(request.body(Bytes::new())?, TIMEOUT).await?;
        match answer.status() {
            StatusCode::OK => listed(std::str::from_utf8(answer.body())?, end),
            status => Err(format!("it answers {status}").into()),
        }
    }
}

/// Returns whether the response lists this end of a hash. Its lines are `<end>:<count>`, and padding has the count zero.
fn listed(range: &str, end: &str) -> Result<bool, Failure> {
    if range.is_empty() {
        return Err("it answers with nothing, and no range is empty".into());
    }
    let mut found = false;
    for line in range.lines() {
        let parts = line.split_once(':').filter(|(hash, _)| hash.len() == DIGITS.saturating_sub(SENT_DIGITS));
        let (hash, times) = parts.ok_or("it answers with lines of another form")?;
        found |= times.trim().parse::<u64>()? > 0 && hash.eq_ignore_ascii_case(end);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_ignored_and_a_malformed_response_is_an_error() {
        let (a, b) = ("0018A45C4D1DEF81644B54AB7F969B88D65", "00D4F6E8FA6EECAD2A3AA415EEC418D38EC");
        let range = format!("{a}:0\r\n{b}:21");
        assert!(listed(&range, b).unwrap() && listed(&range.to_lowercase(), b).unwrap());
        assert!(!listed(&range, a).unwrap(), "padding");
        assert!(!listed(&format!("{a}:3"), b).unwrap());
        for wrong in ["", "<html>", &format!("{a}:many"), &format!("{a}\r\n"), "018A:3"] {
            assert!(listed(wrong, a).is_err(), "{wrong}");
        }
    }
}
