//! The last events on the buses, with the functions that got each event, and every attempt to deliver it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Time, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    logs::{Lines, LogLine},
    trace::Trace,
};

/// The most events that are kept. The oldest are forgotten first.
pub const MAX_EVENTS: usize = 500;
/// The most bytes of the details that are kept. The newest event is kept whatever its size.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The most attempts of one delivery that are kept: retries, and those of redriven dead letters.
const MAX_ATTEMPTS: usize = 10;

/// An event that a bus accepted.
#[derive(Clone, Debug, Serialize)]
pub struct BusEvent {
    /// The id that EventBridge gave it.
    pub id: String,
    /// When it was put on the bus, by the local cloud's clock.
    pub at: Timestamp,
    /// The bus.
    pub bus: String,
    /// The source.
    pub source: String,
    /// The kind of event.
    pub detail_type: String,
    /// The content.
    pub detail: Value,
    /// The functions whose rules match it.
    pub deliveries: Vec<Delivery>,
}

/// The delivery of an event to one function.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// The logical id of the function.
    pub function: String,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One invocation with an event.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// When it ended, by the local cloud's clock.
    pub at: Timestamp,
    /// The real milliseconds that it took.
    pub ms: u64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// The header of its trace, whose root is that of the request that caused the event.
    pub trace: String,
    /// What the function logged.
    #[serde(serialize_with = "lines")]
    pub lines: Lines,
}

/// Serializes log lines.
fn lines<S: serde::Serializer>(lines: &Lines, s: S) -> Result<S::Ok, S::Error> {
    let lines: Vec<LogLine> = lines.list();
    lines.serialize(s)
}

/// The last events of one local cloud. Cloning shares them.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    events: VecDeque<(BusEvent, usize)>,
    bytes: usize,
}

/// An event in EventBridge's form.
#[derive(Deserialize)]
struct Form {
    id: String,
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Value,
}

/// The id of an event in EventBridge's form. Events of buckets and streams have none.
#[derive(Deserialize)]
struct Identified {
    id: String,
}

impl History {
    /// Keeps an event that a bus accepted for these functions.
    pub(super) fn accepted<'a>(&self, at: Time, bus: &str, event: &Value, functions: impl Iterator<Item = &'a str>) {
        let Ok(Form { id, source, detail_type, detail }) = Form::deserialize(event) else { return };
        let size = detail.to_string().len();
        let deliveries = functions.map(|function| Delivery { function: function.to_owned(), attempts: Vec::new() }).collect();
        let event = BusEvent { id, at: at.into(), bus: bus.to_owned(), source, detail_type, detail, deliveries };
        let mut kept = self.kept();
        kept.bytes = kept.bytes.saturating_add(size);
        kept.events.push_back((event, size));
        while kept.events.len() > MAX_EVENTS || (kept.bytes > MAX_BYTES && kept.events.len() > 1) {
            let Some((_, size)) = kept.events.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(size);
        }
    }

    /// Keeps an attempt to deliver an event to a function. Does nothing for events that are not from a bus, or no longer kept.
    pub(crate) fn attempted(&self, event: &RawValue, function: &str, at: Time, took: Duration, error: Option<String>, trace: &Trace) {
        let Ok(Identified { id }) = serde_json::from_str(event.get()) else { return };
        let mut kept = self.kept();
        let Some((event, _)) = kept.events.iter_mut().rev().find(|(event, _)| event.id == id) else { return };
        let Some(delivery) = event.deliveries.iter_mut().find(|delivery| delivery.function == function) else { return };
        if delivery.attempts.len() >= MAX_ATTEMPTS {
            delivery.attempts.remove(0);
        }
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        delivery.attempts.push(Attempt { at: at.into(), ms, error, trace: trace.to_string(), lines: trace.lines().clone() });
    }

    /// Returns the events, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<BusEvent> {
        self.kept().events.iter().rev().map(|(event, _)| event.clone()).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;
    use serde_json::json;

    use super::*;

    fn event(id: &str, text: &str) -> Value {
        json!({ "id": id, "source": "stoa", "detail-type": "mail_requested", "detail": { "text": text } })
    }

    fn attempt(history: &History, event: &Value, function: &str, error: Option<&str>) {
        let payload = serde_json::value::to_raw_value(event).expect("JSON");
        let took = Duration::from_millis(3);
        history.attempted(&payload, function, Time::ZERO, took, error.map(str::to_owned), &Trace::new(&Sys::real()));
    }

    #[test]
    fn an_event_shows_who_got_it_and_every_attempt() {
        let history = History::default();
        history.accepted(Time::ZERO, "stoa", &event("1", "x"), ["Deliver", "Chat"].into_iter());
        history.accepted(Time::ZERO, "stoa", &event("2", "y"), std::iter::empty());
        for (id, function, error) in
            [("1", "Deliver", Some("not yet")), ("1", "Deliver", None), ("1", "Nobody", None), ("3", "Deliver", None)]
        {
            attempt(&history, &event(id, "x"), function, error);
        }
        let [two, one] = <[BusEvent; 2]>::try_from(history.list()).expect("two events, newest first");
        assert!(two.deliveries.is_empty() && one.detail == json!({ "text": "x" }) && one.detail_type == "mail_requested");
        let errors = |delivery: &Delivery| delivery.attempts.iter().map(|a| a.error.clone()).collect::<Vec<_>>();
        let tried: Vec<_> = one.deliveries.iter().map(|delivery| (delivery.function.as_str(), errors(delivery))).collect();
        assert_eq!(tried, [("Deliver", vec![Some("not yet".to_owned()), None]), ("Chat", vec![])]);
    }

    #[test]
    fn only_the_last_events_and_attempts_are_kept() {
        let history = History::default();
        (0..MAX_EVENTS + 2).for_each(|n| history.accepted(Time::ZERO, "b", &event(&n.to_string(), "x"), ["F"].into_iter()));
        assert_eq!((history.list().len(), history.list().last().map(|e| e.id.clone())), (MAX_EVENTS, Some("2".to_owned())));
        (0..MAX_ATTEMPTS + 5).for_each(|_| attempt(&history, &event("9", "x"), "F", None));
        let nine = history.list().into_iter().find(|e| e.id == "9").expect("kept");
        assert_eq!(nine.deliveries.iter().map(|d| d.attempts.len()).collect::<Vec<_>>(), [MAX_ATTEMPTS]);
        history.accepted(Time::ZERO, "b", &event("large", &"x".repeat(MAX_BYTES)), ["F"].into_iter());
        assert_eq!(history.list().iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["large"]);
    }
}
