//! Signing in with a name and a password. For an account with second factors this is the first step.

use accounts::{
    identifier::Login,
    session::{self, Session},
    token::Method,
    user::{self, PasswordHash, Status, User},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::{join, try_join};
use http::HeaderMap;
use kernel::{Client, Kind, Problem, Secret, Time, id::UserId};
use proofs::{
    FlowToken,
    completion::{self, CompletedSignIn, SignInReply},
    device::Device,
    gate::{self, Gate},
    guesses,
    password::Verdict,
    repeat::{Repeatable, Reply},
    sending::Permit,
    sign_in::{SignIn, SignInOptions, SignInStep},
    signed_in::{self, SignedIn, TokenDelivery},
};
use serde::Deserialize;
use store::{Batch, Conditional as _, StoreError, Tx};
use utoipa::ToSchema;
use web::{IdempotencyKey, Json, Problems, RequestId};

use crate::guess::{self, Guess};

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// Username or e-mail address, in upper or lower case.
    #[schema(examples("ana_nowak"), max_length = 254)]
    login: String,
    /// The password.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Secret,
    /// Where the refresh token is returned: `cookie` for browsers, `body` otherwise. A trusted device's token is returned in
    /// the same way.
    #[serde(default)]
    token_delivery: TokenDelivery,
    /// Whether to trust this device from now on: it skips the second step for thirty days.
    #[serde(default)]
    remember_device: bool,
    /// The token of a trusted device, unless it is in its cookie.
    #[schema(max_length = 200)]
    device_token: Option<String>,
    /// The path of the frontend to continue with, such as `/rooms`. Anything else is replaced by `/`.
    #[schema(examples("/rooms"), max_length = 500)]
    next: Option<String>,
}

impl CreateSession {
    /// Returns the request with its `Idempotency-Key`, if the client has sent one.
    fn repeatable(&self, s: &crate::State, client: &Client, headers: &HeaderMap) -> Option<Repeatable> {
        let IdempotencyKey(key) = IdempotencyKey::of(headers)?;
        let mark = guesses::mark(&s.code_key, client, &self.login, &self.password);
        let content = format!("{:?}", (self.token_delivery, self.remember_device, &self.device_token, &self.next));
        Some(Repeatable::new(&s.code_key, &s.sys, "create_session", &[&key, &client.network(), &self.login], &[&mark, &content]))
    }
}

/// Signs in, or returns the second step that is needed. If the request carries the token of the client's former session, that
/// session ends.
///
/// Without an `Idempotency-Key` the same request twice makes two sessions. With one, which the client draws anew for each sign-in, the
/// same request gets the first answer again within ten seconds.
///
/// AWS calls: the name's claim; concurrently the person with the password, all counters (and the shown device) and their
/// sessions; concurrently three counters, or one for a trusted device; one transaction, which also resets the failures, and
/// concurrently the client's counter (the 21st session replaces the oldest, and a new client causes a notice by mail). A
/// session that is replaced costs another read, a device that is to be trusted the list of the trusted ones, a second step by
/// code the calls of its sending. A failure costs five more concurrent counters, and an attempt that is refused before it is
/// counted none. An `Idempotency-Key` costs another read.
#[utoipa::path(post, path = "/v1/sessions", request_body = CreateSession,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "Names this request, for ten seconds.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(("x-problems" = json!(["credentials_invalid", "proof_of_work_required", "too_many_requests", "idempotency_key_reused"])), ("x-limits" = json!([guess::AT_NAME, guess::RIGHT_PASSWORDS, guesses::BY_CLIENT, guesses::CLIENT_DIFFERENT, guess::OF_DEVICE, guess::OF_DEVICE_DAY]))),
    responses(
        (status = 201, description = "Signed in.", body = SignedIn),
        (status = 202, description = "The password is correct, and a second step is needed: continue at `/v1/sign-ins/{id}`.", body = SignInStep),
        Problems))]
