//! EventBridge: events are put on a bus, which invokes the functions with a matching rule.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use kernel::{Sys, Time};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    pattern::Pattern,
    service::{AwsError, json_reply},
    sigv4::hex,
};
use crate::{
    Core, StartError,
    clock::whole_seconds,
    template::{ACCOUNT, REGION, Template},
};

/// The most entries of one call.
const MAX_ENTRIES: usize = 10;
/// The most characters of the type of an event.
const MAX_TYPE: usize = 128;
/// The most bytes of all entries of one call.
const MAX_BYTES: usize = 256 * 1024;

/// The rules of every bus.
pub(super) struct Bus {
    names: Vec<String>,
    rules: Vec<Rule>,
}

struct Rule {
    bus: String,
    pattern: Pattern,
    function: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<PutEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEntry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    time: Option<Number>,
    #[serde(default)]
    resources: Vec<String>,
    trace_header: Option<String>,
}

/// Why one entry of a call is refused.
struct EntryError {
    code: &'static str,
    message: String,
}

impl Bus {
    /// Returns the rules of a template.
    ///
    /// # Errors
    /// If a pattern is not supported.
    pub(super) fn new(template: &Template) -> Result<Self, StartError> {
        let rules = template.rules.iter().map(|rule| {
            let pattern = Pattern::parse(&rule.pattern).map_err(|e| StartError::Template(format!("rule {}: {e}", rule.name)))?;
            Ok(Rule { bus: rule.bus.clone(), pattern, function: rule.function.clone() })
        });
        Ok(Self { names: template.buses.clone(), rules: rules.collect::<Result<_, StartError>>()? })
    }

    /// Invokes every function that has a matching rule, in the trace of the event.
    pub(super) fn deliver(&self, core: &Core, bus: &str, event: &Value, trace: Option<&str>) {
        let consumers = self.rules.iter().filter(|r| r.bus == bus && r.pattern.matches(event)).map(|r| r.function.as_str());
        core.aws.history.accepted(core.clock.now(), bus, event, consumers);
        for rule in self.rules.iter().filter(|r| r.bus == bus && r.pattern.matches(event)) {
            if let Ok(payload) = serde_json::value::to_raw_value(event) {
                core.hosts.invoke_async_within(&rule.function, payload, trace);
            }
        }
    }
}

/// Answers a signed call.
pub(super) async fn answer(call: &Call, headers: &HeaderMap, body: &[u8]) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
    if target == "AWSEvents.DescribeEventBus" {
        return describe(call, body).await;
    }
    if target != "AWSEvents.PutEvents" {
        return call.refuse(
            target,
            &AwsError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", format!("{target:?} is not answered here")),
        );
    }
    let request = match serde_json::from_slice::<PutEvents>(body) {
        Ok(request) => request,
        Err(e) => return call.refuse("PutEvents", &AwsError::new(StatusCode::BAD_REQUEST, "SerializationException", e.to_string())),
    };
    if let Err(message) = check_sizes(&request.entries) {
        return call.refuse("PutEvents", &AwsError::new(StatusCode::BAD_REQUEST, "ValidationException", message));
    }
    let needs: Vec<Need> = request.entries.iter().map(need).collect();
    call.perform("PutEvents", &needs, async { (put(call, request.entries), Capacity::default()) }).await
}

async fn describe(call: &Call, body: &[u8]) -> Response {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let name = request.get("Name").and_then(Value::as_str).unwrap_or("default");
    let arn = format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}");
    if !call.core.aws.bus.names.iter().any(|bus| bus == name) {
        let missing = AwsError::new(StatusCode::BAD_REQUEST, "ResourceNotFoundException", format!("Event bus {name} does not exist."));
        return call.refuse("DescribeEventBus", &missing);
    }
    let reply = json!({"Name": name, "Arn": arn}).to_string();
    let run = async { (json_reply(StatusCode::OK, reply, &call.request_id), Capacity::default()) };
    call.perform("DescribeEventBus", &[Need::new("events:DescribeEventBus", &arn)], run).await
}

