//! Putting one's account to rest. It takes a fresh proof and the password, because a session that was left open must not be
//! enough to lock its owner out.

use accounts::{Fresh, Member, password, session, user::Status};
use axum::extract::State;
use kernel::Secret;
use serde::Deserialize;
use store::{Item as _, Tx, Update};
use utoipa::ToSchema;
use web::{Client, Error, Json, NoContent, Problems};

/// The proof that it is the owner who wants to rest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeactivateMe {
    /// The current password; not needed where there is none.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"))]
    password: Option<Secret>,
}

/// Deactivates the account: every sign-in, trusted device and socket ends, nobody sees it, and what is in it is kept. Only an
/// administrator opens it again; registering, resetting a password or signing in does not. Its names stay taken.
///
/// AWS calls: the caller; two counters of attempts, which count before the password is compared; the password; the transaction,
/// and the client's counter back.
#[utoipa::path(post, path = "/v1/me/deactivation", tag = "profile", security(("bearer" = [])), request_body = DeactivateMe,
    extensions(("x-problems" = json!(["step_up_required", "password_wrong", "too_many_requests", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn deactivate_me(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: Client,
    Json(body): Json<DeactivateMe>,
) -> Result<NoContent, Error> {
    let user = &member.user;
    let mut tx = Tx::new();
    password::demand(&s.table, &s.sys, &s.hasher, &mut tx, &client, user, body.password.as_ref()).await?;
    let rest = Update::of(user.key()).set("status", Status::Deactivated);
    session::renew_credentials(&mut tx, &s.sys, user, rest, None);
    s.table.commit(tx).await?;
    tracing::info!(user.id = %user.id, "deactivated");
    Ok(NoContent)
}
