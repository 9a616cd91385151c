//! The socket's door: tickets over HTTPS, coming and going, and frames that no stream is there for.
//!
//! One function for an HTTP route and three WebSocket routes, because they are one promise: who holds a ticket gets in once.
//! Ticket and handshake share the key that seals the ticket, the list of our sites and nothing with anybody else. The two
//! kinds of events are told apart by what only WebSocket events have, a connection id.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/realtime/tickets` | the caller: a ticket is sealed, not stored |
//! | `$connect` | a batch read, a transaction (see [`messaging::connection::connect`]) |
//! | `$disconnect` | a read, a read, a transaction; one read if the socket was forgotten before |
//! | `$default` | one post: the answer; nothing is read to say that a stream does not exist |

mod connect;
mod tickets;
mod unknown;

use std::sync::Arc;

use accounts::token::Tokens;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use axum::extract::FromRef;
use function::{Boot, Failure, Function, RawValue, StartError};
use kernel::Sys;
use messaging::{Sockets, connection};
use serde::Deserialize;
use serde_json::value::to_raw_value;
use store::{Sealer, Table};
use web::{Edge, OpenApiRouter, routes};

/// What this feature may touch.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    sockets: Sockets,
    site: Site,
}

/// Where sockets are opened, and from where.
#[derive(Clone)]
struct Site {
    /// The address of the WebSocket API.
    socket_url: Arc<str>,
    /// The origins of our frontends, exactly as browsers name them.
    origins: Arc<[String]>,
}

/// The HTTP operation.
pub fn routes() -> OpenApiRouter<State> {
    web::openapi::routes("socket", "The WebSocket: one connection for each client, opened with a ticket.")
        .routes(routes!(tickets::create_ticket))
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State {
        table: Table::new(&aws, &sys, &r.need("TABLE_NAME")),
        tokens: Tokens::read(r, &sys),
        sealer: Sealer::new(&r.secret("CURSOR_KEY"), &sys),
        sockets: Sockets::new(&aws, &r.need("SOCKET_ENDPOINT")),
        site: Site { socket_url: r.need("SOCKET_URL").into(), origins: r.list("ALLOWED_ORIGINS").into() },
        sys: sys.clone(),
    })?;
    state.table.warm_up().await;
    let http = web::function(routes(), state.clone(), Edge { sys });
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move { if is_socket(&payload) { on_socket(&state, &payload).await } else { http.invoke(payload, context).await } }
    }))
}

/// Whether an event comes from the WebSocket API.
fn is_socket(payload: &RawValue) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        request_context: Marks,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marks {
        connection_id: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Probe>(payload.get()).is_ok_and(|p| p.request_context.connection_id.is_some())
}

async fn on_socket(s: &State, payload: &RawValue) -> Result<Box<RawValue>, Failure> {
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(payload.get())?;
    let id = event.request_context.connection_id.clone().unwrap_or_default();
    let reply = match event.request_context.route_key.as_deref() {
        Some("$connect") => connect::connect(s, &event, &id).await,
        Some("$disconnect") => {
            connection::disconnect(&s.table, &s.sys, &id).await?;
            connect::Reply::OK
        }
        _ => {
            unknown::answer(s, &event, &id).await;
            connect::Reply::OK
        }
    };
    Ok(to_raw_value(&reply)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_kinds_of_events_are_told_apart() {
        let socket = |json: &str| is_socket(&RawValue::from_string(json.to_owned()).unwrap());
        assert!(socket(r#"{"requestContext":{"routeKey":"$connect","connectionId":"abc=","connectedAt":1}}"#));
        assert!(!socket(r#"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{\"connectionId\":\"x\"}"}"#));
        assert!(!socket(r#"{"requestContext":{"connectionId":null}}"#));
        assert!(!socket("[]"));
    }
}
