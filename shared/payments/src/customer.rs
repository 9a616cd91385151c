//! The customers at Stripe: one for each person who has begun a payment.

use std::time::Duration;

use accounts::user::partition;
use kernel::{Time, crypto::short_hash, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Update, field};

/// The partition of [`Index::DuePayments`] with the customers of whom Stripe's id is not known.
const UNFINISHED: &str = "UNFINISHED_CUSTOMERS";
/// How long a customer whose creation was abandoned may still appear at Stripe. Longer than any request runs.
const APPEARS: Duration = Duration::from_secs(3600);

/// The customer of a person, and the details that Stripe has of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The person.
    pub user: UserId,
    /// Stripe's id. `None` until Stripe has answered.
    pub customer: Option<String>,
    /// The number of this customer of the person, from 1. It is increased when Stripe no longer knows the former one, or the creation of
    /// the former one was abandoned.
    pub attempt: u32,
    /// The name that was sent to Stripe.
    pub name: String,
    /// The mail address that was sent to Stripe, if there is one.
    #[serde(default)]
    pub email: Option<String>,
    /// When it was created.
    pub created_at: Time,
}

impl Customer {
    /// Returns the key of a person's customer.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "CUSTOMER")
    }

    /// Creates a customer that Stripe does not know yet: the person's first, or the one after `former`, which Stripe no longer knows.
    #[must_use]
    pub fn new(user: UserId, former: Option<&Self>, name: String, email: Option<String>, now: Time) -> Self {
        let attempt = former.map_or(1, |former| former.attempt.saturating_add(1));
        Self { user, customer: None, attempt, name, email, created_at: now }
    }

    /// Returns the customer that replaces this one, whose creation is abandoned.
    #[must_use]
    pub fn again(&self, now: Time) -> Self {
        Self { attempt: self.attempt.saturating_add(1), created_at: now, ..self.clone() }
    }

    /// Returns the removal of this customer at Stripe.
    #[must_use]
    pub fn removal(&self, now: Time) -> CustomerRemoval {
        match self.customer.clone() {
            Some(customer) => CustomerRemoval::Known { customer, since: now },
            None => CustomerRemoval::Lost { request: self.request(), from: self.created_at, since: now },
        }
    }

    /// Returns the update with Stripe's id of it, which is refused if there is another customer by now.
    #[must_use]
    pub fn found(&self, id: &str) -> Update {
        let update = Update::of(Self::key_of(self.user)).set("customer", id).index(Index::DuePayments, None);
        update.when(field("attempt").eq(self.attempt))
    }

    /// Returns the idempotency key of its creation: Stripe creates one customer for it, however often it is asked.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("customer-{}-{}", self.user, self.attempt)
    }

    /// Returns the name of the request that creates the customer. Stripe stores it with the customer, so that the customer can be found if
    /// the answer was lost. It contains no personal data.
    #[must_use]
    pub fn request(&self) -> String {
        short_hash(self.idempotency_key())
    }
}

impl Item for Customer {
    const KIND: &'static str = "customer";
    const ABOUT: About = About::beside_user("CUSTOMER", Personal::Exported(&["customer", "name", "email", "created_at"]))
        .indexed(Index::DuePayments, "UNFINISHED_CUSTOMERS", "{user}")
        .removed_by("payments");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    // A sparse index: it contains only customers whose id is not known.
    fn indexes(&self) -> Vec<(Index, Key)> {
        if self.customer.is_some() {
            return Vec::new();
        }
        vec![(Index::DuePayments, Key::new(UNFINISHED, self.user.to_string()))]
    }
}

impl accounts::Resource for Customer {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Customers whose id at Stripe is not written: they are being created, or their creation was interrupted. Those after this one. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn unfinished(table: &Table, after: Option<UserId>, limit: u32) -> Result<Page<Customer>, StoreError> {
    let range = Range::of_index(Index::DuePayments, UNFINISHED).limit(limit);
    table.query(after.into_iter().fold(range, |range, after| range.beyond(after.to_string()))).await
}

/// A customer that has to be deleted at Stripe, because the person's account was deleted, or because there is another customer now. The
/// item stays until that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CustomerRemoval {
    /// A customer whose id is known.
    Known {
        /// Stripe's id of the customer.
        customer: String,
        /// Since when it is to be deleted.
        since: Time,
    },
    /// A customer whose creation was abandoned without knowing whether Stripe has created it.
    Lost {
        /// The name of the request: see [`Customer::request`].
        request: String,
        /// When it was first sent.
        from: Time,
        /// The time after which it was not sent any more.
        since: Time,
    },
}

impl CustomerRemoval {
    /// The partition of all removals. It contains only those of the last hours.
    pub const PARTITION: &'static str = "CUSTOMER_REMOVALS";

    /// Returns the time from which it is known whether Stripe has created the customer. `None` if it is known already.
    #[must_use]
    pub fn is_known_at(&self) -> Option<Time> {
        match self {
            Self::Known { .. } => None,
            Self::Lost { since, .. } => Some(*since + APPEARS),
        }
    }
}

impl Item for CustomerRemoval {
    const KIND: &'static str = "customer_removal";
    const ABOUT: About = About::at(
        "CUSTOMER_REMOVALS",
        "CUSTOMER#{customer}",
        Personal::Nobody("Stripe's id of a customer, or a hash that names one, who is deleted there within two hours"),
    );
    fn key(&self) -> Key {
        let (Self::Known { customer: name, .. } | Self::Lost { request: name, .. }) = self;
        Key::new(Self::PARTITION, format!("CUSTOMER#{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn another_attempt_is_another_request() {
        let first = Customer::new(UserId::NIL, None, "ana".to_owned(), None, NOW);
        let second = first.again(NOW + APPEARS);
        assert_eq!((second.attempt, second.created_at, &second.name), (2, NOW + APPEARS, &first.name));
        assert_ne!(first.idempotency_key(), second.idempotency_key());
        assert_ne!(first.request(), second.request());
    }

    #[test]
    fn what_may_be_at_stripe_is_to_be_deleted() {
        let unknown = Customer::new(UserId::NIL, None, "ana".to_owned(), None, NOW);
        let known = Customer { customer: Some("cus_1".to_owned()), ..unknown.clone() };
        assert_eq!((known.removal(NOW).is_known_at(), unknown.removal(NOW).is_known_at()), (None, Some(NOW + APPEARS)));
    }
}
