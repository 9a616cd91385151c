//! Putting one's account to rest. It takes a fresh proof and the password, because a session that was left open must not be
//! enough to lock its owner out.

use accounts::{Fresh, Member, password, session, staff};
use axum::extract::State;
use kernel::{Kind, Problem, Secret};
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use web::{Client, Error, Json, NoContent, Problems};

/// The proof that it is the owner who wants to rest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeactivateMe {
    /// The current password; not needed where there is none.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Option<Secret>,
}

/// Deactivates the account: every sign-in, trusted device and socket ends, nobody sees it, and what is in it is kept. Only an
/// superuser opens it again; registering, resetting a password or signing in does not. Its names stay taken. A superuser's own
/// stays in use until another superuser has taken that role away.
///
/// AWS calls: the caller; two counters of attempts, which count before the password is compared; the password; the transaction,
/// and the client's counter back.
#[utoipa::path(post, path = "/v1/me/deactivation", tag = "profile", request_body = DeactivateMe,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "superuser_stays", "conflict"])), ("x-limits" = json!(["password"]))),
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
    session::renew_credentials(&mut tx, &s.sys, user, user.rest(s.sys.now()), None);
    let may_leave = staff::no_superuser(&mut tx, user.id);
    s.table.commit(tx).await.map_err(|e| if e.refused(may_leave) { Kind::SuperuserStays.into() } else { Problem::from(e) })?;
    tracing::info!(user.id = %user.id, "deactivated");
    Ok(NoContent)
}
