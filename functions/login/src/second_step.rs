//! The second step of a sign-in: choosing a factor, sending a code, verifying the answer. Step-ups use the same operations.

use accounts::{
    session::{self, Session},
    token::Method,
    user::{Factor, PasswordHash, Status, User},
};
use axum::extract::State;
use callers::{Member, authenticate, bearer};
use events::Notice;
use futures_util::{join, try_join};
use http::HeaderMap;
use kernel::{FieldError, Kind, Problem, Secret, Time, id::UserId};
use passkeys::{AnswerError, PublicKeyCredential, VerifiedAnswer};
use proofs::{
    FlowToken, MISUSE,
    challenge::{self, Challenge, DIGITS, Sent},
    code::TypedCode,
    code_attempt,
    completion::{CompletedSignIn, SignInReply},
    factor::{self, AnswerLimits, AppFactor, RecoveryCodes, Steps, TypedRecoveryCode},
    gate, guesses,
    password::Verdict,
    repeat::{Repeatable, Reply},
    sending,
    sign_in::{Proof, SignIn, SignInStep},
    signed_in::{self, SignedIn},
    webauthn::UsedPasskey,
};
use serde::Deserialize;
use store::{Batch, Cond, Key, Tx, Update};
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Path, Problems, RequestId};

/// Shows a sign-in in progress, so that it can be resumed after a reload.
///
/// AWS calls: the flow, then the person with the code that was sent.
#[utoipa::path(get, path = "/v1/sign-ins/{flow}", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = SignInStep), Problems))]
pub async fn get_sign_in(State(s): State<crate::State>, Path(token): Path<FlowToken>) -> Result<Json<SignInStep>, web::Error> {
    let flow = SignIn::read(&s.table, s.sys.now(), &token).await?;
    let user = known_user(&s, &flow).await?;
    let sent = match (&user, flow.chosen) {
        (Some(user), Some(factor)) => flow.challenge_of(user, factor),
        _ => None,
    };
    let challenge = match sent {
        Some(id) => s.table.get::<Challenge>(Challenge::key_of(id)).await?.filter(|challenge| challenge.flow == Some(flow.id)),
        None => None,
    };
    Ok(Json(flow.step(token, user.as_ref(), challenge.as_ref(), None)))
}

/// The factor for the next step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseFactor {
    /// One of the factors that the sign-in offers.
    factor: Factor,
}

/// Chooses a factor: sends a code, or returns a challenge for a passkey. Another one may be chosen at any time. A code that was
/// sent a moment ago is not sent again. It is valid only in the sign-in for which it was sent: another sign-in has to wait
/// before it can request its own code.
///
/// AWS calls: the flow and the person; for a code its challenge, the counters of its sending and a transaction; for a passkey the
/// list of them and an update.
#[utoipa::path(put, path = "/v1/sign-ins/{flow}/factor", params(("flow" = FlowToken, Path)), request_body = ChooseFactor,
    extensions(("x-problems" = json!(["not_found", "factor_unavailable", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 200, body = SignInStep), Problems))]
pub async fn choose_factor(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<ChooseFactor>,
) -> Result<Json<SignInStep>, web::Error> {
    let now = s.sys.now();
    let mut flow = SignIn::read(&s.table, now, &token).await?;
    let user = known_user(&s, &flow).await?.ok_or(Kind::NotFound)?;
    let mut tx = Tx::new();
    let (challenge, permit) = flow.choose(&s.factor_context(&client, &user), &mut tx, body.factor).await?;
    let mut options = None;
    // No message is sent for a passkey, so nothing was counted.
    if body.factor == Factor::Passkey {
        let question = s.site.ask(now, &passkeys::list(&s.table, user.id).await?)?;
        (flow.passkey, flow.asked_at, options) = (Some(question.state), flow.tries, Some(question.options));
    }
    let chosen =
        Update::of(SignIn::key_of(flow.id)).set("chosen", flow.chosen).set("passkey", &flow.passkey).set("asked_at", flow.asked_at);
    tx.update(chosen.when(Cond::Exists));
    permit.commit(&s.table, tx).await?;
    Ok(Json(flow.step(token, Some(&user), challenge.as_ref(), options)))
}

