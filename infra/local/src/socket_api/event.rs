//! The events of a WebSocket API: `$connect`, `$disconnect` and messages.

use std::collections::BTreeMap;

use function::RawValue;
use http::{HeaderMap, header, request::Parts};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::ConnectionInfo;
use crate::{
    Core,
    http_api::{common_log_time, parameters},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    route_key: &'a str,
    event_type: &'static str,
    extended_request_id: &'a str,
    request_time: String,
    message_direction: &'static str,
    stage: &'a str,
    connected_at: i64,
    request_time_epoch: i64,
    identity: &'a super::Identity,
    request_id: &'a str,
    domain_name: &'a str,
    connection_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
}

/// The cause of an event.
#[derive(Clone, Copy)]
pub(super) enum Cause<'a> {
    /// A client wants to connect, with this request.
    Connect(&'a Parts),
    /// A message came.
    Message(&'a str),
    /// The connection has ended.
    Disconnect {
        /// The close code.
        code: u16,
        /// The reason that was sent with it.
        reason: &'a str,
    },
}

/// Builds the event of a route.
pub(super) fn event(
    core: &Core,
    connection: &ConnectionInfo,
    domain_name: &str,
    route: &str,
    cause: Cause<'_>,
    request_id: &str,
) -> Result<Box<RawValue>, serde_json::Error> {
    let api = core.template.socket_api.as_ref().ok_or_else(|| serde::ser::Error::custom("there is no WebSocket API"))?;
    let now = core.clock.now();
    let (mut headers, mut query, mut body, mut end) = (None, None, None, None);
    let event_type = match cause {
        Cause::Connect(parts) => {
            headers = Some(named(&parts.headers, connection));
            query = parts.uri.query().filter(|q| !q.is_empty()).map(parameters);
            "CONNECT"
        }
        Cause::Message(text) => {
            body = Some(text);
            "MESSAGE"
        }
        Cause::Disconnect { code, reason } => {
            end = Some((code, reason));
            "DISCONNECT"
        }
    };
    to_raw_value(&Event {
        headers: headers.as_ref().map(|all| all.iter().filter_map(|(k, v)| Some((k.clone(), v.last()?.clone()))).collect()),
        multi_value_headers: headers,
        multi_value_query_string_parameters: query.as_ref().map(|q| q.iter().map(|(k, v)| (k.clone(), vec![v.clone()])).collect()),
        query_string_parameters: query,
        request_context: RequestContext {
            route_key: route,
            event_type,
            extended_request_id: request_id,
            request_time: common_log_time(now),
            message_direction: "IN",
            stage: &api.stage,
            connected_at: connection.connected_at.0.millis(),
            request_time_epoch: now.millis(),
            identity: &connection.identity,
            request_id,
            domain_name,
            connection_id: &connection.id,
            api_id: &api.id,
            message_id: body.map(|_| request_id),
            disconnect_status_code: end.map(|(code, _)| code),
            disconnect_reason: end.map(|(_, reason)| reason),
        },
        body,
        is_base64_encoded: false,
    })
}

/// Returns the headers with the names of API Gateway's WebSocket events: each word begins with a capital letter.
fn named(given: &HeaderMap, connection: &ConnectionInfo) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let hop_by_hop = [header::CONNECTION, header::UPGRADE];
    for (name, value) in given.iter().filter(|(name, _)| !hop_by_hop.contains(name)) {
        let value: String = value.as_bytes().iter().copied().map(char::from).collect();
        all.entry(capitalised(name.as_str())).or_default().push(value);
    }
    all.entry("X-Forwarded-For".to_owned()).or_default().push(connection.identity.source_ip.clone());
    all.insert("X-Forwarded-Proto".to_owned(), vec!["http".to_owned()]);
    all
}

fn capitalised(name: &str) -> String {
    let words = name.split('-').map(|word| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => word.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c }).collect(),
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn header_names_are_written_as_on_aws() {
        for (given, expected) in [("origin", "Origin"), ("sec-websocket-protocol", "Sec-WebSocket-Protocol"), ("user-agent", "User-Agent")]
        {
            assert_eq!(super::capitalised(given), expected);
        }
    }
}
