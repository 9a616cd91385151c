//! Verifying the code: it signs in to the number's account or to a new one.

use accounts::{
    NewAccount, NotMade,
    audit::{Action, AuditEntry},
    identifier::{Contact, PersonName, Phone, Username},
    invite::{self, InviteCode, Inviter},
    session::{self, Opening, Session},
    terms::AgreedTerms,
    token::Method,
    user::{Factor, PhoneClaim, Status, User},
};
use axum::extract::State;
use futures_util::try_join;
use http::HeaderMap;
use kernel::{FieldError, Fields, Kind, Problem, Time, id::UserId, text};
use proofs::{
    FlowToken,
    challenge::{self, Challenge, Purpose},
    code::TypedCode,
    code_attempt,
    completion::{self, CompletedSignIn, SignInReply},
    device::{Device, DeviceToken},
    guesses,
    repeat::{RefusedWork, Repeatable, Reply},
    sending::{self, Permit},
    sign_in::{FactorContext, SignIn, SignInStep},
    signed_in::{self, SignedIn},
};
use serde::Deserialize;
use store::{Conditional as _, StoreError, Table, Tx, limits};
use utoipa::ToSchema;
use web::{Json, Path, Problems, RequestId};

use crate::flow::Flow;

/// How many random usernames are tried. With each a collision is very unlikely.
const USERNAME_ATTEMPTS: u32 = 5;

/// The code, and data for a new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyPhoneSignIn {
    /// The code of the text message: digits, or the letters and digits of a long code.
    #[schema(examples("042617"), format = "typed")]
    code: String,
    /// For a new account. Empty for none.
    #[schema(examples("Ana"), max_length = 35)]
    first_name: Option<String>,
    /// For a new account. Empty for none.
    #[schema(examples("Nowak"), max_length = 35)]
    last_name: Option<String>,
    /// For a new account: an invitation code, in upper or lower case, with or without spaces and hyphens. Empty for none.
    #[schema(examples("K7M2XP"), format = "typed")]
    invite_code: Option<String>,
    /// For a new account: the version of the terms of service that the person has agreed to, 1 to 40 characters, such as a date. Required
    /// for one if this deployment has terms, otherwise ignored. The code can be sent again with it.
    #[schema(min_length = 1, max_length = 40, nullable = false, examples("2026-11-01"))]
    terms: Option<String>,
    /// The token of a trusted device, unless it is in its cookie.
    #[schema(max_length = 200)]
    device_token: Option<String>,
    /// After the answer `account_idle`: make a new account instead of the one that the number had.
    #[serde(default)]
    start_afresh: bool,
}

/// The data for a new account, if the number turns out to have none.
struct NewAccountData {
    first: Option<PersonName>,
    last: Option<PersonName>,
    inviter: Option<Inviter>,
    terms: Option<AgreedTerms>,
}

/// Returns what was typed into an optional field of a form. `None` if nothing was.
fn given(typed: Option<&String>) -> Option<&str> {
    typed.map(String::as_str).filter(|typed| !text::is_blank(typed))
}

impl VerifyPhoneSignIn {
    /// Checks the data for a new account before the code. It is always checked, so that no error reveals whether the number has an account.
    async fn new_account_data(
        &self,
        s: &crate::State,
        client: &kernel::Client,
        flow: &Flow,
        id: UserId,
    ) -> Result<NewAccountData, Problem> {
        let mut fields = Fields::new();
        let typed = given(self.invite_code.as_ref()).and_then(|text| fields.take("/invite_code", InviteCode::parse(text)));
        let inviter = match typed {
            Some(code) => {
                limits::take(&s.table, s.sys.now(), &InviteCode::tries(flow.id, client)).await?;
                let inviter = Inviter::find(&s.table, &code, id).await?;
                fields.take("/invite_code", inviter.ok_or(FieldError::INVITE_INVALID))
            }
            None => None,
        };
        let agreed = self.terms.as_deref().map(|version| s.terms.agreed(Some(version), s.sys.now()));
        let terms = agreed.and_then(|agreed| fields.take("/terms", agreed)).flatten();
        let (first, last) = self.names(fields)?;
        Ok(NewAccountData { first, last, inviter, terms })
    }

