//! A ticket for the socket: 30 seconds, one use. The access token itself never travels in an address or a handshake.

use accounts::MemberAnd;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use kernel::{Kind, Timestamp};
use messaging::{spam::ChatState, ticket::Ticket};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

use crate::connect::{SUBPROTOCOL, TICKET_PREFIX};

/// What opens a socket.
#[derive(Serialize, ToSchema)]
pub struct TicketIssued {
    /// Good for one handshake until `expires_at`.
    ticket: String,
    /// Where to connect.
    #[schema(examples("wss://socket.stoa.example/production"))]
    url: String,
    /// What to offer as `Sec-WebSocket-Protocol`: `new WebSocket(url, subprotocols)`. The server answers the first.
    subprotocols: [String; 2],
    /// When the ticket ends.
    expires_at: Timestamp,
}

/// Issues a ticket for the socket.
///
/// A browser's ticket admits its own site only. Who has sent frames faster than they were told to gets none for five minutes.
///
/// AWS calls: one, the batch that proves the session and brings what the person may do in chat. Nothing is written.
#[utoipa::path(post, path = "/v1/realtime/tickets", tag = "socket",
    extensions(("x-problems" = json!(["origin_refused", "too_many_requests"])), ("x-limits" = json!(["socket_flood"]))),
    responses((status = 201, body = TicketIssued), Problems))]
pub async fn create_ticket(
    State(s): State<crate::State>,
    MemberAnd { member: caller, subject: chat }: MemberAnd<ChatState>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<TicketIssued>), web::Error> {
    chat.unwrap_or_default().admit_ticket(s.sys.now())?;
    let origin = headers.get(header::ORIGIN).map(|o| o.to_str().unwrap_or_default().to_owned());
    let ticket = Ticket { id: s.sys.id(), user: caller.user.id, session: caller.session.id, origin };
    if !ticket.admits(ticket.origin.as_deref(), &s.site.origins) {
        return Err(Kind::OriginRefused.because("the origin is not among the allowed ones").into());
    }
    let (sealed, until) = ticket.seal(&s.sealer, &s.sys);
    let issued = TicketIssued {
        subprotocols: [SUBPROTOCOL.to_owned(), format!("{TICKET_PREFIX}{sealed}")],
        url: s.site.socket_url.to_string(),
        expires_at: until.into(),
        ticket: sealed,
    };
    Ok((StatusCode::CREATED, Json(issued)))
}
