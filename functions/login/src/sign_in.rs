//! Signing in with a name and a password, which for accounts with second factors is the first step.

use accounts::{
    FlowToken,
    device::Device,
    entry::{self, Entry, Reply},
    gate::{self, Gate},
    guesses,
    identifier::Login,
    password::Verdict,
    sending::Permit,
    session::{self, Session},
    sign_in::{SignIn, SignInStep, Wish},
    signed_in::{self, SignedIn, TokenDelivery},
    token::Method,
    user::{self, PasswordHash, Status, User},
};
use axum::extract::State;
use futures_util::{join, try_join};
use kernel::{Kind, Problem, Secret, id::UserId};
use serde::Deserialize;
use store::{Conditional as _, Tx};
use utoipa::ToSchema;
use web::{Client, Json, Problems};

use crate::guess::Guess;

/// Who somebody says they are, and the proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// Username or e-mail address, in any case.
    #[schema(examples("ana_nowak"), max_length = 254)]
    login: String,
    /// The password.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Secret,
    /// Where the refresh token goes: `cookie` for browsers, `body` otherwise. A trusted device's token goes the same way.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// Whether to trust this device from now on: for thirty days it skips the second step.
    #[serde(default)]
    remember_device: bool,
    /// What a trusted device keeps, unless it is in its cookie.
    #[schema(max_length = 200)]
    device_token: Option<String>,
    /// Where in the frontend to go on: a path such as `/rooms`. Anything else is answered by `/`.
    #[schema(examples("/rooms"), max_length = 500)]
    next: Option<String>,
}

/// Signs in, or answers which second step is needed. Ends the session that the request itself carries, if any: one client is
/// one person.
///
/// AWS calls: the name's claim; the person with the password, all counters (and the device that is shown) and their sessions at once;
/// three counters at once, of a trusted device one; one transaction, which also forgets the failures, and the client's counter
/// with it (the 21st session replaces the oldest, and a new client is told of by mail). A session that is replaced costs a read
/// more, a device that is to be trusted the list of those that are, a second step by code what its sending takes; a failure five
/// counters more, at once, and what is refused before it counts none.
#[utoipa::path(post, path = "/v1/sessions", tag = "login", request_body = CreateSession,
    extensions(("x-problems" = json!(["credentials_invalid", "proof_of_work_required", "too_many_requests"])), ("x-limits" = json!(["login_name", "sign_ins", "guesses", "login_client_different", "login_device", "login_device_day"]))),
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
        return Err(Kind::CredentialsInvalid.because("the password is longer than any").into());
    }
    let login = Login::parse(&body.login);
    let known = match &login {
        Some(login) => user::resolve(&s.table, login).await?,
        None => None,
    };
    let name = login.as_ref().map_or_else(String::new, name_of);
    let account = known.map_or_else(|| format!("nobody {name}"), |id| id.to_string());

    // For a name that nobody has, the same reads are done for an id that nobody has.
    let id: UserId = known.unwrap_or_else(|| s.sys.id());
    let shown = signed_in::device(&headers, body.device_token.as_deref()).filter(|token| token.user == id);
    let (person, password) = (User::key_of(id), PasswordHash::key_of(id));
    let device = shown.as_ref().map(|token| Device::key_of(id, token.device));
    let (stranger, trusted) = (Guess::stranger(&client, &name, &account), shown.as_ref().map(|token| Guess::device(token.device)));
    let counters = [&stranger].into_iter().chain(&trusted).flat_map(Guess::keys).chain(Gate::keys());
    let keys = [person.clone(), password.clone()].into_iter().chain(device.clone()).chain(counters).collect();
    let (mut found, sessions) = try_join!(s.table.get_many(keys), session::list(&s.table, id))?;
    let now = s.sys.now();
    let person = found.take::<User>(&person)?.filter(|user| user.status == Status::Active);
    if let Some(known) = known {
        web::note_user(known);
    }
    let device = device.map(|key| found.take::<Device>(&key)).transpose()?.flatten();
    let holds = |d: &Device, user: &User| d.is_good(user, now) && shown.as_ref().is_some_and(|token| d.holds(token));
    let device = device.filter(|d| person.as_ref().is_some_and(|user| holds(d, user)));
    let guess = trusted.filter(|_| device.is_some()).unwrap_or(stranger).read(&mut found, now)?;
    guess.judge(now).map_err(Problem::from)?;
    if device.is_none() {
        s.gate.judge(&mut found, now, &client, &headers, &name)?;
        if guess.takes_work() {
            s.gate.demand(now, &client, &headers, &name, gate::DIFFICULTY)?;
        }
    }
    let may = guess.take(&s.table, now).await?;
    let (active, password) = (person.is_some(), found.take::<PasswordHash>(&password)?);
    let has_password = password.is_some();
    let person = person.zip(password).filter(|_| may);
    let verdict = s.hasher.verify(person.as_ref().map(|(_, hash)| hash), &body.password).await?;
    let Some((user, old)) = person.filter(|_| verdict != Verdict::Wrong) else {
        let mark = guesses::mark(&s.code_key, &client, &name, &body.password);
        guess.failed(&s.table, now, &client, &mark).await?;
        return Err(Kind::CredentialsInvalid.because(why_not(known, active, has_password, may)).into());
    };

    let previous = entry::previous(&s.table, &s.tokens, now, s.code_key.secret(), &headers).await?;
    let wish = Wish::new(body.token_delivery, body.remember_device, body.next).instead_of(previous.as_ref());
    // Of old parameters or an old pepper: replaced now that the password is at hand.
    let renewed = match verdict {
        Verdict::Outdated => Some((old, s.hasher.hash(id, &body.password).await?)),
        Verdict::Right | Verdict::Wrong => None,
    };
    let proven = Proven { s: &s, client: &client, guess: &guess, user: &user, sessions, previous, wish };
    let (entered, ()) = join!(proven.enter(device.as_ref(), renewed.as_ref()), guess.give_back(&s.table));
    let entered = match entered? {
        // The device or the hash was renewed by another sign-in meanwhile: this one goes in without.
        None if device.is_some() || renewed.is_some() => proven.enter(None, None).await?,
        entered => entered,
    };
    // The account was closed, or its password changed, since it was judged.
    Ok(entered.ok_or_else(|| Kind::CredentialsInvalid.because("the account was closed, or its password changed, meanwhile"))?)
}