    /// Parses the names, and returns all errors together with those in `fields`.
    fn names(&self, mut fields: Fields) -> Result<(Option<PersonName>, Option<PersonName>), Problem> {
        let mut take = |pointer, text: &Option<String>| fields.take(pointer, given(text.as_ref()).map(PersonName::parse).transpose());
        let (first, last) = (take("/first_name", &self.first_name), take("/last_name", &self.last_name));
        fields.finish()?;
        Ok((first.flatten(), last.flatten()))
    }
}

/// Signs in with the code. If the number has no account, one is created with a random username. An account with second factors
/// needs a second step.
///
/// A correct code is used up when the session begins. For an account that is not active the answer is that to a wrong code.
/// `account_idle` means that the number's account has not been used for a long time and its owner has no other factor: a person
/// who has never used this account sends the code again with `start_afresh`. The same request again within ten seconds after it
/// succeeded gets the same answer.
///
/// AWS calls: the flow with the counters of the client; the counted attempt; the record that a code was typed; the number's
/// claim; concurrently the person (and the shown device) and their sessions; one transaction. For a new account one request
/// less. A wrong code costs three concurrent counters, and a right one without a result an update. Otherwise the same as for a
/// sign-in by password. With an invitation code, which is checked first, two concurrent counters and two more requests. A refused
/// code costs another read, and a repeated request only the first one.
#[utoipa::path(post, path = "/v1/phone-sign-ins/{flow}/verify", params(("flow" = FlowToken, Path)),
    request_body = VerifyPhoneSignIn,
    extensions(("x-problems" = json!(["not_found", "invalid", "code_invalid", "account_idle", "conflict", "resend_too_early", "too_many_requests"])), ("x-limits" = json!([guesses::BY_CLIENT, invite::TRIES, challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses(
        (status = 201, description = "Signed in.", body = SignedIn),
        (status = 202, description = "The code is correct, and a second step is needed: continue at `/v1/sign-ins/{id}`.", body = SignInStep),
        Problems))]
pub async fn verify_phone_sign_in(
    State(s): State<crate::State>,
    client: RequestId,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
    Json(body): Json<VerifyPhoneSignIn>,
) -> Result<Reply, web::Error> {
    let (code, now) = (TypedCode::of_field(&body.code, s.digits.0)?, s.sys.now());
    let repeatable = Repeatable::new(&s.code_key, &s.sys, "verify_phone_sign_in", &[&token.to_string()], &[code.as_ref()]);
    let (guesses, key) = (guesses::ClientGuesses::of(&client), Flow::key_of(token.id()));
    let mut found = s.table.get_many(guesses.keys().into_iter().chain([key.clone(), repeatable.key()]).collect()).await?;
    if let Some(first) = repeatable.open(found.take(&repeatable.key())?) {
        return Ok(first);
    }
    let flow = Flow::open(found.take(&key)?, now)?;
    // The limits of the client are checked here and counted only for a wrong code. Parallel guesses are limited by the code's own attempts.
    let guesses = guesses.judge(&mut found, now)?;
    let verification = Verification { s: &s, client: &client, headers: &headers, flow: &flow, repeatable: &repeatable };
    Ok(repeatable.answer(&s.table, verification.verify(&code, body, guesses)).await?)
}

/// A request to verify a code.
#[derive(Clone, Copy)]
struct Verification<'a> {
    s: &'a crate::State,
    client: &'a RequestId,
    headers: &'a HeaderMap,
    flow: &'a Flow,
    repeatable: &'a Repeatable,
}

impl Verification<'_> {
    async fn verify(self, code: &TypedCode, body: VerifyPhoneSignIn, guesses: guesses::ClientGuesses) -> Result<Reply, RefusedWork> {
        let Self { s, client, flow, .. } = self;
        let (id, now): (UserId, Time) = (s.sys.id(), s.sys.now());
        let data = body.new_account_data(s, client, flow, id).await?;
        let challenge = match code_attempt::attempt_in(flow.id, &s.table, now, &s.code_key, Purpose::PhoneLogin, flow.challenge, code).await
        {
            Ok(challenge) => challenge,
            Err(problem) => {
                guesses.wrong(&s.table, now, client, &problem).await?;
                return Err(problem.into());
            }
        };
        let shown = signed_in::device(self.headers, body.device_token.as_deref());
        let completed = Proven { request: self, challenge: &challenge }.complete(shown, id, data, body.start_afresh).await;
        match completed {
            Err(problem) if problem.kind == Kind::CodeInvalid => Err(RefusedWork::after(challenge, problem)),
            Err(problem) => {
                // The code was correct, so the attempt is given back: even after the last attempt the client can send the code again with
                // `start_afresh`, or repeat a request that failed temporarily.
                challenge.refund_attempt(&s.table).await;
                Err(problem.into())
            }
            Ok(reply) => Ok(reply),
        }
    }
}

