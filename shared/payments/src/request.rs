//! The same request to pay, sent twice. A client names each request by a key of its own; the same key never begins a second payment.

use std::time::Duration;

use accounts::user::{Status, User, partition};
use kernel::{Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Conditional as _, Item, Key, Personal, StoreError, Table, Tx, field};

use crate::{CardPayment, Purpose};

/// How long a key is remembered. Stripe remembers those that it gets as long.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How often a request that loses against another one with the same key looks again.
const ROUNDS: u32 = 3;

/// A request to pay, by its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentRequest {
    user: UserId,
    /// A hash of the key.
    key: String,
    /// A hash of what was asked for.
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

/// The result of [`begin`].
#[derive(Clone, Debug)]
pub enum Begun<P: Purpose> {
    /// The payment was begun now.
    Now(CardPayment<P>),
    /// It was begun by an earlier request with the same key. As it is now.
    Before(CardPayment<P>),
    /// An earlier request with the same key asked for something else.
    Other,
}

/// Begins a payment from this network, once for each key of a person whose account is in use. A read, and a transaction if there was no such request before.
///
/// # Errors
/// [`StoreError`]
pub async fn begin<P: Purpose>(
    table: &Table,
    sys: &Sys,
    user: UserId,
    network: &str,
    key: &str,
    purpose: &P,
) -> Result<Begun<P>, StoreError> {
    let asked = format!("{} {}", P::KIND, purpose.fingerprint());
    let (key, fingerprint) = (hash(key.as_bytes()), hash(asked.as_bytes()));
    for _ in 0..ROUNDS {
        let now = sys.now();
        let earlier = table.get::<PaymentRequest>(PaymentRequest::key_of(user, &key)).await?.filter(|earlier| earlier.until > now);
        if let Some(earlier) = earlier {
            if earlier.fingerprint != fingerprint {
                return Ok(Begun::Other);
            }
            let Ok(id) = earlier.payment.parse::<P::Id>() else { return Ok(Begun::Other) };
            if let Some(payment) = table.get::<CardPayment<P>>(CardPayment::<P>::key_of(user, id)).await? {
                return Ok(Begun::Before(payment));
            }
            return Err(StoreError::Unavailable("the payment of a request is being withdrawn".to_owned()));
        }
        let payment = CardPayment::new(sys, user, network.to_owned(), purpose.clone());
        let (key, fingerprint) = (key.clone(), fingerprint.clone());
        let request = PaymentRequest { user, key, fingerprint, payment: payment.id.to_string(), until: now + KEPT };
        let mut tx = Tx::new();
        tx.put(&request, Cond::Absent.or(field("until").le(now)));
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        tx.create(&payment);
        match table.commit(tx).await {
            Ok(()) => return Ok(Begun::Now(payment)),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("other requests with the same key were faster, or the account is being closed".to_owned()))
}

impl<P: Purpose> CardPayment<P> {
    /// Takes back what [`begin`] has begun with this key, unless another request with the same key has gone on with it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn withdraw(&self, table: &Table, key: &str) -> Result<(), StoreError> {
        let mut tx = Tx::new();
        tx.delete_when(self.key(), field("version").eq(self.version));
        tx.delete(PaymentRequest::key_of(self.user, &hash(key.as_bytes())));
        table.commit(tx).await.refused_is_fine()
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
