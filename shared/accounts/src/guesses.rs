//! How often one client may guess at passwords, at whatever accounts and wherever it types them.
//!
//! Counted apart from any account, so that one client that tries everybody once is stopped as well.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Secret;
use sha2::Sha256;
use store::limits::{DAY, HOUR, Limit};
use web::Client;

use crate::challenge::CodeKey;

/// Attempts of one client: 20 in a quarter of an hour. Right ones are given back.
#[must_use]
pub fn of_client(client: &Client) -> Limit {
    Limit::new("login_client", client.network(), 20, Duration::from_secs(900)).shared()
}

/// Failures of one client: 100 in a day close it for a day.
#[must_use]
pub fn of_client_in_a_day(client: &Client) -> Limit {
    Limit::new("login_client_day", client.network(), 100, DAY).frequent().blocking(DAY)
}

/// Different names and passwords that fail for one client: 15 in three hours close it for a day. Who has forgotten a password
/// tries a few, and a device that has an old one the same one again and again.
#[must_use]
pub fn of_client_different(client: &Client) -> Limit {
    Limit::new("login_client_different", client.network(), 15, HOUR.saturating_mul(3)).blocking(DAY)
}

/// What tells one guess of a client from another: 24 bits, so that even who has the table and the key learns little of what
/// was typed, which is often nearly right.
#[must_use]
pub fn mark(key: &CodeKey, client: &Client, name: &str, password: &Secret) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.secret().expose().as_bytes()).map(|mut mac| {
        for part in ["guess", &client.network(), name, password.expose()] {
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes()
    });
    BASE64.encode(mac.unwrap_or_default().first_chunk::<3>().copied().unwrap_or_default())
}
