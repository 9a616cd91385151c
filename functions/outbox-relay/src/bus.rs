//! The event bus: entries for `PutEvents`, and the result for each.

use std::sync::Arc;

use aws_sdk_eventbridge::{Client, error::DisplayErrorContext, types::PutEventsRequestEntry};
use events::Outbox;
use function::Aws;

/// Entries of one `PutEvents` (a limit of EventBridge).
pub const PUT_MAX: usize = 10;
/// The most bytes of an event. Ten such events are below the 256 KB that one `PutEvents` may have, so that no event can delay the others of
/// its call. The project's events contain ids and are far shorter.
const LONGEST: usize = 24 * 1024;

/// Puts events on one bus.
#[derive(Clone)]
pub struct Bus {
    client: Client,
    name: Arc<str>,
}

/// An event as an entry of the bus.
#[derive(Debug)]
pub struct BusEntry {
    name: String,
    detail: String,
    request_id: Option<String>,
    trace: Option<String>,
}

/// The result for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutResult {
    /// The bus has accepted the event.
    Accepted,
    /// Refused for a cause that may end, with this code. The event is put again.
    Retry(String),
    /// Refused because of the event itself, with this code. It is not put again.
    Invalid(String),
}

impl BusEntry {
    /// `None` if the record cannot be an event, because it is not JSON, has no name or is too long.
    #[must_use]
    pub fn of(outbox: Outbox) -> Option<Self> {
        let detail = outbox.detail().ok()?;
        let fits = !outbox.name.is_empty() && outbox.name.len().saturating_add(detail.len()) <= LONGEST;
        fits.then_some(Self { name: outbox.name, detail, request_id: outbox.request_id, trace: outbox.trace })
    }

    /// Returns the request that caused the event. Empty if none did.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.as_deref().unwrap_or_default()
    }
}

impl Bus {
    /// Returns the bus of this name.
    #[must_use]
    pub fn new(aws: &Aws, name: &str) -> Self {
        let mut config =
            aws_sdk_eventbridge::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("events"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"));
        Self { client: Client::from_conf(config.build()), name: name.into() }
    }

    /// Puts at most [`PUT_MAX`] events in one call, and returns a result for each, in their order.
    pub async fn put(&self, entries: &[&BusEntry]) -> Vec<PutResult> {
        let requests = entries.iter().map(|entry| {
            let request = PutEventsRequestEntry::builder().event_bus_name(&*self.name).source(events::SOURCE);
            // With the trace header, X-Ray shows one trace from the request to the functions that the bus invokes.
            request.detail_type(&entry.name).detail(&entry.detail).set_trace_header(entry.trace.clone()).build()
        });
        let codes = match self.client.put_events().set_entries(Some(requests.collect())).send().await {
            Ok(put) => put.entries.unwrap_or_default().into_iter().map(|answer| answer.error_code).collect(),
            Err(e) => {
                tracing::warn!(error = %DisplayErrorContext(e), "the bus did not accept the events");
                Vec::new()
            }
        };
        // An entry without a result was not accepted.
        let codes = codes.into_iter().chain(std::iter::repeat_with(|| Some("no answer".to_owned())));
        entries.iter().zip(codes).map(|(_, code)| PutResult::from(code)).collect()
    }
}

impl From<Option<String>> for PutResult {
    fn from(code: Option<String>) -> Self {
        match code {
            None => Self::Accepted,
            // These codes are errors of the entry itself. The causes of all others, such as a missing permission, can be fixed.
            Some(code) if code == "MalformedDetail" || code == "InvalidArgument" => Self::Invalid(code),
            Some(code) => Self::Retry(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn what_will_never_be_an_event_is_known_before_it_is_put() {
        let sys = Sys::real();
        let outbox = |name: &str, event: &str| {
            let (event, name) = (event.to_owned(), name.to_owned());
            BusEntry::of(Outbox { id: sys.id(), at: sys.now(), event, name, request_id: None, trace: None, again: None })
        };
        assert!(outbox("of_tomorrow", r#"{"name":"of_tomorrow"}"#).is_some());
        assert!(outbox("of_tomorrow", "{").is_none());
        assert!(outbox("", "{}").is_none());
        assert!(outbox("of_tomorrow", &format!(r#"{{"x":"{}"}}"#, "x".repeat(LONGEST))).is_none());
    }

    #[test]
    fn only_what_is_wrong_with_an_entry_is_for_ever() {
        let answer = |code: Option<&str>| PutResult::from(code.map(str::to_owned));
        assert_eq!(answer(None), PutResult::Accepted);
        assert_eq!(answer(Some("MalformedDetail")), PutResult::Invalid("MalformedDetail".to_owned()));
        assert_eq!(answer(Some("ThrottlingException")), PutResult::Retry("ThrottlingException".to_owned()));
    }
}
