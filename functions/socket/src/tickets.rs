//! Tickets for sockets: valid for 30 seconds and for one use. Thanks to them no access token is in a URL or a handshake.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use callers::{MemberWith, staff};
use kernel::{Kind, Timestamp};
use messaging::{
    spam::{ChatState, FLOOD},
    ticket::Ticket,
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

use crate::connect::{SUBPROTOCOL, TICKET_PREFIX};

/// A ticket for a socket.
#[derive(Serialize, ToSchema)]
pub struct TicketIssued {
    /// The ticket. It is valid for one handshake until `expires_at`.
    ticket: String,
    /// The address to connect to.
    #[schema(examples("wss://socket.stoa.example/production"))]
    url: String,
    /// The value of `Sec-WebSocket-Protocol`: `new WebSocket(url, subprotocols)`. The server selects the first.
    subprotocols: [String; 2],
    /// When the ticket expires.
    expires_at: Timestamp,
}

/// Issues a ticket for the socket.
///
/// A ticket that a browser requests is valid only for a connection from the same origin. An account that has sent frames faster
/// than allowed gets no ticket for five minutes.
///
/// AWS calls: one, the batch that authenticates the caller and reads their permissions for the chat. Nothing is written.
#[utoipa::path(post, path = "/v1/realtime/tickets",
    extensions(("x-problems" = json!(["origin_refused", "too_many_requests"])), ("x-limits" = json!([FLOOD]))),
    responses((status = 201, body = TicketIssued), Problems))]
pub async fn create_ticket(
    State(s): State<crate::State>,
    MemberWith { member: caller, resource: chat }: MemberWith<ChatState>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<TicketIssued>), web::Error> {
    chat.unwrap_or_default().admit_ticket(s.sys.now())?;
    let origin = headers.get(header::ORIGIN).map(|o| o.to_str().unwrap_or_default().to_owned());
    let proven_until = staff::proven_until(&caller, s.sys.now());
    let ticket = Ticket { id: s.sys.id(), user: caller.user.id, session: caller.session.id, origin, proven_until };
    if !ticket.admits(ticket.origin.as_deref(), &s.site.origins) {
        return Err(Kind::OriginRefused.because("the origin is not among the allowed ones").into());
    }
    let (sealed, until) = ticket.seal(&s.sealer, &s.sys)?;
    let issued = TicketIssued {
        subprotocols: [SUBPROTOCOL.to_owned(), format!("{TICKET_PREFIX}{sealed}")],
        url: s.site.socket_url.to_string(),
        expires_at: until.into(),
        ticket: sealed,
    };
    Ok((StatusCode::CREATED, Json(issued)))
}