/// What a correct code leads to if the number has an account.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The person is signed in.
    SignIn,
    /// Another proof is needed.
    SecondStep,
    /// The client is asked whether to make a new account.
    OfferNewAccount,
    /// A new account is made.
    NewAccount,
    /// The code is refused, because the account cannot be used.
    Refuse,
}

fn outcome(user: &User, now: Time, trusted: bool, start_afresh: bool) -> Outcome {
    let idle = user.is_idle(now);
    match user.status {
        Status::Deactivated | Status::Purging => Outcome::Refuse,
        Status::Active if user.has_second_step() && !trusted => Outcome::SecondStep,
        Status::Active if idle && user.has_more_than_a_phone() => Outcome::SecondStep,
        Status::Active if idle && start_afresh => Outcome::NewAccount,
        Status::Active if idle => Outcome::OfferNewAccount,
        Status::Active => Outcome::SignIn,
    }
}

/// Returns the factors that can follow a code to the phone: the second factors except text messages, and the password if only recovery
/// codes would be left. Without second factors, every other proof of the person.
fn remaining_factors(user: &User) -> Vec<Factor> {
    let password = user.has_password.then_some(Factor::Password);
    let second: Vec<Factor> = user.second_step().into_iter().filter(|factor| *factor != Factor::Sms).collect();
    match second.as_slice() {
        [Factor::RecoveryCode] => password.into_iter().chain(second).collect(),
        [_, ..] => second,
        [] => {
            let passkey = (user.passkeys > 0).then_some(Factor::Passkey);
            let email = user.email.is_some().then_some(Factor::Email);
            passkey.into_iter().chain(password).chain(email).collect()
        }
    }
}

/// The account that has a number.
struct PhoneAccount {
    user: User,
    sessions: Vec<Session>,
    /// The device whose token was sent, if the owner trusts it.
    device: Option<Device>,
}

async fn account_of(table: &Table, now: Time, phone: &Phone, shown: Option<DeviceToken>) -> Result<Option<PhoneAccount>, StoreError> {
    let Some(PhoneClaim { user: id, .. }) = table.get(PhoneClaim::key_of(phone)).await? else { return Ok(None) };
    let shown = shown.filter(|token| token.user == id);
    let (person, device) = (User::key_of(id), shown.as_ref().map(|token| Device::key_of(id, token.device)));
    let keys = [person.clone()].into_iter().chain(device.clone()).collect();
    let (mut found, sessions) = try_join!(table.get_many(keys), session::list(table, id))?;
    let Some(user) = found.take::<User>(&person)? else { return Ok(None) };
    let device = device.map(|key| found.take::<Device>(&key)).transpose()?.flatten();
    let device = device.filter(|d| d.is_good(&user, now) && shown.as_ref().is_some_and(|token| d.holds(token)));
    Ok(Some(PhoneAccount { user, sessions, device }))
}

/// A request whose code was correct.
struct Proven<'a> {
    request: Verification<'a>,
    challenge: &'a Challenge,
}

