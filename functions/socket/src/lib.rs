//! Opening and closing sockets: tickets over HTTPS, connects and disconnects, and frames of unknown streams.
//!
//! One function for two HTTP routes, three WebSocket routes and two events on the bus, because together they guarantee that a
//! ticket opens one socket and that the socket ends with its session. Ticket and handshake share the key that seals the ticket
//! and the list of allowed sites, which no other function needs. The kind of an invocation is recognised by a member that only this kind
//! has: a connection id for the WebSocket API, a `detail` for the bus.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/realtime/tickets` | the caller, with their permission to open sockets: a ticket is sealed, not stored |
//! | `GET /v1/client-configuration` | none |
//! | `$connect` | a batch read, a transaction (see [`messaging::connection::connect`]) |
//! | `$disconnect` | two reads, a transaction; one read if the socket's item was deleted before |
//! | `$default` | none: the answer is what the function returns; a read for the first frame of a socket at an instance |
//! | [`SessionsEnded`] | two reads; one deletion each and a transaction if there are sockets to close |
//! | [`ChatBanned`] | a batch read; a read, a frame and a deletion for each socket that is still open, and a transaction |

mod configuration;
mod connect;
mod tickets;
mod unknown;

use std::sync::Arc;

use accounts::token::Tokens;
use aws_lambda_events::{apigw::ApiGatewayWebsocketProxyRequest, eventbridge::EventBridgeEvent};
use axum::extract::FromRef;
use events::{Envelope, accounts::SessionsEnded, rooms::ChatBanned};
use function::{Boot, Failure, Function, RawValue, StartError};
use kernel::{Origins, Sys, env::Reader};
use messaging::{Sockets, banning, connection, pace::Pace};
use serde::Deserialize;
use serde_json::value::to_raw_value;
use store::{Sealer, Table};

pub use connect::{SUBPROTOCOL, TICKET_PREFIX};

events::hears! { ChatBanned, SessionsEnded }

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    sockets: Sockets,
    pace: Pace,
    site: Site,
}

/// Where sockets are opened, and from which sites.
#[derive(Clone)]
struct Site {
    /// The address of the WebSocket API.
    socket_url: Arc<str>,
    /// The allowed origins.
    origins: Origins,
}

// The HTTP operations: `routes()` and `description()`.
web::operations! { "socket", "The WebSocket: one connection for each client, opened with a ticket.", State =>
    tickets::create_ticket,
    configuration::get_client_configuration,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("socket").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        sockets: Sockets::read(r, &aws),
        pace: Pace::default(),
        site: Site { socket_url: r.need("SOCKET_URL").into(), origins: origins(r) },
        sys: sys.clone(),
    })?;
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move {
            match Source::of(&payload) {
                Source::Socket => on_socket(&state, &payload).await,
                Source::Bus => on_event(&state, &payload).await,
                Source::Http => http.invoke(payload, context).await,
            }
        }
    }))
}

/// Returns the origins of the frontends, and that of the API, which serves the console for staff.
fn origins(r: &mut Reader<'_>) -> Origins {
    let own = r.address("PUBLIC_URL");
    Origins::read(r).and(own)
}

/// The source of an event.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// The WebSocket API.
    Socket,
    /// The bus.
    Bus,
    /// The HTTP API.
    Http,
}

impl Source {
    fn of(payload: &RawValue) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct EventShape {
            request_context: Option<RequestContext>,
            detail: Option<serde::de::IgnoredAny>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct RequestContext {
            connection_id: Option<serde::de::IgnoredAny>,
        }
        match serde_json::from_str::<EventShape>(payload.get()) {
            Ok(EventShape { request_context: Some(RequestContext { connection_id: Some(_) }), .. }) => Self::Socket,
            Ok(EventShape { request_context: None, detail: Some(_) }) => Self::Bus,
            _ => Self::Http,
        }
    }
}

async fn on_event(s: &State, payload: &RawValue) -> Result<Box<RawValue>, Failure> {
    let event: EventBridgeEvent<Envelope<Heard>> = serde_json::from_str(payload.get())?;
    match event.detail.event {
        Heard::SessionsEnded(SessionsEnded { user }) => connection::close_ended(&s.table, &s.sys, &s.sockets, user).await?,
        Heard::ChatBanned(ChatBanned { user }) => banning::enforce(&s.table, &s.sys, &s.sockets, user).await?,
    }
    Ok(to_raw_value(&())?)
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
        _ => return Ok(to_raw_value(&unknown::answer(s, &event, &id).await)?),
    };
    Ok(to_raw_value(&reply)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_events_are_told_apart() {
        let source = |json: &str| Source::of(&RawValue::from_string(json.to_owned()).unwrap());
        assert_eq!(source(r#"{"requestContext":{"routeKey":"$connect","connectionId":"abc=","connectedAt":1}}"#), Source::Socket);
        let http = r#"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{\"connectionId\":\"x\"}","detail":{}}"#;
        assert_eq!(source(http), Source::Http);
        assert_eq!(source(r#"{"requestContext":{"connectionId":null}}"#), Source::Http);
        assert_eq!(source(r#"{"detail-type":"sessions_ended","source":"stoa","detail":{"id":"x"}}"#), Source::Bus);
        assert_eq!(source("[]"), Source::Http);
    }
}
