//! One record of the stream, as far as the relay looks at it.

use aws_lambda_events::dynamodb::EventRecord;
use events::Outbox;
use function::Failure;
use serde_dynamo::AttributeValue;

use crate::bus::Entry;

/// A record and what it says, if it says anything.
pub(crate) struct Record {
    /// Its name in the stream.
    pub sequence: String,
    /// Its item's key in the table, where somebody will look for it.
    pub item: String,
    /// The event.
    pub entry: Option<Entry>,
}

impl Record {
    /// # Errors
    /// If the record has no sequence number: nothing of the batch can be told apart then, so all of it has failed.
    pub fn of(record: EventRecord) -> Result<Self, Failure> {
        let sequence = record.change.sequence_number.ok_or("a record has no sequence number")?;
        let item = match record.change.keys.get("pk") {
            Some(AttributeValue::S(pk)) => pk.clone(),
            _ => String::new(),
        };
        let outbox = serde_dynamo::from_item::<_, Outbox>(record.change.new_image).ok();
        Ok(Self { sequence, item, entry: outbox.and_then(Entry::of) })
    }
}
