//! Signing in with a name and a password.

use accounts::{
    identifier::Login,
    password::Verdict,
    session::{self, Opening},
    signed_in::{SignedIn, TokenDelivery},
    token::Method,
    user::{self, PasswordHash, Status},
};
use axum::extract::State;
use futures_util::{join, try_join};
use kernel::{Kind, Problem, Secret, id::UserId};
use serde::Deserialize;
use store::{Tx, limits};
use utoipa::ToSchema;
use web::{Client, Json, Problems};

use crate::Throttle;

/// Who somebody says they are, and the proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// Username or e-mail address, in any case.
    #[schema(examples("ana_nowak"), max_length = 254)]
    login: String,
    /// The password.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"))]
    password: Secret,
    /// Where the refresh token goes: `cookie` for browsers, `body` otherwise.
    #[serde(default)]
    token_delivery: TokenDelivery,
}

/// Signs in. Ends the session that the request itself carries, if any: one client is one person.
///
/// The name's claim; two counters at once; the person with the password and their sessions at once (the 21st session replaces
/// the oldest, and a new client is told of by mail); one transaction, which also forgets the failures at this account, and the
/// client's counter with it. A session that is replaced costs a read more.
#[utoipa::path(post, path = "/v1/sessions", tag = "login", request_body = CreateSession,
    extensions(("x-problems" = json!(["credentials_invalid", "too_many_requests"]))),
    responses((status = 201, body = SignedIn), Problems))]
pub async fn create_session(
    State(s): State<crate::State>,
    client: Client,
    headers: http::HeaderMap,
    Json(body): Json<CreateSession>,
) -> Result<SignedIn, web::Error> {
    if body.password.expose().len() > accounts::password::MAX_BYTES {
        return Err(Kind::CredentialsInvalid.into());
    }
    let login = Login::parse(&body.login);
    let known = match &login {
        Some(login) => user::resolve(&s.table, login).await?,
        None => None,
    };
    let account = known.map_or_else(|| login.as_ref().map_or_else(String::new, name_of), |id| id.to_string());
    let (at_account, by_client) = (s.throttle.account(&account, &client), Throttle::client(&client));
    limits::take(&s.table, s.sys.now(), &[at_account.clone(), by_client.clone()]).await?;

    // For a name that nobody has, the same reads are done for an id that nobody has.
    let id: UserId = known.unwrap_or_else(|| s.sys.id());
    let (person, sessions) = try_join!(user::with_password(&s.table, id), session::list(&s.table, id))?;
    let usable = person.as_ref().filter(|(u, _)| u.status == Status::Active);
    let verdict = s.hasher.verify(usable.map(|(_, hash)| hash), &body.password).await?;
    let Some((user, hash)) = person.filter(|(u, _)| u.status == Status::Active && verdict != Verdict::Wrong) else {
        return Err(Kind::CredentialsInvalid.into());
    };

    let previous = match crate::refresh::presented(&headers, None).ok().flatten() {
        Some(token) => session::of_token(&s.table, s.sys.now(), s.code_key.secret(), &token).await?,
        None => None,
    };
    let opening = Opening::new(&s.sys, &user, vec![Method::Pwd], &client.user_agent).among(sessions).instead_of(previous);
    let mut tx = Tx::new();
    let in_use = opening.write(&mut tx, &s.sys);
    tx.delete(at_account.key());
    if verdict == Verdict::Outdated {
        renew(&s, &mut tx, &hash, &body.password).await?;
    }
    // The client's counter apart from the transaction: many people behind one address would collide in it.
    let (begun, forgiven) = join!(s.table.commit(tx), limits::give_back(&s.table, &by_client));
    begun.map_err(|e| if e.refused(in_use) { Kind::CredentialsInvalid.into() } else { Problem::from(e) })?;
    if let Err(e) = forgiven {
        tracing::warn!(error = %e, "a success stays counted as an attempt");
    }
    Ok(SignedIn::new(&s.tokens, &opening.session, &opening.refresh, body.token_delivery)?.created())
}

fn name_of(login: &Login) -> String {
    match login {
        Login::Username(name) => name.to_string(),
        Login::Email(email) => email.key(),
    }
}

/// Replaces a hash of old parameters or an old pepper, now that the password is at hand; not if it was changed meanwhile.
async fn renew(s: &crate::State, tx: &mut Tx, old: &PasswordHash, password: &Secret) -> Result<(), Problem> {
    let new = s.hasher.hash(old.user, password).await?;
    tx.put(&new, store::field("phc").eq(&old.phc));
    Ok(())
}
