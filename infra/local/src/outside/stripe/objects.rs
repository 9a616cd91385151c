//! The stored objects of Stripe: customers, payments with their charges, refunds and disputes, and the events about them.

use std::collections::BTreeMap;

use kernel::{Sys, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;

/// The letters of ids.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// All stored objects.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub customers: BTreeMap<String, CustomerEntry>,
    pub intents: BTreeMap<String, IntentEntry>,
    pub charges: BTreeMap<String, ChargeEntry>,
    pub refunds: BTreeMap<String, RefundEntry>,
    pub disputes: BTreeMap<String, DisputeEntry>,
    /// The oldest first.
    pub events: Vec<EventEntry>,
    /// The requests with an idempotency key, by key.
    pub requests: BTreeMap<String, StoredAnswer>,
    /// Whether these are the books of another account than that of the local cloud.
    #[serde(default)]
    pub is_other: bool,
    /// The number of the next object, by which lists are ordered.
    next: u64,
}

/// A customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CustomerEntry {
    pub created: i64,
    pub name: Option<String>,
    pub email: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub deleted: bool,
}

/// A payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IntentEntry {
    pub id: String,
    pub place: u64,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub customer: Option<String>,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub client_secret: String,
    /// The types of methods that may pay it.
    #[serde(default = "cards")]
    pub methods: Vec<String>,
    /// `requires_payment_method`, `requires_action`, `processing`, `succeeded`, `canceled`.
    pub status: String,
    pub received: i64,
    /// The payment method that is used, or that waits for the payer's confirmation.
    pub method: Option<String>,
    pub charge: Option<String>,
    /// When the payer's bank was asked last.
    #[serde(default)]
    pub asked_at: i64,
    /// Whether refunds of it are refused now.
    #[serde(default)]
    pub refuses_refunds: bool,
    pub error: Option<Value>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
    pub return_url: Option<String>,
}

/// Returns the default types of payment methods.
pub(super) fn cards() -> Vec<String> {
    vec!["card".to_owned()]
}

/// A charge: one attempt to pay with a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChargeEntry {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub intent: String,
    pub customer: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub paid: bool,
    pub refunded: i64,
    pub disputed: bool,
    pub failure: Option<(String, String)>,
    pub method: String,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefundEntry {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub intent: String,
    pub charge: String,
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Whether the payer's bank has refused it.
    #[serde(default)]
    pub failed: bool,
}

/// A dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DisputeEntry {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub intent: String,
    pub charge: String,
    pub reason: String,
    /// `needs_response`, `won`, `lost`.
    pub status: String,
}

/// An event, and the state of its delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EventEntry {
    pub id: String,
    pub created: i64,
    pub kind: String,
    /// The object as it was then.
    pub object: Value,
    /// Whether the endpoint has answered 2xx.
    pub delivered: bool,
    pub attempts: u32,
    /// When the next delivery is due. `None` if there is none. Kept while it is being made, so that a killed process makes it again.
    pub due: Option<Time>,
    /// Whether the delivery that is due is being made.
    #[serde(skip)]
    pub is_being_sent: bool,
    /// How often each delivery is made.
    pub times: u32,
}

/// A request with an idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredAnswer {
    pub at: Time,
    /// Method, path and parameters.
    pub asked: String,
    pub status: u16,
    pub body: Value,
}

/// Returns a new id with this prefix.
pub(crate) fn new_id(sys: &Sys, prefix: &str) -> String {
    let letters = u32::try_from(LETTERS.len()).unwrap_or(1);
    let letter = |_| LETTERS.get(sys.below(letters) as usize).copied().map_or('A', char::from);
    format!("{prefix}_{}", (0..24).map(letter).collect::<String>())
}

impl Books {
    /// Returns the empty books of another account.
    pub fn of_another_account() -> Self {
        Self { is_other: true, ..Self::default() }
    }

    /// Returns the number of a new object, by which lists are ordered.
    pub fn place(&mut self) -> u64 {
        self.next = self.next.saturating_add(1);
        self.next
    }

    /// Returns a customer who is not deleted.
    pub fn customer(&self, id: &str, param: &str) -> Result<&CustomerEntry, Refusal> {
        self.customers.get(id).filter(|customer| !customer.deleted).ok_or_else(|| Refusal::missing("customer", id, param))
    }

    /// Returns a payment.
    pub fn intent(&self, id: &str, param: &str) -> Result<&IntentEntry, Refusal> {
        self.intents.get(id).ok_or_else(|| Refusal::missing("payment_intent", id, param))
    }
}
