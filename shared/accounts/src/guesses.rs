//! How often one client may guess at passwords, at whatever accounts and wherever it types them.
//!
//! Counted apart from any account, so that one client that tries everybody once is stopped as well.

use std::time::Duration;

use store::limits::{DAY, Limit};
use web::Client;

/// Attempts of one client: 20 in a quarter of an hour. Right ones are given back.
#[must_use]
pub fn of_client(client: &Client) -> Limit {
    Limit::new("login_client", client.network(), 20, Duration::from_secs(900))
}

/// Failures of one client: 100 in a day.
#[must_use]
pub fn of_client_in_a_day(client: &Client) -> Limit {
    Limit::new("login_client_day", client.network(), 100, DAY).frequent()
}
