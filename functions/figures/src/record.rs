//! A record of the stream, and the figure that it counts for.

use accounts::figures::{DELETIONS, MESSAGES, ORDERS, REGISTRATIONS, SIGN_INS};
use aws_lambda_events::dynamodb::EventRecord;
use function::Failure;
use kernel::Time;
use money::Currency;
use serde::Deserialize;

/// The number of a record in a shard of the stream: decimal digits. Two shards may have the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence(pub String);

impl Sequence {
    /// Returns whether this number comes after `other`.
    pub fn is_after(&self, other: &str) -> bool {
        (self.0.len(), self.0.as_str()) > (other.len(), other)
    }
}

/// The figure that a record counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountedAs {
    /// Nothing.
    Nothing,
    /// One unit of this figure.
    One(&'static str),
    /// So much more revenue in this currency, or less if it is negative.
    Revenue(Currency, i64),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The id, which no other record has.
    pub id: String,
    /// The sequence number in the shard of the stream.
    pub sequence: Sequence,
    /// When it happened.
    pub at: Time,
    /// The figure that it counts for.
    pub what: CountedAs,
}

/// The attributes of a new item that are needed here.
#[derive(Deserialize)]
struct Image {
    kind: String,
    created_at: Option<Time>,
    done_at: Option<Time>,
    at: Option<Time>,
    name: Option<String>,
    again: Option<Time>,
    sold_at: Option<Time>,
    currency: Option<Currency>,
    more: Option<i64>,
}

impl Record {
    /// # Errors
    /// If the record has no sequence number: then the batch cannot be counted once.
    pub fn of(record: EventRecord) -> Result<Self, Failure> {
        let sequence = Sequence(record.change.sequence_number.ok_or("a record has no sequence number")?);
        let said = record.change.new_image.contains_key("said");
        let counted = serde_dynamo::from_item::<_, Image>(record.change.new_image).ok().and_then(|image| image.counts(said));
        if counted.is_none() {
            tracing::warn!(sequence = sequence.0, "a record of the stream could not be counted");
        }
        let (at, what) = counted.unwrap_or((Time::ZERO, CountedAs::Nothing));
        Ok(Self { id: record.event_id, sequence, at, what })
    }
}

impl Image {
    /// Returns when it happened, and the figure that it counts for.
    fn counts(self, said: bool) -> Option<(Time, CountedAs)> {
        let at = self.sold_at.or(self.created_at).or(self.done_at).or(self.at)?;
        let what = match (self.kind.as_str(), self.name.as_deref()) {
            ("user", _) => CountedAs::One(REGISTRATIONS),
            ("session", _) => CountedAs::One(SIGN_INS),
            ("message", _) if said => CountedAs::One(MESSAGES),
            ("deletion_receipt", _) => CountedAs::One(DELETIONS),
            ("revenue_change", _) => CountedAs::Revenue(self.currency?, self.more?),
            // An event that staff have sent again. It was counted the first time.
            ("outbox", _) if self.again.is_some() => CountedAs::Nothing,
            // Of an order by card this is the payment.
            ("outbox", Some("order_placed")) => CountedAs::One(ORDERS),
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
        for (json, said, expected) in [
            (r#"{"kind":"user","created_at":0}"#, false, Some(CountedAs::One(REGISTRATIONS))),
            (r#"{"kind":"session","created_at":0}"#, false, Some(CountedAs::One(SIGN_INS))),
            (r#"{"kind":"message","at":0}"#, true, Some(CountedAs::One(MESSAGES))),
            (
                r#"{"kind":"revenue_change","at":7,"sold_at":0,"currency":"PLN","more":-1000}"#,
                false,
                Some(CountedAs::Revenue(Currency::Pln, -1000)),
            ),
            // A system event.
            (r#"{"kind":"message","at":0}"#, false, None),
            (r#"{"kind":"deletion_receipt","done_at":0}"#, false, Some(CountedAs::One(DELETIONS))),
            (r#"{"kind":"cart","at":0}"#, false, None),
            (r#"{"kind":"outbox","at":0,"name":"notice_due","event":"{}"}"#, false, None),
            (r#"{"kind":"outbox","at":0,"name":"order_placed","event":"{}"}"#, false, Some(CountedAs::One(ORDERS))),
            (r#"{"kind":"outbox","at":0,"name":"order_placed","event":"{}","again":1}"#, false, Some(CountedAs::Nothing)),
        ] {
            assert_eq!(counts(json, said), expected, "{json}");
        }
    }
}