pub async fn create_session(
    State(s): State<crate::State>,
    client: RequestId,
    headers: HeaderMap,
    Json(body): Json<CreateSession>,
) -> Result<Response, web::Error> {
    if body.password.expose().len() > proofs::password::MAX_BYTES {
        return Err(Kind::CredentialsInvalid.because("the password is longer than any that can be chosen").into());
    }
    let request = body.repeatable(&s, &client, &headers);
    let named = ResolvedLogin::resolve(&s, &body.login).await?;
    let mut attempt = Attempt::read(&s, &client, &headers, named, body.device_token.as_deref()).await?;
    attempt.judge(&s, &client, &headers)?;
    let proven = attempt.compare(&s, &client, &body.password).await?;
    if let Some(first) = proven.first_answer(&s, request.as_ref()).await? {
        return Ok(first.into_response());
    }
    let previous = completion::previous_session(&s.table, &s.tokens, proven.now, s.code_key.secret(), &headers).await?;
    let options = SignInOptions::new(body.token_delivery, body.remember_device, body.next).instead_of(previous.as_ref());
    Ok(SigningIn { s: &s, client: &client, proven, previous, options, request }.finish().await?)
}

/// A typed login and the account that it belongs to.
struct ResolvedLogin {
    /// The normal form of the login, for which attempts are counted. Empty if the text is neither a username nor an address.
    name: String,
    /// The account with this login. `None` if there is none.
    owner: Option<UserId>,
}

impl ResolvedLogin {
    async fn resolve(s: &crate::State, typed: &str) -> Result<Self, StoreError> {
        let login = Login::parse(typed);
        let owner = match &login {
            Some(login) => user::resolve(&s.table, login).await?,
            None => None,
        };
        let name = match login {
            Some(Login::Username(name)) => name.to_string(),
            Some(Login::Email(email)) => email.key(),
            None => String::new(),
        };
        Ok(Self { name, owner })
    }

    /// Returns the key under which attempts at the account are counted: the account's id, or the name if no account has it.
    fn counter_key(&self) -> String {
        self.owner.map_or_else(|| format!("nobody {}", self.name), |id| id.to_string())
    }
}

/// An attempt to sign in, with the items that decide about it.
struct Attempt {
    named: ResolvedLogin,
    now: Time,
    /// The owner of the name, if their account is active.
    user: Option<User>,
    hash: Option<PasswordHash>,
    sessions: Vec<Session>,
    /// The device whose token was sent, if the account trusts it.
    device: Option<Device>,
    guess: Guess,
    /// The items that were read and not taken out yet: the counters of the gate.
    found: Batch,
}

impl Attempt {
    /// Reads the account, the device whose token was sent, and all counters. If no account has the name, the same reads are done for a
    /// random id, so that the answer takes as long.
    async fn read(
        s: &crate::State,
        client: &RequestId,
        headers: &HeaderMap,
        named: ResolvedLogin,
        device_token: Option<&str>,
    ) -> Result<Self, StoreError> {
        let id: UserId = named.owner.unwrap_or_else(|| s.sys.id());
        let shown = signed_in::device(headers, device_token).filter(|token| token.user == id);
        let untrusted = Guess::untrusted(s.cooldown, client, &named.name, &named.counter_key());
        let trusted = shown.as_ref().map(|token| Guess::trusted(s.cooldown, token.device));

        let (user_key, hash_key) = (User::key_of(id), PasswordHash::key_of(id));
        let device_key = shown.as_ref().map(|token| Device::key_of(id, token.device));
        let counters = [&untrusted].into_iter().chain(&trusted).flat_map(Guess::keys).chain(Gate::keys());
        let keys = [user_key.clone(), hash_key.clone()].into_iter().chain(device_key.clone()).chain(counters).collect();
        let (mut found, sessions) = try_join!(s.table.get_many(keys), session::list(&s.table, id))?;

        let now = s.sys.now();
        let user = found.take::<User>(&user_key)?.filter(|user| user.status == Status::Active);
        if let Some(owner) = named.owner {
            web::log_user(owner);
        }
        let device = device_key.map(|key| found.take::<Device>(&key)).transpose()?.flatten();
        let is_trusted = |d: &Device| user.as_ref().is_some_and(|u| d.is_good(u, now)) && shown.as_ref().is_some_and(|t| d.holds(t));
        let device = device.filter(is_trusted);
        let guess = trusted.filter(|_| device.is_some()).unwrap_or(untrusted).read(&mut found, now)?;
        let hash = found.take::<PasswordHash>(&hash_key)?;
        Ok(Self { named, now, user, hash, sessions, device, guess, found })
    }

