//! Messages of the queue of dead letters: records of failed invocations
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>), and events that a rule or a schedule could not
//! deliver, with the reason in attributes of the message.

use std::collections::BTreeMap;

use events::Outbox;
use function::RawValue;
use kernel::{
    Id as _, Time,
    id::{DeadLetterId, EventId, first_at},
};
use serde::Deserialize;
use ulid::Ulid;

use crate::letter::DeadLetter;

/// The most characters of an error that are kept.
const ERROR_MAX_CHARS: usize = 500;
/// The bits of an id that do not belong to its time.
const NOT_TIME: u128 = u128::MAX >> 48;

/// Messages of the queue, as the function gets them.
#[derive(Deserialize)]
pub(crate) struct QueueEvent {
    /// The messages.
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

/// A message of the queue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the event")]
pub(crate) struct Message {
    message_id: String,
    body: String,
    attributes: Attributes,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
}

#[derive(Deserialize)]
struct Attributes {
    /// Milliseconds since the Unix epoch.
    #[serde(rename = "SentTimestamp")]
    sent: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageAttribute {
    string_value: Option<String>,
}

/// The record of a failed invocation. The record of a stream batch has no payload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedInvocation {
    request_context: RequestContext,
    request_payload: Option<Box<RawValue>>,
    response_payload: Option<ResponsePayload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    function_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponsePayload {
    error_message: Option<String>,
}

/// An event of the bus.
#[derive(Deserialize)]
struct BusEvent {
    #[serde(rename = "detail-type")]
    name: String,
    detail: Detail,
}

/// [`events::Envelope`] with an unparsed event, because the event may be unknown to this version.
#[derive(Deserialize)]
struct Detail {
    id: EventId,
    at: Time,
    #[serde(default)]
    request_id: Option<String>,
    event: Box<RawValue>,
}

impl Message {
    /// Returns the letter for this message. A message that is delivered twice is one letter. A message that cannot be parsed is a letter,
    /// too.
    pub fn letter(&self) -> DeadLetter {
        let at = Time::from_millis(self.attributes.sent.parse().unwrap_or(0));
        let attribute = |name: &str| self.message_attributes.get(name).and_then(|a| a.string_value.clone()).unwrap_or_default();
        let (target, error, event) = match serde_json::from_str::<FailedInvocation>(&self.body) {
            Ok(FailedInvocation { request_context, request_payload, response_payload }) => {
                let error = response_payload.and_then(|payload| payload.error_message).unwrap_or_default();
                (request_context.function_arn, error, request_payload.and_then(|payload| sent(payload.get())))
            }
            Err(_) => (attribute("TARGET_ARN"), attribute("ERROR_MESSAGE"), sent(&self.body)),
        };
        let error = error.chars().take(ERROR_MAX_CHARS).collect();
        DeadLetter { id: self.id(at), at, function: function_in(&target), error, event }
    }

    /// Returns an id of this time and of bits of the message's id, so that each delivery of the message gets the same id.
    fn id(&self, at: Time) -> DeadLetterId {
        let own = u128::from_str_radix(&self.message_id.replace('-', ""), 16).unwrap_or(0);
        let time = u128::from(first_at::<DeadLetterId>(at).ulid());
        DeadLetterId::from_ulid(Ulid::from(time | (own & NOT_TIME)))
    }
}

/// Returns the name of the function in an ARN, which may end with a version:
/// `arn:aws:lambda:eu-central-1:123456789012:function:stoa-deliver:$LATEST`.
fn function_in(arn: &str) -> String {
    arn.split(':').nth(6).unwrap_or_default().to_owned()
}

/// Returns the outbox item of an event of the bus. `None` for other events.
fn sent(event: &str) -> Option<Outbox> {
    let BusEvent { name, detail: Detail { id, at, request_id, event } } = serde_json::from_str(event).ok()?;
    Some(Outbox { id, at, event: event.get().to_owned(), name, request_id, trace: None, again: None })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(body: &str) -> Message {
        serde_json::from_value(json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "body": body,
            "attributes": { "SentTimestamp": "1795248000000" },
            "messageAttributes": {
                "TARGET_ARN": { "stringValue": "arn:aws:lambda:eu-central-1:123456789012:function:stoa-rooms", "dataType": "String" },
                "ERROR_MESSAGE": { "stringValue": "throttled", "dataType": "String" },
            },
        }))
        .unwrap()
    }

    fn bus_event() -> serde_json::Value {
        let id = first_at::<EventId>(Time::from_millis(1)).to_string();
        json!({ "detail-type": "notice_due", "source": "stoa", "detail": { "id": id, "at": 1, "event": { "name": "notice_due" } } })
    }

    #[test]
    fn a_failed_invocation_has_its_function_error_and_event() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:stoa-deliver:$LATEST";
        let body = json!({
            "version": "1.0",
            "requestContext": { "functionArn": arn, "condition": "RetriesExhausted" },
            "requestPayload": bus_event(),
            "responsePayload": { "errorMessage": "x".repeat(600) },
        });
        let letter = message(&body.to_string()).letter();
        assert_eq!((letter.function.as_str(), letter.error.len()), ("stoa-deliver", 500));
        let event = letter.event.unwrap();
        assert_eq!((event.name.as_str(), event.event.as_str()), ("notice_due", r#"{"name":"notice_due"}"#));
        assert_eq!(letter.id, message(&body.to_string()).letter().id, "the same message is the same letter");
        assert_eq!(kernel::id::time_of(&letter.id), letter.at);
    }

    #[test]
    fn an_event_that_was_not_delivered_has_its_target() {
        let letter = message(&bus_event().to_string()).letter();
        assert_eq!((letter.function.as_str(), letter.error.as_str(), letter.event.is_some()), ("stoa-rooms", "throttled", true));
    }

    #[test]
    fn what_did_not_come_from_the_bus_has_no_event() {
        for body in ["", "{", "{}", r#"{"source":"aws.scheduler","detail-type":"Scheduled Event","detail":{}}"#] {
            assert!(message(body).letter().event.is_none(), "{body}");
        }
    }
}
