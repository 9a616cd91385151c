//! One record of the stream, as far as the relay looks at it.

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use events::Outbox;
use function::Failure;

/// A record and what it says, if it says anything.
pub(crate) struct Record {
    /// Its name in the stream.
    pub sequence: String,
    /// Its place in the batch.
    pub place: usize,
    /// The event's name and the `detail`.
    pub entry: Option<(String, String)>,
}

impl Record {
    /// # Errors
    /// If the record has no sequence number: nothing of the batch can be told apart then, so all of it has failed.
    pub fn of((place, record): (usize, EventRecord)) -> Result<Self, Failure> {
        let sequence = record.change.sequence_number.ok_or("a record has no sequence number")?;
        let outbox = serde_dynamo::from_item::<_, Outbox>(record.change.new_image).ok();
        let entry = outbox.and_then(|outbox| Some((outbox.name.clone(), outbox.detail().ok()?)));
        Ok(Self { sequence, place, entry })
    }

    /// The event as the bus takes it.
    pub fn entry(&self, bus: &str) -> Option<PutEventsRequestEntry> {
        let (name, detail) = self.entry.as_ref()?;
        Some(PutEventsRequestEntry::builder().event_bus_name(bus).source(events::SOURCE).detail_type(name).detail(detail).build())
    }
}