    /// Checks the limits without counting. Clients without a trusted device need a proof of work where many attempts have failed.
    fn judge(&mut self, s: &crate::State, client: &RequestId, headers: &HeaderMap) -> Result<(), Problem> {
        self.guess.judge(self.now)?;
        if self.device.is_some() {
            return Ok(());
        }
        s.gate.judge(&mut self.found, self.now, client, headers, &self.named.name)?;
        if self.guess.needs_proof_of_work() {
            s.gate.demand(self.now, client, headers, &self.named.name, gate::DIFFICULTY)?;
        }
        Ok(())
    }

    /// Counts the attempt, then compares the password. Without an account the comparison takes as long.
    async fn compare(self, s: &crate::State, client: &RequestId, password: &Secret) -> Result<Proven, Problem> {
        let Self { named, now, user, hash, sessions, device, guess, .. } = self;
        let may = guess.take(&s.table, now).await?;
        let (active, has_password) = (user.is_some(), hash.is_some());
        let account = user.zip(hash).filter(|_| may);
        let verdict = s.hasher.verify(account.as_ref().map(|(_, hash)| hash), password).await?;
        let Some((user, hash)) = account.filter(|_| verdict != Verdict::Wrong) else {
            let mark = guesses::mark(&s.code_key, client, &named.name, password);
            guess.count_failure(&s.table, now, client, &mark).await?;
            return Err(Kind::CredentialsInvalid.because(refusal_reason(named.owner, active, has_password, may)));
        };
        let rehashed = match verdict {
            Verdict::Outdated => Some(Rehashed { new: s.hasher.hash(user.id, password).await?, old: hash }),
            Verdict::Right | Verdict::Wrong => None,
        };
        Ok(Proven { now, user, rehashed, sessions, device, guess })
    }
}

/// Returns why a password is refused, for the log. The answer to the client is the same for all reasons.
const fn refusal_reason(known: Option<UserId>, active: bool, has_password: bool, may: bool) -> &'static str {
    match (known, active, has_password, may) {
        (None, ..) => "nobody has this name",
        (_, false, ..) => "the account is not in use",
        (_, _, false, _) => "the account has no password",
        (_, _, _, false) => "other guesses at once used the attempts up",
        _ => "the password is wrong",
    }
}

/// A person whose password was correct.
struct Proven {
    now: Time,
    user: User,
    rehashed: Option<Rehashed>,
    sessions: Vec<Session>,
    /// The trusted device that skips the second step.
    device: Option<Device>,
    guess: Guess,
}

impl Proven {
    /// Returns the answer to the first request with this `Idempotency-Key`, if there was one within ten seconds.
    async fn first_answer(&self, s: &crate::State, request: Option<&Repeatable>) -> Result<Option<Reply>, Problem> {
        let Some(request) = request else { return Ok(None) };
        let first = request.first_answer(&s.table).await?;
        if first.is_some() {
            join!(self.reset_counters(s), self.guess.give_back(&s.table));
        }
        Ok(first)
    }

    /// Resets the counters of the attempt without a sign-in. Best effort, because the password was correct.
    async fn reset_counters(&self, s: &crate::State) {
        let mut tx = Tx::new();
        self.guess.add_success(&mut tx, self.now);
        if let Err(e) = s.table.commit(tx).await {
            tracing::warn!(error = %e, "a repeated sign-in stays counted");
        }
    }
}