/// Sends another code of the chosen factor. The previous one becomes invalid.
///
/// AWS calls: the flow, the person, the challenge with its counters, the counters of what is sent, one transaction.
#[utoipa::path(post, path = "/v1/sign-ins/{flow}/code/resend", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found", "factor_unavailable", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_sign_in_code(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
) -> Result<Accepted<Sent>, web::Error> {
    let now = s.sys.now();
    let flow = SignIn::read(&s.table, now, &token).await?;
    let user = known_user(&s, &flow).await?.ok_or(Kind::NotFound)?;
    let factor = flow.chosen.ok_or(Kind::FactorUnavailable)?;
    Ok(Accepted(flow.resend(&s.factor_context(&client, &user), factor).await?.sent()))
}

/// The answer to the chosen factor: exactly one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct VerifySignIn {
    /// The six digits of the app or of a message, a long code of a message, or a recovery code with any chosen factor.
    #[schema(examples("042617"), format = "typed")]
    code: Option<String>,
    /// The password, for a step-up without second factors.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    password: Option<Secret>,
    /// The answer of `navigator.credentials.get`, by its `toJSON()`.
    #[schema(value_type = Option<UsedPasskey>)]
    passkey: Option<serde_json::Value>,
}

impl VerifySignIn {
    /// This request, with the token of the session that it steps up.
    fn repeatable(&self, s: &crate::State, token: &FlowToken, headers: &HeaderMap) -> Repeatable {
        let (token, passkey) = (token.to_string(), self.passkey.as_ref().map(serde_json::Value::to_string));
        let proof = [
            self.code.as_deref().unwrap_or_default(),
            self.password.as_ref().map_or("", |password| password.expose()),
            passkey.as_deref().unwrap_or_default(),
        ];
        Repeatable::new(&s.code_key, &s.sys, "verify_sign_in", &[&token, bearer(headers).unwrap_or_default()], &proof)
    }
}

enum FactorAnswer {
    Code(TypedCode),
    Recovery(TypedRecoveryCode),
    Password(Secret),
    Passkey(Box<PublicKeyCredential>),
}

impl FactorAnswer {
    fn of(body: VerifySignIn) -> Result<Self, Problem> {
        match body {
            VerifySignIn { code: Some(code), password: None, passkey: None } => {
                // Recovery codes and codes of factors have different lengths.
                TypedRecoveryCode::parse(&code).map(Self::Recovery).or_else(|_| TypedCode::of_field(&code, DIGITS).map(Self::Code))
            }
            VerifySignIn { code: None, password: Some(password), passkey: None } => Ok(Self::Password(password)),
            VerifySignIn { code: None, password: None, passkey: Some(answer) } => {
                let answer = serde_json::from_value(answer).map_err(|e| Problem::new(Kind::PasskeyInvalid).because(e))?;
                Ok(Self::Passkey(Box::new(answer)))
            }
            _ => Err(Problem::field("/code", FieldError::CHOICE)),
        }
    }

    /// Returns the factor of this answer.
    fn factor(&self, flow: &SignIn) -> Result<Factor, Problem> {
        let factor = match self {
            Self::Recovery(_) => Some(Factor::RecoveryCode),
            Self::Code(_) => flow.chosen.filter(|f| matches!(f, Factor::App | Factor::Email | Factor::Sms)),
            Self::Password(_) => Some(Factor::Password),
            Self::Passkey(_) => Some(Factor::Passkey),
        };
        factor.filter(|f| flow.allowed.contains(f)).ok_or_else(|| Kind::FactorUnavailable.into())
    }
}

