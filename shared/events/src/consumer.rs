//! Idempotent handling of events, which are delivered at least once.

use std::{future::Future, time::Duration};

use function::{Failure, RawValue};
use kernel::{
    Sys, Time,
    id::{EventId, TokenId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Table, Update, WriteError, field};

/// How long a delivery leases an event: longer than the timeout of any consumer.
const LEASE: Duration = Duration::from_secs(120);
/// How long a handled event is remembered: longer than any retry, of which those of payments last longest.
const REMEMBERED: Duration = Duration::from_secs(35 * 24 * 3600);

/// An event that a consumer has handled or is handling.
#[derive(Serialize, Deserialize)]
pub(crate) struct HandledEvent {
    consumer: String,
    event: EventId,
    /// When the lease expires. `None` after the event was handled.
    leased_until: Option<Time>,
    /// The delivery that has the lease. Its own repeated write after a lost response is not refused.
    holder: Option<TokenId>,
}

impl Item for HandledEvent {
    const KIND: &'static str = "done";
    const ABOUT: About = About::at("DONE#{consumer}#{event}", "DONE", Personal::Nobody("the id of an event")).expires();
    fn key(&self) -> Key {
        key(&self.consumer, self.event)
    }
}

fn key(consumer: &str, event: EventId) -> Key {
    Key::new(format!("DONE#{consumer}#{event}"), "DONE")
}

/// The result of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// This delivery has handled the event.
    Handled,
    /// An earlier delivery has handled the event.
    Before,
}

/// Returns the update that marks a part of an event's handling as done. It belongs into the transaction of that part, within [`once`].
/// Refused if an earlier, interrupted delivery has done the part.
#[must_use]
pub fn mark_part(consumer: &str, event: EventId, part: &'static str) -> Update {
    Update::of(key(consumer, event)).set(part, true).when(field(part).absent())
}

/// Runs `handle` unless this consumer has handled the event before.
///
/// The event is leased while `handle` runs, and marked after it succeeded. If a consumer is killed in between, its lease expires
/// and the event is delivered again, so `handle` has to be idempotent. It never runs twice at the same time.
///
/// # Errors
/// The error of `handle`, or an error if another delivery has the lease. The platform retries later.
pub async fn once<F>(table: &Table, sys: &Sys, consumer: &str, event: EventId, handle: F) -> Result<Once, Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let now = sys.now();
    let holder: TokenId = sys.id();
    let lease = Update::upsert::<HandledEvent>(key(consumer, event))
        .set("consumer", consumer)
        .set("event", event)
        .set("leased_until", now + LEASE)
        .set("holder", holder)
        .expires(now + REMEMBERED)
        .when(Cond::Absent.or(field("leased_until").le(now)).or(field("holder").eq(holder)));
    match table.update(lease).await {
        Ok(_) => {}
        Err(WriteError::Refused(Some(row))) => {
            return match row.decode::<HandledEvent>()?.leased_until {
                None => Ok(Once::Before),
                Some(_) => Err("another delivery of this event is being handled".into()),
            };
        }
        Err(e) => return Err(e.into()),
    }
    if let Err(failure) = handle.await {
        // Releases the lease, so that a retry can begin at once. Best effort, because the lease also expires.
        if let Err(e) = table.update(Update::of(key(consumer, event)).set("leased_until", now)).await {
            tracing::warn!(error = %e, "the lease of an event could not be released");
        }
        return Err(failure);
    }
    table.update(Update::of(key(consumer, event)).remove("leased_until").remove("holder")).await?;
    Ok(Once::Handled)
}

/// Returns whether a payload is an event of the bus and not a request of the HTTP API.
#[must_use]
pub fn is_of_bus(payload: &RawValue) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        request_context: Option<serde::de::IgnoredAny>,
        detail: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Probe>(payload.get()).is_ok_and(|probe| probe.request_context.is_none() && probe.detail.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_bus_are_told_from_requests() {
        let of_bus = |json: &str| is_of_bus(&RawValue::from_string(json.to_owned()).unwrap());
        assert!(of_bus(r#"{"detail-type":"notice_due","source":"stoa","detail":{"id":"x"}}"#));
        assert!(!of_bus(r#"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{}","detail":{}}"#));
        assert!(!of_bus("[]"));
    }
}
