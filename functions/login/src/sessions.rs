//! Where somebody is signed in, and ending it.

use accounts::{
    Member,
    session::{self, Session},
    signed_in,
};
use axum::{extract::State, response::IntoResponse};
use futures_util::future::join_all;
use kernel::{Kind, Timestamp, id::SessionId};
use messaging::connection;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, NoContent, Path, Problems};

/// Sessions of the caller.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The most recently used first; at most 20.
    items: Vec<SessionInfo>,
}

/// One sign-in.
#[derive(Serialize, ToSchema)]
pub struct SessionInfo {
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// What the client calls itself.
    #[schema(examples("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"))]
    user_agent: String,
    created_at: Timestamp,
    /// When it was last refreshed.
    last_used_at: Timestamp,
    /// When it ends if nobody uses it.
    ends_at: Timestamp,
}

/// Lists where the caller is signed in. The caller, then the list.
#[utoipa::path(get, path = "/v1/sessions", tag = "login", security(("bearer" = [])), responses((status = 200, body = SessionList), Problems))]
pub async fn list_sessions(State(s): State<crate::State>, caller: Member) -> Result<Json<SessionList>, web::Error> {
    let now = s.sys.now();
    let mut items: Vec<Session> = session::list(&s.table, caller.user.id).await?.into_iter().filter(|s| s.alive(now)).collect();
    items.sort_by_key(|s| std::cmp::Reverse(s.last_used_at));
    let info = |i: Session| SessionInfo {
        id: i.id,
        current: i.id == caller.session.id,
        created_at: i.created_at.into(),
        last_used_at: i.last_used_at.into(),
        ends_at: i.ends_at().into(),
        user_agent: i.user_agent,
    };
    Ok(Json(SessionList { items: items.into_iter().map(info).collect() }))
}

/// Ends all sessions of the caller but the one that asks, and closes their sockets.
///
/// The caller, the list, one deletion for all; then the connections.
#[utoipa::path(delete, path = "/v1/sessions", tag = "login", security(("bearer" = [])), responses((status = 204), Problems))]
pub async fn delete_other_sessions(State(s): State<crate::State>, caller: Member) -> Result<NoContent, web::Error> {
    let ended = session::revoke_all(&s.table, caller.user.id, Some(caller.session.id)).await?;
    let closed = ended.into_iter().map(|id| connection::close_session(&s.table, &s.sys, &s.sockets, caller.user.id, id));
    // One that fails keeps no other from being closed.
    join_all(closed).await.into_iter().collect::<Result<(), _>>()?;
    Ok(NoContent)
}

/// Signs out: ends the session that asks, closes its sockets and takes the cookie away.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "login", security(("bearer" = [])),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204), Problems))]
pub async fn delete_current_session(State(s): State<crate::State>, caller: Member) -> Result<impl IntoResponse, web::Error> {
    end(&s, &caller, caller.session.id).await?;
    Ok(([signed_in::forget()], NoContent))
}

/// Ends one session of the caller and closes its sockets.
#[utoipa::path(delete, path = "/v1/sessions/{session}", tag = "login", security(("bearer" = [])), params(("session" = SessionId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204), Problems))]
pub async fn delete_session(
    State(s): State<crate::State>,
    caller: Member,
    Path(session): Path<SessionId>,
) -> Result<NoContent, web::Error> {
    end(&s, &caller, session).await?;
    Ok(NoContent)
}

/// The caller, the conditional deletion, then the connections of that session.
async fn end(s: &crate::State, caller: &Member, session: SessionId) -> Result<(), web::Error> {
    let ended = session::revoke(&s.table, caller.user.id, session).await?;
    // Also if it had ended before: a request whose reply was lost may not have come this far.
    connection::close_session(&s.table, &s.sys, &s.sockets, caller.user.id, session).await?;
    if ended { Ok(()) } else { Err(Kind::NotFound.into()) }
}