/// Verifies the answer to the chosen factor, which completes a sign-in or a step-up. Instead of a lost passkey the password is
/// accepted, followed by a code. The code is sent to this operation too; if two factors send codes, choose one of them first. A step-up
/// needs the session's access token. It returns a new access token and a new refresh token, in the cookie if the session keeps its token
/// there. The former tokens do not have the new proof, and can no longer be refreshed. The challenge of a passkey can be
/// answered once, correctly or not: choose the passkey again to get another challenge. The same correct answer again within ten
/// seconds gets the same response, and is not counted.
///
/// AWS calls: the flow, with the answer counted before it is checked; concurrently the counters of the app or the password, the
/// person with the data of the factor, and their sessions; the attempt at a code that was sent; one transaction, which uses the
/// answer up, ends the flow and begins the session. A wrong answer costs a counter, a wrong code that was sent two. A device
/// that is to be trusted and a session that is replaced cost a read each, and a code after the password the calls of its
/// sending. A refused or repeated answer costs another read.
#[utoipa::path(post, path = "/v1/sign-ins/{flow}/verify", params(("flow" = FlowToken, Path)), request_body = VerifySignIn,
    extensions(("x-problems" = json!(["not_found", "invalid", "token_invalid", "code_invalid", "password_wrong", "passkey_invalid", "factor_unavailable", "factor_locked", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([factor::APP, challenge::GUESSES, guesses::AT_ACCOUNT, challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses(
        (status = 201, description = "Signed in.", body = SignedIn),
        (status = 200, description = "Stepped up.", body = SignedIn),
        (status = 202, description = "The password is correct, and a code is needed as well.", body = SignInStep),
        Problems))]
pub async fn verify_sign_in(
    State(s): State<crate::State>,
    client: RequestId,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
    Json(body): Json<VerifySignIn>,
) -> Result<Reply, web::Error> {
    let repeatable = body.repeatable(&s, &token, &headers);
    let answer = FactorAnswer::of(body)?;
    let flow = match SignIn::answer(&s.table, s.sys.now(), &token).await {
        Ok(flow) => flow,
        Err(refusal) => return Ok(repeatable.instead_of(&s.table, refusal).await?),
    };
    let attempt =
        Attempt { s: &s, client: &client, headers: &headers, token: &token, flow: &flow, answer: &answer, repeatable: &repeatable };
    match attempt.verify().await {
        Ok(reply) => Ok(reply),
        Err(refused) => Ok(attempt.refuse(refused).await?),
    }
}

/// An answer to a flow. The flow counts how many there were.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    s: &'a crate::State,
    client: &'a RequestId,
    headers: &'a HeaderMap,
    token: &'a FlowToken,
    flow: &'a SignIn,
    answer: &'a FactorAnswer,
    repeatable: &'a Repeatable,
}

/// A refused answer.
struct Refused {
    problem: Problem,
    /// The factor whose limits have counted the answer. `None` if nothing was counted.
    counted: Option<(Factor, Steps)>,
    /// Whether the answer was compared with the stored proof.
    compared: bool,
    /// The challenge whose code was correct, if a concurrent request used the code first.
    right: Option<Box<Challenge>>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem, counted: None, compared: false, right: None }
    }
}

impl Attempt<'_> {
    async fn verify(self) -> Result<Reply, Refused> {
        let Self { s, client, headers, flow, answer, repeatable, .. } = self;
        let now = s.sys.now();
        let factor = answer.factor(flow)?;
        let id = user_of(s, flow, answer)?;
        let session = session_to_step_up(s, headers, flow).await?;
        let limits = AnswerLimits::of(id, client, s.cooldown);
        let Counted { steps, user, sessions, found } = count_and_read(s, now, flow, id, factor, &limits).await?;

        let counted = |problem| Refused { problem, counted: Some((factor, steps)), compared: false, right: None };
        let mut tx = Tx::new();
        let ended = flow.finish(&mut tx);
        let given = AnswerToCheck { factor, steps, answer, client };
        let judged = check_answer(s, &mut tx, flow, &user, given, found).await;
        let proof = judged.map_err(|problem| Refused { compared: true, ..counted(problem) })?;
        let next = flow.next(&user, factor);
        if !next.is_empty() {
            return Ok(self.begin_next_step(&user, (factor, steps), next).await?);
        }

        let proof_slot = proof.spend(&mut tx, &s.sys, user.id, client);
        limits.reset(&mut tx, now, factor, steps, proof.guessable());
        let amr = flow.proven_with(factor);
        let verified = match session {
            Some(session) => step_up(s, &mut tx, headers, &user, session, amr)?,
            None => sign_in(s, &mut tx, client, flow, &user, sessions, amr).await?,
        };
        let sealed = repeatable.seal(verified).await?;
        sealed.keep(&mut tx);
        let Err(e) = s.table.commit(tx).await else { return Ok(sealed.reply()) };
        let problem: Problem = match &e {
            e if e.refused(ended) => Kind::NotFound.into(),
            e if proof_slot.is_some_and(|slot| e.refused(slot)) => Kind::CodeInvalid.into(),
            _ => Problem::from(e),
        };
        let right = if let Proof::Sent(challenge) = proof { Some(challenge) } else { None };
        Err(Refused { right, ..counted(problem) })
    }

    /// Returns the problem of a refused answer, and counts the failure if the answer was a guess. If another request with the same
    /// answer was accepted within the last ten seconds, returns the response of that request and counts nothing.
    async fn refuse(self, Refused { problem, counted, compared, right }: Refused) -> Result<Reply, Problem> {
        let Self { s, client, flow, .. } = self;
        let counted = counted.zip(user_of(s, flow, self.answer).ok()).map(|(by, id)| (by, AnswerLimits::of(id, client, s.cooldown)));
        if let Ok(Some(first)) = self.repeatable.first_answer(&s.table).await {
            flow.give_back(&s.table).await;
            if let Some(((factor, steps), limits)) = counted {
                limits.give_back(&s.table, factor, steps).await;
            }
            if let Some(challenge) = right {
                challenge.give_back_guess(&s.table).await;
            }
            return Ok(first);
        }
        if let Some(((factor, _), limits)) = counted.filter(|_| compared) {
            count_wrong_answer(s, &limits, client, factor, &problem).await;
        }
        Err(flow.wrong(problem))
    }
}

