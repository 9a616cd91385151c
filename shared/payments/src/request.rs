//! Idempotency of requests to pay: a client identifies each request by a key, and the same key never begins a second payment.

use std::time::Duration;

use accounts::user::{Status, User, partition};
use kernel::{Kind, Problem, Sys, Time, crypto::short_hash, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Item, Key, Personal, Table, Tx, field,
    limits::{self, Limit},
};

use crate::{CardPayment, FROM_NETWORK, PAYMENTS, Purpose};

/// How long a key is remembered: as long as Stripe remembers idempotency keys.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Attempts to begin a payment against concurrent requests.
const ROUNDS: u32 = 10;

/// A request to pay, by its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentRequest {
    user: UserId,
    /// A hash of the key.
    key: String,
    /// A hash of the content of the request.
    fingerprint: String,
    /// The id of the payment that was begun for it.
    payment: String,
    until: Time,
}

impl PaymentRequest {
    fn key_of(user: UserId, key: &str) -> Key {
        Key::new(partition(user), format!("PAYMENT_REQUEST#{key}"))
    }
}

impl Item for PaymentRequest {
    const KIND: &'static str = "payment_request";
    const ABOUT: About = About::beside_user("PAYMENT_REQUEST#{key}", Personal::Withheld("hashes of a request, kept for a day")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, &self.key)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Begins a payment from this network, once for each key of a person whose account is active. If an earlier request with the same key has
/// begun a payment, returns that payment in its current state. Otherwise `admitted` decides whether there may be another one. A read of the
/// key; for a new key also a batch of the counters, and a transaction that counts the payment too, so that concurrent requests cannot
/// exceed the limits.
///
/// # Errors
/// [`Kind::IdempotencyKeyReused`], [`Kind::TooManyRequests`], those of `admitted`, or [`Kind::Conflict`] if others were faster all the
/// time.
pub async fn begin<P: Purpose>(
    table: &Table,
    sys: &Sys,
    user: UserId,
    network: &str,
    key: &str,
    purpose: &P,
    admitted: impl Future<Output = Result<(), Problem>> + Send,
) -> Result<CardPayment<P>, Problem> {
    let asked = format!("{} {}", P::KIND, purpose.fingerprint());
    let (key, fingerprint) = (short_hash(key), short_hash(asked));
    if let Some(earlier) = before::<P>(table, sys.now(), user, &key, &fingerprint).await? {
        return Ok(earlier);
    }
    admitted.await?;
    let limits = [PAYMENTS.of(user), FROM_NETWORK.of(network)];
    for _ in 0..ROUNDS {
        let now = sys.now();
        let mut found = table.get_many(limits.iter().map(Limit::key).collect()).await?;
        let limits = limits.iter().map(|limit| limit.clone().read(&mut found, now)).collect::<Result<Vec<_>, _>>()?;
        let payment = CardPayment::new(sys, user, network.to_owned(), purpose.clone());
        let (own, fingerprinted) = (key.clone(), fingerprint.clone());
        let request = PaymentRequest { user, key: own, fingerprint: fingerprinted, payment: payment.id.to_string(), until: now + KEPT };
        let mut tx = Tx::new();
        tx.put(&request, Cond::Absent.or(field("until").le(now)));
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        tx.create(&payment);
        for limit in &limits {
            limit.hit_in(&mut tx, now);
        }
        let reached = limits::judge(now, &limits);
        if reached.is_ok() {
            match table.commit(tx).await {
                Ok(()) => return Ok(payment),
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(e)) => return Err(e.into()),
            }
        }
        // A request with the same key may have been faster.
        if let Some(earlier) = before::<P>(table, now, user, &key, &fingerprint).await? {
            return Ok(earlier);
        }
        reached?;
    }
    Err(Kind::Conflict.because("concurrent requests were faster at every attempt, or the account is being deleted"))
}

/// Returns the payment of an earlier request with this key, in its current state.
async fn before<P: Purpose>(
    table: &Table,
    now: Time,
    user: UserId,
    key: &str,
    fingerprint: &str,
) -> Result<Option<CardPayment<P>>, Problem> {
    let earlier = table.get::<PaymentRequest>(PaymentRequest::key_of(user, key)).await?.filter(|earlier| earlier.until > now);
    let Some(earlier) = earlier else { return Ok(None) };
    let id = earlier.payment.parse::<P::Id>().ok().filter(|_| earlier.fingerprint == fingerprint);
    let id = id.ok_or(Kind::IdempotencyKeyReused)?;
    let payment = table.get::<CardPayment<P>>(CardPayment::<P>::key_of(user, id)).await?;
    payment.map(Some).ok_or_else(|| Kind::Conflict.because("the account is being deleted"))
}
