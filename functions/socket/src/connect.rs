//! The handshake of a WebSocket: checks the ticket in the subprotocols and the site in `Origin`, then stores the connection.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use axum::http::{HeaderMap, header};
use kernel::{Kind, Locale, Problem};
use messaging::{connection, ticket::Ticket};
use serde::Serialize;

use crate::State;

/// The subprotocol of this service, which the answer selects.
pub const SUBPROTOCOL: &str = "stoa.v1";
/// The prefix of a ticket in the list of subprotocols. Subprotocols are the only part of a browser's handshake that a page can set and
/// that no access log contains.
pub const TICKET_PREFIX: &str = "ticket.";

/// The answer of a WebSocket route to the platform.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Headers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

#[derive(Debug, Serialize)]
struct Headers {
    #[serde(rename = "Sec-WebSocket-Protocol", skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    #[serde(rename = "Retry-After", skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
}

impl Reply {
    /// An answer without a body.
    pub const OK: Self = Self { status_code: 200, headers: None, body: None };

    fn admitted() -> Self {
        Self { headers: Some(Headers { protocol: Some(SUBPROTOCOL), retry_after: None }), ..Self::OK }
    }

    fn refused(problem: &Problem, locale: Locale, request_id: &str) -> Self {
        let retry_after = problem.retry_after.map(|seconds| seconds.to_string());
        Self {
            status_code: problem.kind.status(),
            headers: Some(Headers { protocol: None, retry_after }),
            body: serde_json::to_string(&problem.document(locale, request_id)).ok(),
        }
    }
}

/// Opens the socket, or returns the reason for the refusal.
pub async fn connect(s: &State, event: &ApiGatewayWebsocketProxyRequest, id: &str) -> Reply {
    let headers = &event.headers;
    match admit(s, headers, id).await {
        Ok(()) => Reply::admitted(),
        Err(problem) => {
            let code = problem.kind.code();
            match &problem.cause {
                Some(cause) if problem.kind.status() >= 500 => {
                    tracing::error!(code, cause = %cause, at = %problem.at, "a handshake failed");
                }
                _ => tracing::debug!(code, at = %problem.at, "a handshake was refused"),
            }
            let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
            let locale = accepts.and_then(Locale::negotiate).unwrap_or_default();
            Reply::refused(&problem, locale, event.request_context.request_id.as_deref().unwrap_or_default())
        }
    }
}

async fn admit(s: &State, headers: &HeaderMap, id: &str) -> Result<(), Problem> {
    let sealed = ticket_in(headers).ok_or_else(|| Kind::TicketInvalid.because("there is no ticket"))?;
    let ticket = Ticket::open(&s.sealer, sealed).map_err(|e| Problem::new(Kind::TicketInvalid).because(e))?;
    // An `Origin` that is not valid text becomes empty, which no list of origins contains.
    let origin = headers.get(header::ORIGIN).map(|o| o.to_str().unwrap_or_default());
    if !ticket.admits(origin, &s.site.origins) {
        return Err(Kind::OriginRefused.because("the origin is not among the allowed ones"));
    }
    connection::connect(&s.table, &s.sys, &s.sockets, &ticket, id).await
}

/// Returns the ticket in the list of subprotocols, if [`SUBPROTOCOL`] is in the list too. `None` for two tickets.
fn ticket_in(headers: &HeaderMap) -> Option<&str> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    let offers: Vec<&str> = offers.flat_map(|v| v.split(',')).map(str::trim).collect();
    let mut tickets = offers.iter().filter_map(|o| o.strip_prefix(TICKET_PREFIX));
    let ticket = tickets.next()?;
    (tickets.next().is_none() && offers.contains(&SUBPROTOCOL)).then_some(ticket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(offers: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, offer.parse().unwrap());
        }
        ticket_in(&headers).map(str::to_owned)
    }

    #[test]
    fn the_ticket_is_offered_beside_our_protocol_and_once() {
        assert_eq!(ticket(&["stoa.v1, ticket.abc"]).as_deref(), Some("abc"));
        assert_eq!(ticket(&["stoa.v1", "ticket.abc"]).as_deref(), Some("abc"));
        assert_eq!(ticket(&["ticket.abc,stoa.v1"]).as_deref(), Some("abc"));
        for bad in [&["stoa.v1"][..], &["ticket.abc"], &["stoa.v2, ticket.abc"], &["stoa.v1, ticket.a, ticket.b"], &[]] {
            assert_eq!(ticket(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_reply_says_only_what_there_is_to_say() {
        assert_eq!(serde_json::to_string(&Reply::OK).unwrap(), r#"{"statusCode":200}"#);
        let admitted = serde_json::to_value(Reply::admitted()).unwrap();
        assert_eq!(admitted["headers"]["Sec-WebSocket-Protocol"], "stoa.v1");
        let refused = serde_json::to_value(Reply::refused(&Kind::TicketInvalid.into(), Locale::En, "r1")).unwrap();
        assert_eq!(refused["statusCode"], 401);
        assert!(refused["body"].as_str().unwrap().contains("ticket_invalid"));
    }
}