fn put(call: &Call, entries: Vec<PutEntry>) -> Response {
    let (core, bus) = (&call.core, &call.core.aws.bus);
    let results = entries.into_iter().map(|entry| {
        let name = bus_name(&entry).to_owned();
        if !bus.names.contains(&name) {
            return Err(EntryError { code: "ResourceNotFoundException", message: format!("Event bus {name} does not exist.") });
        }
        // The trace header of the entry has precedence over that of the call.
        let trace = entry.trace_header.clone().or_else(|| call.trace().map(str::to_owned));
        let event = event(&core.sys, entry)?;
        bus.deliver(core, &name, &event, trace.as_deref());
        Ok(event.get("id").cloned())
    });
    let mut failed = 0_u32;
    let results: Vec<Value> = results
        .map(|result| match result {
            Ok(id) => json!({"EventId": id}),
            Err(EntryError { code, message }) => {
                failed = failed.saturating_add(1);
                json!({"ErrorCode": code, "ErrorMessage": message})
            }
        })
        .collect();
    json_reply(StatusCode::OK, json!({"FailedEntryCount": failed, "Entries": results}).to_string(), &call.request_id)
}

fn check_sizes(entries: &[PutEntry]) -> Result<(), String> {
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(format!("Value at 'entries' failed to satisfy constraint: Member must have length between 1 and {MAX_ENTRIES}"));
    }
    let sizes = entries.iter().map(size);
    if sizes.fold(0, usize::saturating_add) > MAX_BYTES {
        return Err("Total size of the entries in the request is over the limit.".to_owned());
    }
    Ok(())
}

/// Returns the size as AWS computes it: 14 bytes for a time, and the bytes of the texts.
fn size(entry: &PutEntry) -> usize {
    let texts = [&entry.source, &entry.detail_type, &entry.detail].into_iter().flatten().chain(&entry.resources);
    texts.map(String::len).fold(if entry.time.is_some() { 14 } else { 0 }, usize::saturating_add)
}

/// Returns the name of a bus, which a call may give as name or ARN.
fn bus_name(entry: &PutEntry) -> &str {
    let name = entry.event_bus_name.as_deref().unwrap_or("default");
    name.split_once(":event-bus/").map_or(name, |(_, name)| name)
}

fn need(entry: &PutEntry) -> Need {
    let resource = format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{}", bus_name(entry));
    let context = [("events:source", &entry.source), ("events:detail-type", &entry.detail_type)];
    let context = context.into_iter().map(|(key, value)| (key, value.iter().cloned().collect())).collect();
    Need { context, ..Need::new("events:PutEvents", resource) }
}

/// Returns the event as functions receive it. <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
fn event(sys: &Sys, entry: PutEntry) -> Result<Value, EntryError> {
    let invalid = |message: &str| EntryError { code: "InvalidArgument", message: message.to_owned() };
    let malformed = || EntryError { code: "MalformedDetail", message: "Detail is malformed.".to_owned() };
    let source = entry
        .source
        .filter(|s| !s.is_empty())
        .ok_or_else(|| invalid("Parameter Source is not valid. Reason: Source is a required argument."))?;
    let detail_type = entry
        .detail_type
        .filter(|t| !t.is_empty())
        .ok_or_else(|| invalid("Parameter DetailType is not valid. Reason: DetailType is a required argument."))?;
    let detail: Value =
        serde_json::from_str(&entry.detail.ok_or_else(|| invalid("Detail is a required argument."))?).map_err(|_| malformed())?;
    if !detail.is_object() {
        return Err(malformed());
    }
    // Only services of AWS send events with these sources.
    if source.starts_with("aws.") {
        return Err(EntryError { code: "NotAuthorizedForSourceException", message: "Not authorized for the source.".to_owned() });
    }
    if detail_type.chars().count() > MAX_TYPE {
        return Err(invalid("Parameter DetailType is not valid. Reason: DetailType must have at most 128 characters."));
    }
    // Whole seconds, as on AWS.
    let given = entry.time.and_then(|time| time.to_string().split('.').next()?.parse::<i64>().ok());
    let time = whole_seconds(given.map_or_else(|| sys.now(), |seconds| Time::from_millis(seconds.saturating_mul(1_000))));
    Ok(json!({
        "version": "0", "id": uuid(sys), "detail-type": detail_type, "source": source, "account": ACCOUNT,
        "time": time, "region": REGION, "resources": entry.resources, "detail": detail,
    }))
}