/// The result of counting an answer, and the items that are needed to check it.
struct Counted {
    /// Which time steps of an authenticator app are accepted.
    steps: Steps,
    user: User,
    /// All sessions of the person.
    sessions: Vec<Session>,
    /// The items of the factor.
    found: Batch,
}

/// Counts an answer, and concurrently reads the items that are needed to check it.
async fn count_and_read(
    s: &crate::State,
    now: Time,
    flow: &SignIn,
    id: UserId,
    factor: Factor,
    limits: &AnswerLimits,
) -> Result<Counted, Problem> {
    let counted = limits.take(&s.table, now, factor);
    let read = async { s.table.get_many(items_of(id, factor)).await.map_err(Problem::from) };
    let others = async { session::list(&s.table, id).await.map_err(Problem::from) };
    let (steps, mut found, sessions) = try_join!(counted, read, others)?;
    let unchanged = |user: &User| flow.user.is_none() || user.credentials == flow.credentials;
    let user = found.take::<User>(&User::key_of(id))?.filter(|u| u.status == Status::Active && unchanged(u));
    // An answer by passkey only claims to be from this person. It must not reveal whether their account is still in use.
    let user = user.ok_or(if flow.user.is_some() { Kind::NotFound } else { Kind::PasskeyInvalid })?;
    Ok(Counted { steps, user, sessions, found })
}

/// Adds the step-up of a session to a transaction.
fn step_up(
    s: &crate::State,
    tx: &mut Tx,
    headers: &HeaderMap,
    user: &User,
    session: Session,
    amr: Vec<Method>,
) -> Result<Verified, Problem> {
    let delivery = signed_in::delivery(headers, &session);
    let (session, refresh, _) = session.step_up(tx, &s.sys, s.code_key.secret(), amr);
    Ok(Verified::SteppedUp(Box::new(SignedIn::new(&s.issuer, &session, &refresh, delivery)?.by(user.into()))))
}

