//! A record of the table's stream.

use aws_lambda_events::dynamodb::EventRecord;
use events::Outbox;
use function::Failure;
use serde_dynamo::AttributeValue;

use crate::bus::BusEntry;

/// A record, and its event if it has one.
pub(crate) struct Record {
    /// The sequence number in the stream.
    pub sequence: String,
    /// The key of its item in the table, with which operators find it.
    pub item: String,
    /// The event.
    pub entry: Option<BusEntry>,
}

impl Record {
    /// # Errors
    /// If the record has no sequence number: then no record of the batch can be reported alone, so the whole batch fails.
    pub fn of(record: EventRecord) -> Result<Self, Failure> {
        let sequence = record.change.sequence_number.ok_or("a record has no sequence number")?;
        let item = match record.change.keys.get("pk") {
            Some(AttributeValue::S(pk)) => pk.clone(),
            _ => String::new(),
        };
        let outbox = serde_dynamo::from_item::<_, Outbox>(record.change.new_image).ok();
        Ok(Self { sequence, item, entry: outbox.and_then(BusEntry::of) })
    }

    /// Returns the request that caused the event. Empty if none did.
    pub fn request_id(&self) -> &str {
        self.entry.as_ref().map_or("", BusEntry::request_id)
    }
}
