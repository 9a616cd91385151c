//! The customers at Stripe: one for each person who has begun a payment.

use accounts::user::partition;
use kernel::{Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Update, field};

/// The partition of [`Index::DuePayments`] with the customers of whom Stripe's id is not known.
const UNFINISHED: &str = "UNFINISHED_CUSTOMERS";

/// The customer of a person, and the details that Stripe has of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The person.
    pub user: UserId,
    /// Stripe's id. `None` until Stripe has answered.
    pub customer: Option<String>,
    /// The number of this customer of the person, from 1. It is raised when Stripe no longer knows the former one.
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
    /// The key of a person's customer.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "CUSTOMER")
    }

    /// A customer that Stripe does not know yet: the person's first, or the one after `former`, which Stripe no longer knows.
    #[must_use]
    pub fn new(user: UserId, former: Option<&Self>, name: String, email: Option<String>, now: Time) -> Self {
        let attempt = former.map_or(1, |former| former.attempt.saturating_add(1));
        Self { user, customer: None, attempt, name, email, created_at: now }
    }

    /// The update with Stripe's id of it, which is refused if there is another customer by now.
    #[must_use]
    pub fn found(&self, id: &str) -> Update {
        let update = Update::of(Self::key_of(self.user)).set("customer", id).index(Index::DuePayments, None);
        update.when(field("attempt").eq(self.attempt))
    }

    /// The idempotency key of its creation: Stripe creates one customer for it, however often it is asked.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("customer-{}-{}", self.user, self.attempt)
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
    fn find(caller: UserId, (): ()) -> Option<Key> {
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

/// A customer that is to be deleted at Stripe, because the person has left. It stays until Stripe has done so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRemoval {
    /// Stripe's id of the customer.
    pub customer: String,
    /// Since when it is to be deleted.
    pub since: Time,
}

impl CustomerRemoval {
    /// The partition of all of them. It contains only those of the last hour.
    pub const PARTITION: &'static str = "CUSTOMER_REMOVALS";
}

impl Item for CustomerRemoval {
    const KIND: &'static str = "customer_removal";
    const ABOUT: About = About::at(
        "CUSTOMER_REMOVALS",
        "CUSTOMER#{customer}",
        Personal::Nobody("Stripe's id of a customer, who is deleted there within the hour"),
    );
    fn key(&self) -> Key {
        Key::new(Self::PARTITION, format!("CUSTOMER#{}", self.customer))
    }
}