/// Why a password leads to nobody. Clients are told alike.
const fn why_not(known: Option<UserId>, active: bool, has_password: bool, may: bool) -> &'static str {
    match (known, active, has_password, may) {
        (None, ..) => "nobody has this name",
        (_, false, ..) => "the account is not in use",
        (_, _, false, _) => "the account has no password",
        (_, _, _, false) => "other guesses at once used the attempts up",
        _ => "the password is wrong",
    }
}

/// Somebody whose password is right.
struct Proven<'a> {
    s: &'a crate::State,
    client: &'a Client,
    guess: &'a Guess,
    user: &'a User,
    sessions: Vec<Session>,
    previous: Option<Session>,
    wish: Wish,
}

impl Proven<'_> {
    /// Signs them in, on a device that they trust or not, or begins the second step; with it a hash replaces an older one, unless
    /// that was changed. Nothing if anything of it has changed since it was judged.
    async fn enter(&self, device: Option<&Device>, renewed: Option<&(PasswordHash, PasswordHash)>) -> Result<Option<Reply>, Problem> {
        let (s, mut tx) = (self.s, Tx::new());
        self.guess.forget(&mut tx, s.sys.now());
        if let Some((old, new)) = renewed {
            tx.put(new, store::field("phc").eq(&old.phc));
        }
        let (reply, permit) = if self.user.has_second_step() && device.is_none() {
            let (step, permit) = begin(s, &mut tx, self.client, self.user, self.wish.clone()).await?;
            (Reply::Step(Box::new(step)), permit)
        } else {
            let (sessions, previous, device) = (self.sessions.clone(), self.previous.clone(), device.cloned());
            let entry = Entry { user: self.user, amr: vec![Method::Pwd], sessions, previous, device, wish: self.wish.clone() };
            let signed_in = entry.open(&s.table, &s.sys, &s.issuer, s.code_key.secret(), &mut tx, self.client).await?;
            (Reply::Done(Box::new(signed_in)), Permit::default())
        };
        Ok(permit.commit(&s.table, tx).await.applied()?.then_some(reply))
    }
}

/// Adds the beginning of a sign-in in steps to a transaction. A factor that is the only one is chosen at once.
async fn begin(s: &crate::State, tx: &mut Tx, client: &Client, user: &User, wish: Wish) -> Result<(SignInStep, Permit), Problem> {
    let token = FlowToken::draw(&s.sys);
    let mut flow = SignIn::begin(&s.sys, &token, user, vec![Method::Pwd], user.second_step(), wish);
    let (challenge, permit) = flow.start(&s.asking(client, user), tx).await?;
    Ok((flow.step(token, Some(user), challenge.as_ref(), None), permit))
}

fn name_of(login: &Login) -> String {
    match login {
        Login::Username(name) => name.to_string(),
        Login::Email(email) => email.key(),
    }
}
