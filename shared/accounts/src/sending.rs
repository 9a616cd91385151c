//! How much may be sent to one contact, and because of one client.

use std::time::Duration;

use kernel::{Problem, Sys};
use store::{
    Item as _, Table, Tx,
    limits::{Limit, take},
};
use web::Client;

use crate::{challenge::Challenge, identifier::Contact};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A code or a link: five an hour and ten a day to one contact, whoever asks; text messages also ten an hour because of one
/// client.
#[must_use]
pub fn limits(to: &Contact, client: &Client) -> Vec<Limit> {
    let mut limits = vec![Limit::new("code_hour", to.key(), 5, HOUR), Limit::new("code_day", to.key(), 10, DAY)];
    if matches!(to, Contact::Phone(_)) {
        limits.push(Limit::new("sms_client", client.network(), 10, HOUR));
    }
    limits
}

/// Adds the sending of a code to a transaction, unless the one that was sent before under the same id can still be typed. What
/// is returned is the one that counts.
///
/// A read, and the counters of what is sent.
///
/// # Errors
/// [`kernel::Kind::ResendTooEarly`], or a limit.
pub async fn code(
    table: &Table,
    sys: &Sys,
    tx: &mut Tx,
    client: &Client,
    to: &Contact,
    mut fresh: Challenge,
) -> Result<Challenge, Problem> {
    let before = table.get::<Challenge>(fresh.key()).await?;
    if let Some(standing) = before.as_ref().filter(|c| c.stands(sys.now())) {
        return Ok(standing.clone());
    }
    fresh.send(tx, sys, before.as_ref())?;
    take(table, sys.now(), &limits(to, client)).await?;
    Ok(fresh)
}