fn uuid(sys: &Sys) -> String {
    let [a, b, c, d] = [sys.bytes::<4>(), sys.bytes(), sys.bytes(), sys.bytes()].map(|part: [u8; 4]| hex(&part));
    let (b1, b2) = b.split_at(4);
    let (c1, c2) = c.split_at(4);
    format!("{a}-{b1}-{b2}-{c1}-{c2}{d}")
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;

    fn entry(detail: &str) -> PutEntry {
        PutEntry {
            source: Some("stoa".into()),
            detail_type: Some("mail_requested".into()),
            detail: Some(detail.into()),
            event_bus_name: Some("arn:aws:events:eu-central-1:000000000000:event-bus/stoa".into()),
            time: None,
            resources: Vec::new(),
            trace_header: None,
        }
    }

    #[test]
    fn an_event_has_the_form_of_eventbridge() {
        let sys = Sys::real();
        sys.set_offset_millis(86_400_000);
        let event = event(&sys, entry(r#"{"to":"x"}"#)).ok().expect("event");
        assert_eq!(event.pointer("/detail/to"), Some(&json!("x")));
        let time = event.get("time").and_then(Value::as_str).expect("time").parse::<Timestamp>().expect("timestamp");
        assert!(time.0 > Sys::real().now(), "by the clock that can be moved");
        assert_eq!(event.get("id").and_then(Value::as_str).map(str::len), Some(36));
        assert_eq!(need(&entry("{}")).resource, "arn:aws:events:eu-central-1:000000000000:event-bus/stoa");
    }

    #[test]
    fn the_time_of_an_event_may_be_given() {
        let given = PutEntry { time: serde_json::from_str("1893499200.7").ok(), ..entry("{}") };
        let event = event(&Sys::real(), given).ok().expect("event");
        assert_eq!(event.get("time"), Some(&json!("2030-01-01T12:00:00Z")));
    }

    #[test]
    fn entries_that_aws_refuses_are_refused() {
        let sys = Sys::real();
        for (source, detail_type, code) in [
            ("aws.s3", "x", "NotAuthorizedForSourceException"),
            ("aws.", "x", "NotAuthorizedForSourceException"),
            ("", "x", "InvalidArgument"),
            ("stoa", "", "InvalidArgument"),
            ("stoa", &*"x".repeat(129), "InvalidArgument"),
        ] {
            let entry = PutEntry { source: Some(source.into()), detail_type: Some(detail_type.into()), ..entry("{}") };
            assert_eq!(event(&sys, entry).err().map(|e| e.code), Some(code), "{source:?}, {detail_type:?}");
        }
        assert!(event(&sys, PutEntry { source: Some("awstats".into()), ..entry("{}") }).is_ok());
        for detail in ["", "text", "[]", "{"] {
            assert_eq!(event(&sys, entry(detail)).err().map(|e| e.code), Some("MalformedDetail"), "{detail}");
        }
        assert!(check_sizes(&[]).is_err());
        let many: Vec<PutEntry> = (0..11).map(|_| entry("{}")).collect();
        assert!(check_sizes(&many).is_err());
        assert!(check_sizes(&[entry(&"x".repeat(MAX_BYTES))]).is_err());
        assert!(check_sizes(&[entry("{}")]).is_ok());
    }
}