impl Proven<'_> {
    /// Signs in, begins the second step, or creates an account. Any error except [`Kind::CodeInvalid`] leaves the code valid.
    async fn complete(&self, shown: Option<DeviceToken>, id: UserId, data: NewAccountData, afresh: bool) -> Result<Reply, Problem> {
        let Contact::Phone(phone) = self.challenge.contact() else { return Err(Problem::internal("a code for no phone")) };
        let (s, now) = (self.request.s, self.request.s.sys.now());
        let Some(account) = account_of(&s.table, now, &phone, shown).await? else {
            return self.sign_up(&phone, id, data, None).await;
        };
        match outcome(&account.user, now, account.device.is_some(), afresh) {
            Outcome::SignIn => self.sign_in(account).await,
            Outcome::SecondStep => self.begin_second_step(&account.user).await,
            Outcome::NewAccount => self.sign_up(&phone, id, data, Some(&account.user)).await,
            Outcome::OfferNewAccount => Err(Kind::AccountIdle.into()),
            // The answer to a wrong code, after the same AWS calls.
            Outcome::Refuse => Err(Problem::new(Kind::CodeInvalid).with("tries_left", self.challenge.sent().tries_left)),
        }
    }

    async fn sign_in(&self, PhoneAccount { user, sessions, device }: PhoneAccount) -> Result<Reply, Problem> {
        let Verification { s, client, headers, flow, .. } = self.request;
        let previous = completion::previous_session(&s.table, &s.tokens, s.sys.now(), s.code_key.secret(), headers).await?;
        let completed = CompletedSignIn { user: &user, amr: vec![Method::Sms], sessions, previous, device, options: flow.options.clone() };
        let mut tx = Tx::new();
        self.challenge.consume(&mut tx);
        let signed_in = completed.open(&s.table, &s.audit, &s.issuer, s.code_key.secret(), &mut tx, &client.0).await?;
        self.commit(Permit::default(), tx, SignInReply::Done(Box::new(signed_in))).await
    }

    /// Begins the flow of the second step.
    async fn begin_second_step(&self, user: &User) -> Result<Reply, Problem> {
        let Verification { s, client, headers, flow, .. } = self.request;
        let previous = completion::previous_session(&s.table, &s.tokens, s.sys.now(), s.code_key.secret(), headers).await?;
        let options = flow.options.clone().instead_of(previous.as_ref());
        let token = FlowToken::draw(&s.sys);
        let mut next = SignIn::begin(&s.sys, &token, user, vec![Method::Sms], remaining_factors(user), options);
        let mut tx = Tx::new();
        self.challenge.consume(&mut tx);
        let context = FactorContext { table: &s.table, sys: &s.sys, sending: &s.sending, codes: &s.codes, client, user };
        let (sent, permit) = next.start(&context, &mut tx).await?;
        self.commit(permit, tx, SignInReply::Step(Box::new(next.step(token, Some(user), sent.as_ref(), None)))).await
    }

    async fn commit(&self, permit: Permit, mut tx: Tx, answer: SignInReply) -> Result<Reply, Problem> {
        let answer = self.request.repeatable.seal(answer).await?;
        answer.keep(&mut tx);
        // Refused: since the check, the code was used, or the account was closed or changed.
        if permit.commit(&self.request.s.table, tx).await.applied()? { Ok(answer.reply()) } else { Err(Kind::CodeInvalid.into()) }
    }

    /// Creates an account and its first session. `former` is the account that had the number until now.
    async fn sign_up(&self, phone: &Phone, id: UserId, data: NewAccountData, former: Option<&User>) -> Result<Reply, Problem> {
        let Verification { s, client, headers, flow, repeatable } = self.request;
        let options = flow.options.clone();
        if data.terms.is_none() {
            s.terms.agreed(None, s.sys.now()).map_err(|e| Problem::field("/terms", e))?;
        }
        let mut user = User {
            phone: Some(phone.clone()),
            first_name: data.first,
            last_name: data.last,
            terms: data.terms,
            ..User::new(id, Username::draw(&s.sys), flow.locale, s.sys.now())
        };
        let previous = completion::previous_session(&s.table, &s.tokens, s.sys.now(), s.code_key.secret(), headers).await?;
        let opening = Opening::first(&s.sys, s.code_key.secret(), id, phone.clone(), vec![Method::Sms], client);
        let opening = opening.instead_of(previous).idle_for(s.issuer.idle());
        for _ in 0..USERNAME_ATTEMPTS {
            let signed_in = SignedIn::new(&s.issuer, &opening.session, &opening.refresh, options.delivery)?.by((&user).into());
            let answer = repeatable.seal(SignInReply::Done(Box::new(signed_in.going_on(options.next.clone())))).await?;
            // A new account cannot enter the invitation code of the account that it replaces.
            let inviter = data.inviter.as_ref().filter(|inviter| former.is_none_or(|former| former.id != inviter.user()));
            let account = NewAccount { instead_of: former, inviter, verifications: 1, ..NewAccount::new(&user) };
            let made = account.make(&s.table, &s.sys, |tx| {
                opening.create(tx, &s.sys);
                answer.keep(tx);
                if let Some(former) = former {
                    // No person is the actor: the system deactivates an account whose number now belongs to somebody else.
                    let entry = AuditEntry::by_operator(&s.sys, Action::AccountDeactivated, former.id);
                    s.audit.add(tx, &entry.changed("status", former.status, Status::Deactivated));
                }
                self.challenge.consume(tx)
            });
            match made.await {
                Ok(()) => return Ok(answer.reply()),
                Err(NotMade { error, also: code_slot, .. }) if error.refused(code_slot) => return Err(Kind::CodeInvalid.into()),
                Err(NotMade { error, claims, .. }) if error.refused(claims.username) => user.username = Username::draw(&s.sys),
                // This includes a number that got an account in the meantime: a repeated request signs in to that account.
                Err(NotMade { error, .. }) => return Err(error.into()),
            }
        }
        Err(Problem::unavailable("no drawn username was free"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use accounts::user::{Factor, IDLE};
    use kernel::{Locale, Sys};

    use super::*;

    #[test]
    fn where_a_right_code_leads() {
        let sys = Sys::real();
        let now = sys.now();
        let user = User::new(sys.id(), Username::draw(&sys), Locale::En, now);
        let late = now + IDLE + Duration::from_secs(1);
        let with_password = User { has_password: true, ..user.clone() };
        let with_factor = User { factors: vec![Factor::App], ..user.clone() };
        for (user, at, trusted, afresh, expected) in [
            (&user, now, false, false, Outcome::SignIn),
            (&user, now, false, true, Outcome::SignIn),
            (&user, late, false, false, Outcome::OfferNewAccount),
            (&user, late, true, true, Outcome::NewAccount),
            (&with_password, now, false, true, Outcome::SignIn),
            (&with_password, late, false, true, Outcome::SecondStep),
            (&with_factor, now, false, false, Outcome::SecondStep),
            (&with_factor, now, true, false, Outcome::SignIn),
            (&with_factor, late, true, true, Outcome::SecondStep),
            (&User { status: Status::Deactivated, ..with_factor.clone() }, now, true, false, Outcome::Refuse),
            (&User { status: Status::Purging, ..user.clone() }, late, false, true, Outcome::Refuse),
        ] {
            assert_eq!(outcome(user, at, trusted, afresh), expected, "{user:?}");
        }
    }

    #[test]
    fn a_code_to_the_phone_is_not_followed_by_another() {
        use Factor::{App, Email, Passkey, Password, RecoveryCode, Sms};
        let sys = Sys::real();
        let email = accounts::identifier::Email::parse("ana@example.test").ok();
        let user = User { email, ..User::new(sys.id(), Username::draw(&sys), Locale::En, sys.now()) };
        for (factors, passkeys, has_password, expected) in [
            (vec![App, Email, Sms], 0, true, vec![App, Email, RecoveryCode]),
            (vec![Sms], 1, true, vec![Passkey, RecoveryCode]),
            (vec![Sms], 0, true, vec![Password, RecoveryCode]),
            (vec![Sms], 0, false, vec![RecoveryCode]),
            (vec![], 0, true, vec![Password, Email]),
            (vec![], 1, false, vec![Passkey, Email]),
        ] {
            let user = User { factors, passkeys, has_password, ..user.clone() };
            assert_eq!(remaining_factors(&user), expected, "{:?}", user.factors);
        }
    }

    #[test]
    fn names_are_judged_before_the_code() {
        let body = |first: Option<&str>| VerifyPhoneSignIn {
            code: String::new(),
            first_name: first.map(str::to_owned),
            last_name: None,
            invite_code: None,
            device_token: None,
            start_afresh: false,
            terms: None,
        };
        let first = |name| body(name).names(Fields::new()).map(|(first, _)| first.map(|first| first.to_string()));
        assert_eq!(first(None).unwrap(), None);
        assert_eq!(first(Some(" Ana ")).unwrap().as_deref(), Some("Ana"));
        let codes = |p: Problem| p.fields.into_iter().map(|(at, FieldError { code, .. })| format!("{at} {code}")).collect::<Vec<_>>();
        assert_eq!(codes(first(Some("R2D2")).err().unwrap()), ["/first_name characters"]);
    }
}
