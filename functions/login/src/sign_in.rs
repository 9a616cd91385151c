//! Signing in with a name and a password, which for accounts with second factors is the first step.

use accounts::{
    FlowToken,
    device::Device,
    entry::{self, Entry, Reply},
    gate::Gate,
    guesses,
    identifier::Login,
    password::Verdict,
    session,
    sign_in::{SignIn, SignInStep, Wish},
    signed_in::{self, SignedIn, TokenDelivery},
    token::Method,
    user::{self, PasswordHash, Status, User},
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
    /// Where the refresh token goes: `cookie` for browsers, `body` otherwise. A trusted device's token goes the same way.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// Whether to trust this device from now on: for thirty days it skips the second step.
    #[serde(default)]
    remember_device: bool,
    /// What a trusted device keeps, unless it is in its cookie.
    device_token: Option<String>,
    /// Where in the frontend to go on: a path such as `/rooms`. Anything else is answered by `/`.
    #[schema(examples("/rooms"))]
    next: Option<String>,
}

/// Signs in, or answers which second step is needed. Ends the session that the request itself carries, if any: one client is
/// one person.
///
/// The name's claim; two counters at once; the person with the password (and the device that is shown) and their sessions at
/// once (the 21st session replaces the oldest, and a new client is told of by mail); one transaction, which also forgets the
/// failures at this account, and the client's counter with it. A session that is replaced costs a read more, a device that is
/// to be trusted the list of those that are, a second step by code what its sending takes; a failure three counters more.
#[utoipa::path(post, path = "/v1/sessions", tag = "login", request_body = CreateSession,
    extensions(("x-problems" = json!(["credentials_invalid", "proof_of_work_required", "too_many_requests"]))),
    responses(
        (status = 201, description = "Signed in.", body = SignedIn),
        (status = 202, description = "The password is right, and a second step is needed: continue at `/v1/sign-ins/{id}`.", body = SignInStep),
        Problems))]
pub async fn create_session(
    State(s): State<crate::State>,
    client: Client,
    headers: http::HeaderMap,
    Json(body): Json<CreateSession>,
) -> Result<Reply, web::Error> {
    if body.password.expose().len() > accounts::password::MAX_BYTES {
        return Err(Kind::CredentialsInvalid.into());
    }
    let login = Login::parse(&body.login);
    let known = match &login {
        Some(login) => user::resolve(&s.table, login).await?,
        None => None,
    };
    let account = known.map_or_else(|| login.as_ref().map_or_else(String::new, name_of), |id| id.to_string());
    let (at_account, by_client) = (s.throttle.account(&account, &client), guesses::of_client(&client));
    limits::take(&s.table, s.sys.now(), &[at_account.clone(), by_client.clone()]).await?;

    // For a name that nobody has, the same reads are done for an id that nobody has.
    let id: UserId = known.unwrap_or_else(|| s.sys.id());
    let shown = signed_in::device(&headers, body.device_token.as_deref()).filter(|token| token.user == id);
    let (person, password) = (User::key_of(id), PasswordHash::key_of(id));
    let device = shown.as_ref().map(|token| Device::key_of(id, token.device));
    let (day, everywhere) = (guesses::of_client_in_a_day(&client), Throttle::everywhere(&account));
    let keys = [person.clone(), password.clone(), day.key(), everywhere.key(), Gate::key()].into_iter().chain(device.clone()).collect();
    let (mut found, sessions) = try_join!(s.table.get_many(keys), session::list(&s.table, id))?;
    let now = s.sys.now();
    limits::judge(&mut found, now, &day)?;
    let person = found.take::<User>(&person)?.filter(|user| user.status == Status::Active);
    let device = device.map(|key| found.take::<Device>(&key)).transpose()?.flatten();
    let holds = |d: &Device, user: &User| d.is_good(user, now) && shown.as_ref().is_some_and(|token| d.holds(token));
    let device = device.filter(|d| person.as_ref().is_some_and(|user| holds(d, user)));
    if device.is_none() {
        limits::judge(&mut found, now, &everywhere)?;
        if let Err(work) = s.gate.judge(&mut found, now, &client, &headers, &account) {
            // It was no attempt.
            limits::give_all_back(&s.table, [&at_account, &by_client]).await;
            return Err(work.into());
        }
    }
    let person = person.zip(found.take::<PasswordHash>(&password)?);
    let verdict = s.hasher.verify(person.as_ref().map(|(_, hash)| hash), &body.password).await?;
    let Some((user, hash)) = person.filter(|_| verdict != Verdict::Wrong) else {
        let limits = [day, everywhere];
        let (counted, ()) = join!(limits::note(&s.table, now, &limits), s.gate.failed(&s.table, now));
        counted?;
        return Err(Kind::CredentialsInvalid.into());
    };

    let previous = entry::previous(&s.table, now, s.code_key.secret(), &headers).await?;
    let wish = Wish::new(body.token_delivery, body.remember_device, body.next).instead_of(previous.as_ref());

    let mut tx = Tx::new();
    tx.delete(at_account.key());
    if verdict == Verdict::Outdated {
        renew(&s, &mut tx, &hash, &body.password).await?;
    }
    let reply = if user.has_second_step() && device.is_none() {
        Reply::Step(Box::new(begin(&s, &mut tx, &client, &user, wish).await?))
    } else {
        let entry = Entry { user: &user, amr: vec![Method::Pwd], sessions, previous, device, wish };
        Reply::Done(Box::new(entry.open(&s.table, &s.sys, &s.tokens, &mut tx, &client).await?))
    };
    // The client's counter apart from the transaction: many people behind one address would collide in it.
    let (begun, forgiven) = join!(s.table.commit(tx), limits::give_back(&s.table, &by_client));
    begun.map_err(|e| match &e {
        // The account was closed, or its password changed, since it was judged.
        store::CommitError::Refused(_) => Kind::CredentialsInvalid.into(),
        store::CommitError::Store(_) => Problem::from(e),
    })?;
    if let Err(e) = forgiven {
        tracing::warn!(error = %e, "a success stays counted as an attempt");
    }
    Ok(reply)
}

/// Adds the beginning of a sign-in in steps to a transaction. A factor that is the only one is chosen at once.
async fn begin(s: &crate::State, tx: &mut Tx, client: &Client, user: &User, wish: Wish) -> Result<SignInStep, Problem> {
    let token = FlowToken::draw(&s.sys);
    let mut flow = SignIn::begin(&s.sys, &token, user, vec![Method::Pwd], user.second_step(), wish);
    let challenge = flow.start(&s.table, &s.sys, &s.sending, tx, client, user).await?;
    Ok(flow.step(token, Some(user), challenge.as_ref(), None))
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
