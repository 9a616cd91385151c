//! Handling an event once, although it is delivered at least once.

use std::{future::Future, time::Duration};

use function::Failure;
use kernel::{
    Sys, Time,
    id::{EventId, TokenId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Table, Update, WriteError, field};

/// How long a delivery holds an event before another may take it over: longer than any consumer runs.
const LEASE: Duration = Duration::from_secs(120);
/// How long a handled event is remembered: longer than any redelivery (35 days, as payments need).
const REMEMBERED: Duration = Duration::from_secs(35 * 24 * 3600);

#[derive(Serialize, Deserialize)]
pub(crate) struct Done {
    consumer: String,
    event: EventId,
    /// Held until then; absent once done.
    leased_until: Option<Time>,
    /// By which delivery: its own lease, written twice because a reply was lost, refuses it nothing.
    holder: Option<TokenId>,
}

impl Item for Done {
    const KIND: &'static str = "done";
    const ABOUT: About = About::at("DONE#{consumer}#{event}", "DONE", Personal::Nobody("the id of an event")).expires();
    fn key(&self) -> Key {
        key(&self.consumer, self.event)
    }
}

fn key(consumer: &str, event: EventId) -> Key {
    Key::new(format!("DONE#{consumer}#{event}"), "DONE")
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// It was handled now.
    Handled,
    /// It had been handled before.
    Before,
}

/// Marks in the record of an event that a part of handling it is done: for the transaction that does the part, within [`once`].
/// Refused if it was done before, by a delivery that was cut off behind it.
#[must_use]
pub fn part(consumer: &str, event: EventId, part: &'static str) -> Update {
    Update::of(key(consumer, event)).set(part, true).when(field(part).absent())
}

/// Runs `handle` unless this consumer has handled the event before.
///
/// The event is leased while `handle` runs and marked when it succeeded. A consumer that is killed in between leaves a lease
/// that expires, so `handle` itself must bear being run again; it is never run twice at the same time.
///
/// # Errors
/// Whatever `handle` failed with, or that another delivery holds the event: the platform then delivers again later.
pub async fn once<F>(table: &Table, sys: &Sys, consumer: &str, event: EventId, handle: F) -> Result<Once, Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let now = sys.now();
    let holder: TokenId = sys.id();
    let lease = Update::upsert::<Done>(key(consumer, event))
        .set("consumer", consumer)
        .set("event", event)
        .set("leased_until", now + LEASE)
        .set("holder", holder)
        .expires(now + REMEMBERED)
        .when(Cond::Absent.or(field("leased_until").le(now)).or(field("holder").eq(holder)));
    match table.update(lease).await {
        Ok(_) => {}
        Err(WriteError::Refused(Some(row))) => {
            return match row.decode::<Done>()?.leased_until {
                None => Ok(Once::Before),
                Some(_) => Err("another delivery of this event is being handled".into()),
            };
        }
        Err(e) => return Err(e.into()),
    }
    if let Err(failure) = handle.await {
        // Lets the redelivery in at once. If this fails too the lease expires by itself.
        if let Err(e) = table.update(Update::of(key(consumer, event)).set("leased_until", now)).await {
            tracing::warn!(error = %e, "a lease could not be given back");
        }
        return Err(failure);
    }
    table.update(Update::of(key(consumer, event)).remove("leased_until").remove("holder")).await?;
    Ok(Once::Handled)
}
