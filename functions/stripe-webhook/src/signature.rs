//! Stripe's signature of a webhook: an HMAC of the time and of the bytes of the body.
//! <https://docs.stripe.com/webhooks#verify-manually>

use std::{sync::Arc, time::Duration};

use kernel::{Secret, Time, crypto::hmac_sha256, env::Reader, secret::same};

/// How much the time of a signature may differ from the local time, in both directions.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The secrets of the endpoint: one, or two while one replaces the other.
#[derive(Clone)]
pub(crate) struct WebhookSecrets(Arc<[Secret]>);

impl WebhookSecrets {
    /// Reads `STRIPE_WEBHOOK_SECRETS`, a list.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let secrets = r.list("STRIPE_WEBHOOK_SECRETS");
        if secrets.is_empty() {
            r.wrong("STRIPE_WEBHOOK_SECRETS is missing".to_owned());
        }
        for secret in &secrets {
            r.strong("STRIPE_WEBHOOK_SECRETS", secret);
        }
        Self(secrets.into_iter().map(Secret::new).collect())
    }

    /// Returns whether Stripe has signed these bytes within the last five minutes. `header` is `Stripe-Signature`.
    pub fn verify(&self, header: &str, body: &[u8], now: Time) -> bool {
        let Some(Signed { at, signatures }) = Signed::parse(header) else { return false };
        let time = Time::from_millis(at.saturating_mul(1000));
        // The time has whole seconds.
        let seconds = Time::from_millis(now.seconds().saturating_mul(1000));
        if seconds.since(time) > TOLERANCE || time.since(seconds) > TOLERANCE {
            return false;
        }
        let stamp = format!("{at}.");
        let ours = self.0.iter().map(|secret| hmac_sha256(secret.expose().as_bytes(), &[stamp.as_bytes(), body]));
        // All pairs are compared, so that the time does not reveal which one matches.
        let mut verified = false;
        for ours in ours {
            for theirs in &signatures {
                verified |= same(&ours, theirs);
            }
        }
        verified
    }
}

/// The header: `t=1492774577,v1=5257…,v0=6ffb…`. Only `v1` counts: `v0` belongs to tests.
struct Signed {
    at: i64,
    signatures: Vec<[u8; 32]>,
}

impl Signed {
    fn parse(header: &str) -> Option<Self> {
        let (mut at, mut signatures) = (None, Vec::new());
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", time) if at.is_none() => at = Some(time.parse::<i64>().ok().filter(|_| time.bytes().all(|b| b.is_ascii_digit()))?),
                ("t", _) => return None,
                ("v1", hex) => signatures.extend(unhex(hex)),
                _ => {}
            }
        }
        Some(Self { at: at?, signatures })
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        let from = place.saturating_mul(2);
        *byte = u8::from_str_radix(text.get(from..from.saturating_add(2))?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const NOW: i64 = 1_893_499_200;
    const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

    fn secrets(list: &[&str]) -> WebhookSecrets {
        WebhookSecrets(list.iter().map(|secret| Secret::new((*secret).to_owned())).collect())
    }

    fn signature(secret: &str, at: i64, body: &[u8]) -> String {
        let mac = hmac_sha256(secret.as_bytes(), &[format!("{at}.").as_bytes(), body]);
        mac.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn good(secrets: &WebhookSecrets, header: &str, body: &[u8]) -> bool {
        secrets.verify(header, body, Time::from_millis(NOW * 1000 + 999))
    }

    #[test]
    fn only_what_is_signed_with_a_secret_and_in_time_is_taken() {
        let both = secrets(&["whsec_another_one_0123456789abcdef012", SECRET]);
        let header = |at: i64| format!("t={at},v1={}", signature(SECRET, at, BODY));
        for at in [NOW, NOW - 300, NOW + 300] {
            assert!(good(&both, &header(at), BODY), "{at}");
        }
        for at in [NOW - 301, NOW + 301, 0, i64::MAX] {
            assert!(!good(&both, &header(at), BODY), "{at}");
        }
        assert!(!good(&both, &header(NOW), br#"{"id": "evt_1"}"#), "other bytes of the same JSON");
        assert!(!good(&secrets(&["whsec_another_one_0123456789abcdef012"]), &header(NOW), BODY), "another secret");
        let forged = format!("t={NOW},v1={}", signature("", NOW, BODY));
        assert!(!good(&both, &forged, BODY), "the empty secret");
        let several = format!("t={NOW}, v0=00, v1={}, v1={}", "0".repeat(64), signature(SECRET, NOW, BODY));
        assert!(good(&both, &several, BODY), "one of several signatures");
    }

    #[test]
    fn no_process_starts_without_strong_secrets() {
        let read = |list: &str| {
            let env: Env = [("STRIPE_WEBHOOK_SECRETS".to_owned(), list.to_owned())].into_iter().collect();
            env.read(WebhookSecrets::read).map(|secrets| secrets.0.len()).map_err(|e| e.to_string())
        };
        assert_eq!(read(SECRET), Ok(1));
        assert_eq!(read(&format!("{SECRET}, whsec_another_one_0123456789abcdef012")), Ok(2));
        let (short, plain) = (format!("{SECRET},whsec_short"), format!("whsec_{}", "0".repeat(32)));
        for weak in ["", " , ", "whsec_short", &short, &plain] {
            let refused = read(weak).unwrap_err();
            assert!(refused.contains("STRIPE_WEBHOOK_SECRETS") && !refused.contains("whsec_"), "{weak:?}: {refused}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        let right = signature(SECRET, NOW, BODY);
        for header in [
            String::new(),
            "t=,v1=".to_owned(),
            format!("v1={right}"),
            format!("t={NOW}"),
            format!("t={NOW},v0={right}"),
            format!("t={NOW},v1={right}0"),
            format!("t={NOW},v1={}", right.get(2..).unwrap()),
            format!("t={NOW},t=1,v1={right}"),
            format!("t=+{NOW},v1={right}"),
            format!("t={NOW},v1"),
            format!("t={NOW};v1={right}"),
        ] {
            assert!(!good(&secrets(&[SECRET]), &header, BODY), "{header}");
        }
    }
}
