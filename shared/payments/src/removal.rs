//! Payments at Stripe that nobody is to pay any more, because the payer has left, or because nobody has asked for them.

use kernel::Time;
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Range, StoreError, Table};
use utoipa::ToSchema;

/// Why money is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The buyer wants it.
    RequestedByCustomer,
    /// It was paid twice.
    Duplicate,
    /// The card was not the buyer's.
    Fraudulent,
    /// The order had been cancelled or had expired before it was paid. Such a refund is made automatically.
    #[default]
    OrderEnded,
}

/// A payment that is to be cancelled at Stripe, or given back if it was paid, because the payer has left, or because it is not the one that
/// was asked for. It stays until Stripe has done so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRemoval {
    /// Stripe's id of the payment.
    pub intent: String,
    /// Since when it is to be cancelled.
    pub since: Time,
    /// If it is to be kept: what is to be given back of it all the same, because that was promised.
    #[serde(default)]
    pub promised: Vec<Promised>,
}

/// A refund that Stripe was to be asked for when the payer left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// Its name.
    pub name: String,
    /// How much.
    pub amount: Money,
    /// Why, as Stripe was told if it was asked before: it refuses another request with the same key.
    #[serde(default)]
    pub reason: RefundReason,
}

impl PaymentRemoval {
    const PARTITION: &'static str = "PAYMENT_REMOVALS";

    /// Of a payment that is not kept.
    #[must_use]
    pub const fn new(intent: String, since: Time) -> Self {
        Self { intent, since, promised: Vec::new() }
    }

    /// All of them after this one. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(table: &Table, after: Option<&Self>, limit: u32) -> Result<Vec<Self>, StoreError> {
        let range = Range::of(Self::PARTITION).limit(limit);
        Ok(table.query(after.into_iter().fold(range, |range, after| range.after(after.key(), None))).await?.items)
    }
}

impl Item for PaymentRemoval {
    const KIND: &'static str = "payment_removal";
    const ABOUT: About =
        About::at("PAYMENT_REMOVALS", "PAYMENT#{payment}", Personal::Nobody("Stripe's id of a payment, which ends there within the hour"));
    fn key(&self) -> Key {
        Key::new(Self::PARTITION, format!("PAYMENT#{}", self.intent))
    }
}