/// Adds a new session to a transaction. It replaces the client's former session.
async fn sign_in(
    s: &crate::State,
    tx: &mut Tx,
    client: &RequestId,
    flow: &SignIn,
    user: &User,
    sessions: Vec<Session>,
    amr: Vec<Method>,
) -> Result<Verified, Problem> {
    let previous = match flow.options.previous {
        Some((user, session)) => s.table.get::<Session>(Session::key_of(user, session)).await?,
        None => None,
    };
    let completed = CompletedSignIn { user, amr, sessions, previous, device: None, options: flow.options.clone() };
    Ok(Verified::SignedIn(Box::new(completed.open(&s.table, &s.audit, &s.issuer, s.code_key.secret(), tx, &client.0).await?)))
}

/// Counts a wrong answer for the whole deployment. A wrong code of a message also counts among the account's failures in a row.
async fn count_wrong_answer(s: &crate::State, limits: &AnswerLimits, client: &kernel::Client, factor: Factor, problem: &Problem) {
    let (now, counted) = (s.sys.now(), problem.members.contains_key("tries_left"));
    match problem.kind {
        Kind::CodeInvalid if counted && matches!(factor, Factor::Email | Factor::Sms) => {
            join!(gate::failed(&s.table, now, client), limits.record_wrong(&s.table, now, factor));
        }
        Kind::CodeInvalid | Kind::PasswordWrong => gate::failed(&s.table, now, client).await,
        _ => {}
    }
}

/// The result of a correct answer.
pub enum Verified {
    SignedIn(Box<SignedIn>),
    SteppedUp(Box<SignedIn>),
    NextStep(Box<SignInStep>),
}

impl axum::response::IntoResponse for Verified {
    fn into_response(self) -> axum::response::Response {
        match self {
            Self::SignedIn(signed_in) => SignInReply::Done(signed_in).into_response(),
            Self::SteppedUp(signed_in) => signed_in.into_response(),
            Self::NextStep(step) => SignInReply::Step(step).into_response(),
        }
    }
}

impl Attempt<'_> {
    /// Accepts a correct answer that needs another answer after it. It is not counted as a failure, even if the next code cannot be
    /// sent. It does not reset earlier failures: otherwise everybody who knows the password could guess codes without limit.
    async fn begin_next_step(self, user: &User, (proven, steps): (Factor, Steps), next: Vec<Factor>) -> Result<Reply, Problem> {
        let Self { s, client, token, repeatable, .. } = self;
        let (mut flow, mut tx, limits) = (self.flow.clone(), Tx::new(), AnswerLimits::of(user.id, client, s.cooldown));
        let context = s.factor_context(client, user);
        let (begun, ()) = join!(flow.go_on(&context, &mut tx, proven, next), limits.give_back(&s.table, proven, steps));
        let (challenge, permit, once) = begun?;
        let step = flow.step(token.clone(), Some(user), challenge.as_ref(), None);
        let sealed = repeatable.seal(Verified::NextStep(Box::new(step))).await?;
        sealed.keep(&mut tx);
        let committed = permit.commit(&s.table, tx).await;
        committed.map_err(|e| if e.refused(once) { Kind::Conflict.into() } else { Problem::from(e) })?;
        Ok(sealed.reply())
    }
}

/// Returns the person of the flow: stored in the flow, or named by the passkey.
fn user_of(s: &crate::State, flow: &SignIn, answer: &FactorAnswer) -> Result<UserId, Problem> {
    match (flow.user, answer) {
        (Some(user), _) => Ok(user),
        (None, FactorAnswer::Passkey(answer)) => s.site.whose(answer).ok_or_else(|| Kind::PasskeyInvalid.into()),
        (None, _) => Err(Kind::FactorUnavailable.into()),
    }
}

/// Returns the session that the flow steps up, which must be the caller's. `None` for a sign-in.
async fn session_to_step_up(s: &crate::State, headers: &HeaderMap, flow: &SignIn) -> Result<Option<Session>, Problem> {
    let Some(session) = flow.session else { return Ok(None) };
    let Member { session: own, .. } = authenticate(&s.table, &s.tokens, &s.sys, bearer(headers)?).await?;
    if own.id == session { Ok(Some(own)) } else { Err(Kind::NotFound.into()) }
}