/// A stored hash with old parameters or an old pepper, and the new hash that replaces it.
struct Rehashed {
    old: PasswordHash,
    new: PasswordHash,
}

/// The last part of a sign-in: a person whose password was correct, and what the client asked for.
struct SigningIn<'a> {
    s: &'a crate::State,
    client: &'a RequestId,
    proven: Proven,
    /// The client's former session, which ends.
    previous: Option<Session>,
    options: SignInOptions,
    /// The request with its `Idempotency-Key`, if the client has sent one.
    request: Option<Repeatable>,
}

impl SigningIn<'_> {
    /// Signs the person in, or begins the second step. Concurrently gives the attempt of the client back.
    async fn finish(&self) -> Result<Response, Problem> {
        let (device, rehashed) = (self.proven.device.as_ref(), self.proven.rehashed.as_ref());
        let (committed, ()) = join!(self.commit_with(device, rehashed), self.proven.guess.give_back(&self.s.table));
        let committed = match committed? {
            // A concurrent sign-in has changed the device or the hash. Try again without them.
            None if device.is_some() || rehashed.is_some() => self.commit_with(None, None).await?,
            committed => committed,
        };
        committed.ok_or_else(|| Kind::CredentialsInvalid.because("the account was closed, or its password changed, meanwhile"))
    }

    /// Signs the person in, or begins the second step if `device` is `None` and the account has second factors. Replaces the stored hash
    /// by `rehashed`. Returns `None` if the account, the device or the hash has changed since it was read.
    async fn commit_with(&self, device: Option<&Device>, rehashed: Option<&Rehashed>) -> Result<Option<Response>, Problem> {
        let (s, user, mut tx) = (self.s, &self.proven.user, Tx::new());
        self.proven.guess.add_success(&mut tx, s.sys.now());
        if let Some(Rehashed { old, new }) = rehashed {
            tx.put(new, store::field("phc").eq(&old.phc));
        }
        let (reply, permit) = if user.has_second_step() && device.is_none() {
            let (step, permit) = begin(s, &mut tx, self.client, user, self.options.clone()).await?;
            (SignInReply::Step(Box::new(step)), permit)
        } else {
            let (sessions, previous, device) = (self.proven.sessions.clone(), self.previous.clone(), device.cloned());
            let completed = CompletedSignIn { user, amr: vec![Method::Pwd], sessions, previous, device, options: self.options.clone() };
            let signed_in = completed.open(&s.table, &s.audit, &s.issuer, s.code_key.secret(), &mut tx, &self.client.0).await?;
            (SignInReply::Done(Box::new(signed_in)), Permit::default())
        };
        let Some(request) = &self.request else {
            return Ok(permit.commit(&s.table, tx).await.applied()?.then(|| reply.into_response()));
        };
        let sealed = request.seal(reply).await?;
        let first = sealed.keep_first(&mut tx);
        match permit.commit(&s.table, tx).await {
            Err(e) if e.refused(first) => {
                // A request with the same key was faster. Without a stored answer for this request, the key belongs to a different request.
                let (faster, ()) = join!(request.instead_of(&s.table, Kind::IdempotencyKeyReused.into()), self.proven.reset_counters(s));
                Ok(Some(faster?.into_response()))
            }
            committed => Ok(committed.applied()?.then(|| sealed.reply().into_response())),
        }
    }
}

/// Adds the flow of a second step to a transaction. If there is only one factor, it is chosen at once.
async fn begin(
    s: &crate::State,
    tx: &mut Tx,
    client: &RequestId,
    user: &User,
    options: SignInOptions,
) -> Result<(SignInStep, Permit), Problem> {
    let token = FlowToken::draw(&s.sys);
    let mut flow = SignIn::begin(&s.sys, &token, user, vec![Method::Pwd], user.second_step(), options);
    let (challenge, permit) = flow.start(&s.factor_context(client, user), tx).await?;
    Ok((flow.step(token, Some(user), challenge.as_ref(), None), permit))
}
