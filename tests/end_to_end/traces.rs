//! One trace and one id, from a request to all its effects over the bus.

use local::aws::history::BusEvent;
use tests::{Cloud, json, logged};

/// A request, and the events that it has caused on the bus, newest first.
struct Caused {
    id: String,
    events: Vec<BusEvent>,
}

/// Somebody asks for the archive of their data. It is made, and they are told by mail when it is: two events, one after the other.
async fn journey() -> Caused {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let ben = cloud.member("ben").await;
    let asked = ana.post("/v1/me/exports", json!({})).await;
    asked.has(202);
    let _ = ben.post("/v1/me/exports", json!({})).await.is(202);
    cloud.settle().await;
    let id = asked.header("x-request-id");
    let events = cloud.aws.history.list().into_iter().filter(|event| event.detail["request_id"] == json!(id)).collect();
    Caused { id, events }
}

/// The root of the header of a trace.
fn root(header: &str) -> &str {
    header.split(';').find(|part| part.starts_with("Root=")).expect("a root")
}

/// The log lines of the relay and of every consumer have the id of the request, also those of an event that a consumer wrote, and all
/// of them are in one trace.
/// Promise: one-trace
#[test]
fn one_id_and_one_trace_lead_from_a_request_to_the_mail() {
    let Some((Caused { id, events }, log)) = logged(journey()) else { return };
    let kinds: Vec<&str> = events.iter().rev().map(|event| event.detail_type.as_str()).collect();
    assert_eq!(kinds, ["export_requested", "notice_due"]);
    let lines = |of: &str| log.lines().filter(|line| line.contains(&id) && line.contains(of)).count();
    assert_eq!(lines("published"), 2, "each event is in one line of the relay:\n{log}");
    assert_eq!((lines("exported"), lines("delivered")), (1, 1), "{log}");
    let attempts: Vec<&str> =
        events.iter().flat_map(|event| &event.deliveries).flat_map(|d| &d.attempts).map(|a| a.trace.as_str()).collect();
    assert!(attempts.len() >= 2, "{events:?}");
    for trace in &attempts {
        assert_eq!(root(trace), root(attempts[0]), "one trace");
        assert_eq!(attempts.iter().filter(|other| *other == trace).count(), 1, "each invocation has a segment of its own");
    }
}
