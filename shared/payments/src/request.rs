//! The same request to pay, sent twice. A client names each request by a key of its own; the same key never begins a second payment.

use std::time::Duration;

use accounts::user::{Status, User, partition};
use kernel::{
    Sys, Time,
    id::{DonationId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Conditional as _, Item, Key, Personal, StoreError, Table, Tx, field};

use crate::{Donation, Donor};

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
    donation: DonationId,
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
pub enum Begun {
    /// The donation was begun now.
    Now(Donation),
    /// It was begun by an earlier request with the same key. As it is now.
    Before(Donation),
    /// An earlier request with the same key asked for something else.
    Other,
}

/// Begins a donation, once for each key of a person whose account is in use. A read, and a transaction if there was no such request before.
///
/// # Errors
/// [`StoreError`]
pub async fn begin(table: &Table, sys: &Sys, user: UserId, key: &str, donor: &Donor) -> Result<Begun, StoreError> {
    let (key, fingerprint) = (hash(key.as_bytes()), hash(format!("{donor:?}").as_bytes()));
    for _ in 0..ROUNDS {
        let now = sys.now();
        let earlier = table.get::<PaymentRequest>(PaymentRequest::key_of(user, &key)).await?.filter(|earlier| earlier.until > now);
        if let Some(earlier) = earlier {
            if earlier.fingerprint != fingerprint {
                return Ok(Begun::Other);
            }
            if let Some(donation) = table.get::<Donation>(Donation::key_of(user, earlier.donation)).await? {
                return Ok(Begun::Before(donation));
            }
            return Err(StoreError::Unavailable("the donation of a request is being withdrawn".to_owned()));
        }
        let donation = Donation::new(sys, user, donor.clone());
        let (key, fingerprint) = (key.clone(), fingerprint.clone());
        let request = PaymentRequest { user, key, fingerprint, donation: donation.id, until: now + KEPT };
        let mut tx = Tx::new();
        tx.put(&request, Cond::Absent.or(field("until").le(now)));
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        tx.create(&donation);
        match table.commit(tx).await {
            Ok(()) => return Ok(Begun::Now(donation)),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Err(StoreError::Unavailable("other requests with the same key were faster, or the account is being closed".to_owned()))
}

impl Donation {
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
