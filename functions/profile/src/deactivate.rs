//! Putting one's account to rest.

use accounts::{Fresh, Member, session, user::Status};
use axum::extract::State;
use store::{Item as _, Tx, Update};
use web::{Error, NoContent, Problems};

/// Deactivates the account: every sign-in, trusted device and socket ends, nobody sees it, and what is in it is kept. Only an
/// administrator opens it again; registering, resetting a password or signing in does not. Its names stay taken.
///
/// A fresh proof is all it takes: who has a password has given it, or a stronger one, within five minutes.
///
/// AWS calls: the caller, one transaction.
#[utoipa::path(post, path = "/v1/me/deactivation", tag = "profile", security(("bearer" = [])),
    extensions(("x-problems" = json!(["step_up_required", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn deactivate_me(State(s): State<crate::State>, Fresh(member): Fresh<Member>) -> Result<NoContent, Error> {
    let user = &member.user;
    let mut tx = Tx::new();
    let rest = Update::of(user.key()).set("status", Status::Deactivated);
    session::renew_credentials(&mut tx, &s.sys, user, rest, None);
    s.table.commit(tx).await?;
    tracing::info!(user.id = %user.id, "deactivated");
    Ok(NoContent)
}
