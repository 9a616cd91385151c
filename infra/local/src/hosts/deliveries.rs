//! The deliveries of events that are being attempted.
//!
//! A bus may deliver an event several times, and a consumer fails while another invocation handles the same event, so that the platform
//! delivers it again. On AWS that is a minute later, when the other invocation has ended. Here it is as soon as it has ended, because a
//! fixed short time would be over before, on a slow machine.

use std::{collections::BTreeMap, sync::Arc};

use function::RawValue;
use serde::Deserialize;
use tokio::sync::watch;

/// An event of the outbox and the function that gets it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delivery {
    function: String,
    event: String,
}

/// The deliveries that are being attempted, with the number of attempts at once. Cloning shares them.
#[derive(Clone, Default)]
pub(super) struct Deliveries(Arc<watch::Sender<BTreeMap<Delivery, usize>>>);

/// An attempt. It has ended when this value is dropped.
pub(super) struct Attempt {
    all: Deliveries,
    delivery: Delivery,
}

#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    id: String,
}

impl Delivery {
    /// Returns the delivery of a payload. `None` if it is no event of the outbox.
    pub fn of(function: &str, payload: &RawValue) -> Option<Self> {
        let event: Event = serde_json::from_str(payload.get()).ok()?;
        Some(Self { function: function.to_owned(), event: event.detail.id })
    }
}

impl Deliveries {
    /// Begins an attempt.
    pub fn begin(&self, delivery: &Delivery) -> Attempt {
        self.0.send_modify(|all| {
            let attempts = all.entry(delivery.clone()).or_default();
            *attempts = attempts.saturating_add(1);
        });
        Attempt { all: self.clone(), delivery: delivery.clone() }
    }

    /// Returns as soon as no attempt of this delivery is running.
    pub async fn ended(&self, delivery: &Delivery) {
        // The sender is part of `self`, so waiting cannot fail.
        drop(self.0.subscribe().wait_for(|all| !all.contains_key(delivery)).await);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.all.0.send_modify(|all| {
            let left = all.remove(&self.delivery).map_or(0, |attempts| attempts.saturating_sub(1));
            if left > 0 {
                all.insert(self.delivery.clone(), left);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::{json, value::to_raw_value};

    use super::*;

    fn delivery(function: &str, event: &str) -> Delivery {
        let payload = json!({ "id": "another one each time", "detail-type": "notice_due", "detail": { "id": event, "event": {} } });
        Delivery::of(function, &to_raw_value(&payload).expect("JSON")).expect("an event")
    }

    #[test]
    fn a_delivery_has_ended_when_all_its_attempts_have() {
        let (all, same, other) = (Deliveries::default(), delivery("Deliver", "evt_1"), delivery("Chat", "evt_1"));
        let has_ended = |delivery: &Delivery| all.ended(delivery).now_or_never().is_some();
        assert!(has_ended(&same));
        let (first, second) = (all.begin(&same), all.begin(&delivery("Deliver", "evt_1")));
        drop(first);
        assert!(!has_ended(&same) && has_ended(&other) && has_ended(&delivery("Deliver", "evt_2")));
        drop(second);
        assert!(has_ended(&same));
    }

    #[test]
    fn an_event_of_a_schedule_or_a_bucket_is_none_of_the_outbox() {
        for payload in [json!({ "detail-type": "Scheduled Event", "detail": "{}" }), json!({ "detail": {} }), json!({ "Records": [] })] {
            assert_eq!(Delivery::of("Deliver", &to_raw_value(&payload).expect("JSON")), None, "{payload}");
        }
    }
}
