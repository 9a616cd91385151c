//! The sessions of the caller, and ending them.

use accounts::{
    agent::Agent,
    session::{self, Session},
};
use axum::{extract::State, response::IntoResponse};
use callers::Member;
use kernel::{Kind, Timestamp, id::SessionId};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, NoContent, Path, Problems, RequestId};

/// Sessions of the caller.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The sessions, the most recently used first. At most 20.
    items: Vec<SessionInfo>,
}

/// One session.
#[derive(Serialize, ToSchema)]
pub struct SessionInfo {
    id: SessionId,
    /// Whether it is the session of this request.
    current: bool,
    /// The `User-Agent` of the client.
    #[schema(examples("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"))]
    user_agent: String,
    /// A description of the client in words.
    agent: Agent,
    /// The client address at the sign-in or the last refresh.
    #[schema(examples("192.0.2.7"))]
    address: Option<String>,
    /// City and country, if a proxy in front of the API states them.
    place: Option<String>,
    /// Whether the session began on a trusted device.
    trusted_device: bool,
    created_at: Timestamp,
    /// When the session was last refreshed.
    last_used_at: Timestamp,
    /// When the session ends if it is not used.
    ends_at: Timestamp,
}

/// Lists the sessions of the caller.
///
/// AWS calls: the caller, then the list.
#[utoipa::path(get, path = "/v1/sessions", responses((status = 200, body = SessionList), Problems))]
pub async fn list_sessions(State(s): State<crate::State>, caller: Member) -> Result<Json<SessionList>, web::Error> {
    let now = s.sys.now();
    let mut items = session::list(&s.table, caller.user.id).await?;
    items.retain(|s| s.is_good(&caller.user, now));
    items.sort_by_key(|s| std::cmp::Reverse(s.last_used_at));
    let info = |i: Session| SessionInfo {
        id: i.id,
        current: i.id == caller.session.id,
        created_at: i.created_at.into(),
        last_used_at: i.last_used_at.into(),
        ends_at: i.ends_at().into(),
        agent: Agent::of(&i.user_agent),
        address: i.address,
        place: i.place,
        trusted_device: i.device.is_some(),
        user_agent: i.user_agent,
    };
    Ok(Json(SessionList { items: items.into_iter().map(info).collect() }))
}

/// Ends all other sessions of the caller, and closes their sockets. The end is recorded among the caller's security events.
///
/// AWS calls: the caller, the list, one transaction for all. The sockets are closed a moment later, by the function that gets
/// the event.
#[utoipa::path(delete, path = "/v1/sessions", responses((status = 204), Problems))]
pub async fn delete_other_sessions(State(s): State<crate::State>, caller: Member, request: RequestId) -> Result<NoContent, web::Error> {
    let others = |other: &Session| other.id != caller.session.id;
    session::revoke_where(&s.table, &s.sys, (&s.audit, &request.0), caller.user.id, others).await?;
    Ok(NoContent)
}

/// Signs out: ends the session of this request, closes its sockets and removes the cookie.
///
/// AWS calls: the caller, one transaction.
#[utoipa::path(delete, path = "/v1/sessions/current",
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204, headers(("Set-Cookie" = String, description = "Removes the cookie of the refresh token."))), Problems))]
pub async fn delete_current_session(
    State(s): State<crate::State>,
    caller: Member,
    request: RequestId,
) -> Result<impl IntoResponse, web::Error> {
    end(&s, &caller, &request, caller.session.id).await?;
    Ok(([s.issuer.forget()], NoContent))
}

/// Ends one session of the caller and closes its sockets. The end is recorded among the caller's security events, unless it is the session
/// of the request.
///
/// AWS calls: the caller, one transaction.
#[utoipa::path(delete, path = "/v1/sessions/{session}", params(("session" = SessionId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204), Problems))]
pub async fn delete_session(
    State(s): State<crate::State>,
    caller: Member,
    request: RequestId,
    Path(session): Path<SessionId>,
) -> Result<NoContent, web::Error> {
    end(&s, &caller, &request, session).await?;
    Ok(NoContent)
}

/// Ends a session, and emits the event that closes its sockets. One transaction. Fails with [`Kind::NotFound`] if the person has no such
/// session.
async fn end(s: &crate::State, caller: &Member, request: &RequestId, session: SessionId) -> Result<(), web::Error> {
    let there = session::revoke(&s.table, &s.sys, (&s.audit, &request.0), &caller.session, session).await?;
    if there { Ok(()) } else { Err(Kind::NotFound.into()) }
}