/// Returns the keys of the items that are needed to check an answer.
fn items_of(user: UserId, factor: Factor) -> Vec<Key> {
    let more = match factor {
        Factor::App => Some(AppFactor::key_of(user)),
        Factor::RecoveryCode => Some(RecoveryCodes::key_of(user)),
        Factor::Password => Some(PasswordHash::key_of(user)),
        Factor::Passkey | Factor::Email | Factor::Sms => None,
    };
    [User::key_of(user)].into_iter().chain(more).collect()
}

/// An answer, its factor and its client.
#[derive(Clone, Copy)]
struct AnswerToCheck<'a> {
    factor: Factor,
    /// Which time steps of an authenticator app are accepted.
    steps: Steps,
    answer: &'a FactorAnswer,
    client: &'a kernel::Client,
}

async fn check_answer(
    s: &crate::State,
    tx: &mut Tx,
    flow: &SignIn,
    user: &User,
    given: AnswerToCheck<'_>,
    mut found: Batch,
) -> Result<Proof, Problem> {
    let AnswerToCheck { factor, steps, answer, client } = given;
    let now = s.sys.now();
    match (factor, answer) {
        (Factor::App, FactorAnswer::Code(code)) => {
            let app = found.take::<AppFactor>(&AppFactor::key_of(user.id))?.ok_or(Kind::FactorUnavailable)?;
            Ok(Proof::App(app.check(&s.factor_keys, code, now, steps)?))
        }
        (Factor::RecoveryCode, FactorAnswer::Recovery(code)) => {
            let codes = found.take::<RecoveryCodes>(&RecoveryCodes::key_of(user.id))?.ok_or(Kind::CodeInvalid)?;
            Ok(Proof::Recovery(codes.check(&s.hasher, code).await?))
        }
        (Factor::Email | Factor::Sms, FactorAnswer::Code(code)) => {
            let id = flow.challenge_of(user, factor).ok_or(Kind::CodeInvalid)?;
            let challenge = code_attempt::attempt_in(flow.id, &s.table, now, &s.code_key, flow.purpose(), id, code).await?;
            Ok(Proof::Sent(Box::new(challenge)))
        }
        (Factor::Password, FactorAnswer::Password(password)) => {
            let hash = found.take::<PasswordHash>(&PasswordHash::key_of(user.id))?;
            let short = password.expose().len() <= proofs::password::MAX_BYTES;
            if short && s.hasher.verify(hash.as_ref(), password).await? != Verdict::Wrong {
                Ok(Proof::Lasting)
            } else {
                Err(Kind::PasswordWrong.because("the password is wrong"))
            }
        }
        (Factor::Passkey, FactorAnswer::Passkey(answer)) => {
            check_passkey(s, client, flow, user, answer).await?.note(tx, now);
            Ok(Proof::Lasting)
        }
        _ => Err(Kind::FactorUnavailable.into()),
    }
}

async fn check_passkey(
    s: &crate::State,
    client: &kernel::Client,
    flow: &SignIn,
    user: &User,
    answer: &PublicKeyCredential,
) -> Result<VerifiedAnswer, Problem> {
    let (now, state) = (s.sys.now(), flow.passkey_state()?);
    let has = passkeys::list(&s.table, user.id).await?;
    let judged =
        if flow.user.is_some() { s.site.check(now, state, answer, user.id, has) } else { s.site.check_any(now, state, answer, has) };
    if matches!(judged, Err(AnswerError::Copied)) {
        tracing::warn!(user.id = %user.id, "the count of a passkey went back: there may be a copy");
        s.table.report(&[(MISUSE, 1)]);
        let mut tx = Tx::new();
        accounts::user::notify_of(&mut tx, &s.sys, user.id, Notice::PasskeyCopied, client);
        s.table.commit(tx).await?;
    }
    Ok(judged?)
}

/// Returns the person of a flow, if the flow names one and their credentials have not changed since it began.
async fn known_user(s: &crate::State, flow: &SignIn) -> Result<Option<User>, Problem> {
    let Some(id) = flow.user else { return Ok(None) };
    let user = s.table.get::<User>(User::key_of(id)).await?;
    Ok(user.filter(|u| u.status == Status::Active && u.credentials == flow.credentials))
}
