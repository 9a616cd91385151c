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
use futures_util::try_join;
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
/// Two counters and the name's claim at once; the person with the password and their sessions at once (the 21st session
/// replaces the oldest); one transaction, which also forgets the failures at this name, and the client's counter with it.
#[utoipa::path(post, path = "/v1/sessions", tag = "login", request_body = CreateSession, responses((status = 201, body = SignedIn), Problems))]
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
    let name = login.as_ref().map_or_else(|| "nobody".to_owned(), name_of);
    let (at_name, by_client) = (s.throttle.name(&name, &client), Throttle::client(&client));
    let resolved = async {
        match &login {
            Some(login) => user::resolve(&s.table, login).await.map_err(Problem::from),
            None => Ok(None),
        }
    };
    let attempt = [at_name.clone(), by_client.clone()];
    let counted = async { limits::take(&s.table, s.sys.now(), &attempt).await.map_err(Problem::from) };
    let ((), known) = try_join!(counted, resolved)?;

    // For a name that nobody has, the same reads are done for an id that nobody has.
    let id: UserId = known.unwrap_or_else(|| s.sys.id());
    let (person, sessions) = try_join!(user::with_password(&s.table, id), session::list(&s.table, id))?;
    let usable = person.as_ref().filter(|(u, _)| u.status == Status::Active);
    let verdict = s.hasher.verify(usable.map(|(_, hash)| hash), &body.password).await?;
    let Some((user, hash)) = person.filter(|(u, _)| u.status == Status::Active && verdict != Verdict::Wrong) else {
        return Err(Kind::CredentialsInvalid.into());
    };

    let opening = Opening::new(&s.sys, user.id, vec![Method::Pwd], &client.user_agent).among(sessions);
    let mut tx = Tx::new();
    opening.write(&mut tx);
    tx.delete(at_name.key());
    if verdict == Verdict::Outdated {
        renew(&s, &mut tx, &hash, &body.password).await?;
    }
    if let Some(previous) = crate::refresh::presented(&headers, None).ok().flatten() {
        tx.delete(session::Session::key_of(previous.user, previous.session));
    }
    let begun = async { s.table.commit(tx).await.map_err(Problem::from) };
    // Apart from the transaction: many people behind one address would collide in it.
    let forgiven = async { limits::give_back(&s.table, &by_client).await.map_err(Problem::from) };
    try_join!(begun, forgiven)?;
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
