//! One record of the stream, and what it counts as.

use accounts::figures::{DELETIONS, MESSAGES, ORDERED, ORDERS, REGISTRATIONS, SIGN_INS};
use aws_lambda_events::dynamodb::EventRecord;
use events::delivery::ReceiptDue;
use function::Failure;
use kernel::{
    Time,
    id::{DonationId, UserId},
};
use money::Money;
use serde::Deserialize;

/// The number of a record in the stream: decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence(pub String);

impl Sequence {
    /// Whether it comes after this one.
    pub fn is_after(&self, other: &str) -> bool {
        (self.0.len(), self.0.as_str()) > (other.len(), other)
    }
}

/// What a record counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// These figures.
    Counts(Vec<(String, u64)>),
    /// A donation that was paid.
    Donation(UserId, DonationId),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its number in the stream.
    pub sequence: Sequence,
    /// When it happened.
    pub at: Time,
    /// What it counts as.
    pub what: What,
}

/// The attributes of a new item that are looked at.
#[derive(Deserialize)]
struct Image {
    kind: String,
    created_at: Option<Time>,
    done_at: Option<Time>,
    at: Option<Time>,
    total: Option<Money>,
    name: Option<String>,
    event: Option<String>,
}

impl Record {
    /// # Errors
    /// If the record has no sequence number: then the batch cannot be counted once.
    pub fn of(record: EventRecord) -> Result<Self, Failure> {
        let sequence = Sequence(record.change.sequence_number.ok_or("a record has no sequence number")?);
        let said = record.change.new_image.contains_key("said");
        let counted = serde_dynamo::from_item::<_, Image>(record.change.new_image).ok().and_then(|image| image.counts(said));
        if counted.is_none() {
            tracing::warn!(sequence = sequence.0, "a record that is not counted");
        }
        let (at, what) = counted.unwrap_or((Time::ZERO, What::Counts(Vec::new())));
        Ok(Self { sequence, at, what })
    }
}

impl Image {
    /// When it happened, and what it counts as.
    fn counts(self, said: bool) -> Option<(Time, What)> {
        let at = self.created_at.or(self.done_at).or(self.at)?;
        let one = |figure: &str| What::Counts(vec![(figure.to_owned(), 1)]);
        let what = match self.kind.as_str() {
            "user" => one(REGISTRATIONS),
            "session" => one(SIGN_INS),
            "message" if said => one(MESSAGES),
            "order" => {
                let total = self.total?;
                What::Counts(vec![(ORDERS.to_owned(), 1), (format!("{ORDERED}{}", total.currency().code()), total.amount())])
            }
            "deletion_receipt" => one(DELETIONS),
            "outbox" if self.name.as_deref() == Some("receipt_due") => {
                let ReceiptDue { user, donation } = serde_json::from_str(self.event.as_deref()?).ok()?;
                What::Donation(user, donation)
            }
            _ => return None,
        };
        Some((at, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_compared_as_numbers() {
        let after = |one: &str, other: &str| Sequence(one.to_owned()).is_after(other);
        assert!(after("10", "9") && after("4421", "4420") && !after("9", "10") && !after("7", "7"));
    }

    #[test]
    fn items_count_as_what_they_are() {
        let counts = |json: &str, said| serde_json::from_str::<Image>(json).unwrap().counts(said).map(|(_, what)| what);
        let one = |figure: &str| Some(What::Counts(vec![(figure.to_owned(), 1)]));
        assert_eq!(counts(r#"{"kind":"user","created_at":0}"#, false), one(REGISTRATIONS));
        assert_eq!(counts(r#"{"kind":"session","created_at":0}"#, false), one(SIGN_INS));
        assert_eq!(counts(r#"{"kind":"message","at":0}"#, true), one(MESSAGES));
        assert_eq!(counts(r#"{"kind":"message","at":0}"#, false), None, "a system event");
        assert_eq!(counts(r#"{"kind":"deletion_receipt","done_at":0}"#, false), one(DELETIONS));
        let order = counts(r#"{"kind":"order","created_at":0,"total":{"amount":1234,"currency":"PLN"}}"#, false);
        assert_eq!(order, Some(What::Counts(vec![(ORDERS.to_owned(), 1), ("ordered_PLN".to_owned(), 1234)])));
        let receipt = r#"{"kind":"outbox","at":0,"name":"receipt_due","event":"{\"name\":\"receipt_due\",\"user\":\"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP\",\"donation\":\"don_01K9ZC4QW8V3T6R1NHXJ5B2MDP\"}"}"#;
        assert!(matches!(counts(receipt, false), Some(What::Donation(..))));
        assert_eq!(counts(r#"{"kind":"cart","at":0}"#, false), None);
    }
}
