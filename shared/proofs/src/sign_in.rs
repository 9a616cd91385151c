//! The flow of a sign-in with more than one step, or of a step-up, in which a signed-in person proves their identity again.
//!
//! ```text
//! first proof ─▶ [choose a factor] ─▶ prove it ─▶ session
//!                      ▲      │ a code is sent, or a passkey is requested
//!                      ├──────┘
//!                      └─ a step-up without the passkey: a code after the password
//! ```
//!
//! A flow is identified by a secret that only its client has, and that can only continue this flow. The server stores the account, what the
//! first step has proven, and which factors may prove the rest; clients send none of it. Three wrong answers invalidate the flow. Guesses
//! are also counted for the account, over all flows.

use std::time::Duration;

use accounts::{
    session::Session,
    token::Method,
    user::{Factor, User, notify_of, owned},
};
use events::Notice;
use kernel::{
    Client, Kind, Problem, Sys, Time, Timestamp,
    id::{ChallengeId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{About, Conditional as _, Index, Item, Key, Personal, Slot, Table, Tx, Update, WriteError, field};
use utoipa::ToSchema;

use crate::{
    FlowToken,
    challenge::{Challenge, DIGITS, Form, Purpose, Sent},
    code_rules::CodeRules,
    factor::{AppCode, RecoveryCode},
    sending::{Permit, SendLimits},
    signed_in::TokenDelivery,
};

/// How long a flow lasts: as long as the maximum life of its codes.
pub const LIFE: Duration = Duration::from_secs(600);
/// The number of wrong answers after which the flow is invalid.
pub const TRIES: u32 = 3;

/// A sign-in or a step-up in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// [`FlowToken::id`].
    pub id: ChallengeId,
    /// The user. `None` until a passkey has identified them.
    pub user: Option<UserId>,
    /// The session to be stepped up. `None` for a sign-in.
    pub session: Option<SessionId>,
    /// The methods that are already proven.
    pub done: Vec<Method>,
    /// [`User::credentials`] when the flow began.
    pub credentials: u32,
    /// The factors that may prove the rest.
    pub allowed: Vec<Factor>,
    /// The chosen factor.
    pub chosen: Option<Factor>,
    /// The state of the passkey request, in the format of the library.
    pub passkey: Option<String>,
    /// The number of answers when the passkey was requested.
    #[serde(default)]
    pub asked_at: u32,
    /// The options of the client's first step.
    #[serde(rename = "wish")]
    pub options: SignInOptions,
    /// The number of answers so far.
    pub tries: u32,
    /// When the flow expires.
    pub expires_at: Time,
}

/// The options of a client's first step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SignInOptions {
    /// Where the refresh token is delivered.
    pub delivery: TokenDelivery,
    /// Whether this device is to be trusted.
    pub remember: bool,
    /// Where the frontend continues: one of its own paths.
    pub next: Option<String>,
    /// The client's previous session, which the new one replaces.
    pub previous: Option<(UserId, SessionId)>,
}

impl SignInOptions {
    /// Returns the options of a client. An unsafe `next` is dropped.
    #[must_use]
    pub fn new(delivery: TokenDelivery, remember: bool, next: Option<String>) -> Self {
        Self { delivery, remember, next: next.map(|next| safe_next(&next).unwrap_or_else(|| "/".to_owned())), previous: None }
    }

    /// Returns the options with the session that the new one replaces.
    #[must_use]
    pub fn instead_of(self, previous: Option<&Session>) -> Self {
        Self { previous: previous.map(|p| (p.user, p.id)), ..self }
    }
}

/// The context for choosing a factor and sending its code.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it only borrows for a call")]
pub struct FactorContext<'a> {
    /// The table of challenges and counters.
    pub table: &'a Table,
    /// The clock and the random source.
    pub sys: &'a Sys,
    /// The limits on messages.
    pub sending: &'a SendLimits,
    /// The rules of the codes.
    pub codes: &'a CodeRules,
    /// The client.
    pub client: &'a Client,
    /// The user.
    pub user: &'a User,
}

impl SignIn {
    /// Creates a sign-in whose first step is proven by `done`. `allowed` may prove the rest.
    #[must_use]
    pub fn begin(sys: &Sys, token: &FlowToken, user: &User, done: Vec<Method>, allowed: Vec<Factor>, options: SignInOptions) -> Self {
        Self { user: Some(user.id), done, credentials: user.credentials, allowed, options, ..Self::empty(sys, token) }
    }

    /// Returns a step-up of a session.
    #[must_use]
    pub fn step_up(sys: &Sys, token: &FlowToken, user: &User, session: &Session) -> Self {
        Self { session: Some(session.id), ..Self::begin(sys, token, user, Vec::new(), user.step_up(), SignInOptions::default()) }
    }

    /// Returns a sign-in by a passkey alone, which identifies the user.
    #[must_use]
    pub fn by_passkey(sys: &Sys, token: &FlowToken, state: String, options: SignInOptions) -> Self {
        Self { allowed: vec![Factor::Passkey], chosen: Some(Factor::Passkey), passkey: Some(state), options, ..Self::empty(sys, token) }
    }

    fn empty(sys: &Sys, token: &FlowToken) -> Self {
        Self {
            id: token.id(),
            user: None,
            session: None,
            done: Vec::new(),
            credentials: 0,
            allowed: Vec::new(),
            chosen: None,
            passkey: None,
            asked_at: 0,
            options: SignInOptions::default(),
            tries: 0,
            expires_at: sys.now() + LIFE,
        }
    }

    /// Returns the key of a flow.
    #[must_use]
    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("SIGN_IN#{id}"), "FLOW")
    }

    /// Returns the purpose of its codes.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        if self.session.is_some() { Purpose::StepUp } else { Purpose::SecondFactor }
    }

    /// Returns the id of the challenge of a factor that sends codes. A user has one per purpose in all flows, so that a new flow neither
    /// sends more codes nor resets the guesses. The code itself belongs to the flow that requested it last.
    #[must_use]
    pub fn challenge_of(&self, user: &User, factor: Factor) -> Option<ChallengeId> {
        let to = user.contact(factor)?;
        Some(Challenge::id_of(self.purpose(), &to, &user.id.to_string()))
    }

    /// Chooses the factor for the rest. A factor that sends codes sends one, unless the previous one is still valid.
    ///
    /// A read of the challenge and the counters of messages, if the factor sends codes. The returned permit has to be committed
    /// with the transaction.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`], or a limit of [`SendLimits`].
    pub async fn choose(
        &mut self,
        context: &FactorContext<'_>,
        tx: &mut Tx,
        factor: Factor,
    ) -> Result<(Option<Challenge>, Permit), Problem> {
        let FactorContext { table, sys, sending, codes, client, user } = *context;
        if !self.allowed.contains(&factor) {
            return Err(Kind::FactorUnavailable.into());
        }
        self.chosen = Some(factor);
        self.passkey = None;
        let Some(challenge) = self.code_of(sys, codes, user, factor) else { return Ok((None, Permit::default())) };
        sending.code(table, sys, tx, client, challenge).await.map(|(challenge, permit)| (Some(challenge), permit.unwrap_or_default()))
    }

    /// Sends another code of a factor that sends codes.
    ///
    /// The requests of [`SendLimits::resend`].
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`], or as [`SendLimits::resend`].
    pub async fn resend(&self, context: &FactorContext<'_>, factor: Factor) -> Result<Challenge, Problem> {
        let FactorContext { table, sys, sending, codes, client, user } = *context;
        let challenge = self.code_of(sys, codes, user, factor).ok_or(Kind::FactorUnavailable)?;
        sending.resend(table, sys, client, challenge).await
    }

    /// Returns the challenge of a factor's code in this flow.
    fn code_of(&self, sys: &Sys, codes: &CodeRules, user: &User, factor: Factor) -> Option<Challenge> {
        let (to, id) = (user.contact(factor)?, self.challenge_of(user, factor)?);
        let challenge = Challenge::new(sys, codes, id, self.purpose(), Form::Code { digits: DIGITS }, &to, user.locale);
        Some(Challenge { user: Some(user.id), flow: Some(self.id), ..challenge })
    }

    /// Adds a new flow to a transaction. If there is only one factor, it is chosen at once. If no more codes may be sent for it, no factor
    /// is chosen, so that the person can choose it later or use a recovery code.
    ///
    /// The requests of [`SignIn::choose`], if it chooses.
    ///
    /// # Errors
    /// The errors of [`SignIn::choose`], if there is no alternative to the one factor.
    pub async fn start(&mut self, context: &FactorContext<'_>, tx: &mut Tx) -> Result<(Option<Challenge>, Permit), Problem> {
        let chosen = self.choose_only(context, tx).await?;
        tx.create(self);
        Ok(chosen)
    }

    async fn choose_only(&mut self, context: &FactorContext<'_>, tx: &mut Tx) -> Result<(Option<Challenge>, Permit), Problem> {
        let Some(factor) = self.only() else { return Ok((None, Permit::default())) };
        match self.choose(context, tx, factor).await {
            Err(refused) if refused.kind != Kind::Internal && self.allowed.contains(&Factor::RecoveryCode) => {
                self.chosen = None;
                Ok((None, Permit::default()))
            }
            chosen => chosen,
        }
    }

    /// Adds the next step of the flow to a transaction, after a right answer that is not sufficient. One of concurrent right
    /// answers succeeds. The answer does not count as an attempt.
    ///
    /// The requests of [`SignIn::start`].
    ///
    /// # Errors
    /// The errors of [`SignIn::start`].
    pub async fn go_on(
        &mut self,
        context: &FactorContext<'_>,
        tx: &mut Tx,
        proven: Factor,
        next: Vec<Factor>,
    ) -> Result<(Option<Challenge>, Permit, Slot), Problem> {
        let done = self.done.clone();
        self.done.push(proven.into());
        (self.allowed, self.chosen, self.passkey, self.tries) = (next, None, None, self.tries.saturating_sub(1));
        let (challenge, permit) = self.choose_only(context, tx).await?;
        // Updates only these attributes, because concurrent requests count their answers in the item.
        let next = Update::of(self.key()).set("done", &self.done).set("allowed", &self.allowed).set("chosen", self.chosen);
        let slot = tx.update(next.set("passkey", &self.passkey).add("tries", -1).when(field("done").eq(done)));
        Ok((challenge, permit, slot))
    }

    /// Returns the factor that is chosen at once, because it is the only one besides recovery codes. Never a passkey, which the client has
    /// to request first.
    fn only(&self) -> Option<Factor> {
        match self.allowed.as_slice() {
            [Factor::Passkey] | [Factor::Passkey, Factor::RecoveryCode] => None,
            [factor] | [factor, Factor::RecoveryCode] => Some(*factor),
            _ => None,
        }
    }

    /// Reads a flow that can be continued. One read.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a flow that is unknown, expired, finished or invalidated.
    pub async fn read(table: &Table, now: Time, token: &FlowToken) -> Result<Self, Problem> {
        let flow = table.get::<Self>(Self::key_of(token.id())).await?;
        flow.filter(|flow| flow.expires_at > now && flow.tries < TRIES).ok_or_else(|| Kind::NotFound.into())
    }

    /// Reads a flow and counts an answer before it is checked. One conditional update.
    ///
    /// # Errors
    /// [`Kind::NotFound`], or [`Kind::CodeInvalid`] for a flow with too many wrong answers.
    pub async fn answer(table: &Table, now: Time, token: &FlowToken) -> Result<Self, Problem> {
        let count = Update::of(Self::key_of(token.id())).add("tries", 1);
        match table.update(count.when(field("expires_at").gt(now).and(field("tries").lt(TRIES)))).await {
            Ok(row) => Ok(row.decode()?),
            Err(WriteError::Refused(Some(row))) if row.clone().decode::<Self>().is_ok_and(|flow| flow.expires_at > now) => {
                Err(Problem::new(Kind::CodeInvalid).with("tries_left", 0))
            }
            Err(WriteError::Refused(_)) => Err(Kind::NotFound.into()),
            Err(WriteError::Store(e)) => Err(e.into()),
        }
    }

    /// Gives back the count of an answer that repeats a right one, if the flow continues. Best effort.
    pub async fn give_back(&self, table: &Table) {
        let back = Update::of(self.key()).add("tries", -1).when(field("tries").gt(0));
        if let Err(e) = table.update(back).await.refused_is_fine() {
            tracing::warn!(error = %e, "a repeated answer could not be given back");
        }
    }

    /// Returns the state of the passkey request, if this is the first answer since the request. Each answer uses the request up, right or
    /// wrong.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`] if no passkey was requested, [`Kind::PasskeyInvalid`] if the request was answered before.
    pub fn passkey_state(&self) -> Result<&str, Kind> {
        let state = self.passkey.as_deref().ok_or(Kind::FactorUnavailable)?;
        if self.tries == self.asked_at.saturating_add(1) { Ok(state) } else { Err(Kind::PasskeyInvalid) }
    }

    /// Adds the number of remaining attempts to the problem of a wrong answer.
    #[must_use]
    pub fn wrong(&self, mut problem: Problem) -> Problem {
        if problem.kind == Kind::CodeInvalid {
            let left = TRIES.saturating_sub(self.tries);
            let own = problem.members.get("tries_left").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            problem.members.insert("tries_left".to_owned(), own.unwrap_or(left).min(left).into());
        }
        problem
    }

    /// Adds the end of the flow to a transaction. One of concurrent right answers succeeds.
    pub fn finish(&self, tx: &mut Tx) -> Slot {
        tx.delete_when(self.key(), field("tries").le(TRIES))
    }

    /// Returns the factors that are still required after this factor is proven.
    #[must_use]
    pub fn next(&self, user: &User, proven: Factor) -> Vec<Factor> {
        let not_enough = self.session.is_some() && proven == Factor::Password;
        if not_enough { user.instead_of_passkey() } else { Vec::new() }
    }

    /// Returns all methods that are proven after this factor is.
    #[must_use]
    pub fn proven_with(&self, factor: Factor) -> Vec<Method> {
        let mut all: Vec<Method> = self.done.iter().copied().chain([factor.into()]).collect();
        // A passkey alone is two factors: the device, and what unlocks it.
        if all.len() > 1 || factor == Factor::Passkey {
            all.push(Method::Mfa);
        }
        all
    }

    /// Returns the state of the flow for its client.
    #[must_use]
    pub fn step(&self, token: FlowToken, user: Option<&User>, challenge: Option<&Challenge>, passkey: Option<Value>) -> SignInStep {
        let choice = |factor: &Factor| FactorChoice {
            factor: *factor,
            target: user.and_then(|user| user.contact(*factor)).map(|contact| contact.masked()),
        };
        SignInStep {
            id: token,
            step: match self.chosen {
                Some(chosen) => SignInStage::Verify { chosen, code: challenge.map(Challenge::sent), passkey },
                None => SignInStage::ChooseFactor,
            },
            progress: if self.chosen.is_some() { 100 } else { 66 },
            factors: self.allowed.iter().map(choice).collect(),
            tries_left: TRIES.saturating_sub(self.tries),
            expires_at: self.expires_at.into(),
        }
    }
}

impl Item for SignIn {
    const KIND: &'static str = "sign_in";
    const ABOUT: About = About::at("SIGN_IN#{flow}", "FLOW", Personal::Exported(&["allowed", "chosen", "expires_at"])).owned().expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.user.map(|user| (Index::Owner, owned(user, &self.key()))).into_iter().collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The next step of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum SignInStage {
    /// Choose one of the factors.
    ChooseFactor,
    /// Prove the chosen one: with a code, the password or the passkey.
    Verify {
        /// The chosen factor.
        chosen: Factor,
        /// The code that was sent, if the chosen factor sends codes.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        code: Option<Sent>,
        /// The argument of `PublicKeyCredential.parseRequestOptionsFromJSON`, if a passkey was chosen.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<crate::webauthn::PasskeyRequest>, nullable = false)]
        passkey: Option<Value>,
    },
}

/// A sign-in in progress, for its client.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInStep {
    /// The secret that continues this sign-in.
    pub id: FlowToken,
    /// The next step.
    #[serde(flatten)]
    pub step: SignInStage,
    /// The progress in percent: 66 or 100.
    #[schema(examples(66))]
    pub progress: u8,
    /// The factors to choose from.
    pub factors: Vec<FactorChoice>,
    /// Wrong answers that are still allowed.
    #[schema(examples(3))]
    pub tries_left: u32,
    /// When the sign-in expires.
    pub expires_at: Timestamp,
}

/// A factor that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorChoice {
    /// The factor.
    pub factor: Factor,
    /// The masked destination of its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    pub target: Option<String>,
}

/// A right answer. It is used up in the transaction that it permits.
#[derive(Debug)]
pub enum Proof {
    /// The password or a passkey, which can be used again.
    Lasting,
    /// A code of an authenticator app.
    App(AppCode),
    /// A code that was sent.
    Sent(Box<Challenge>),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl Proof {
    /// Returns whether answers of this kind can be guessed.
    #[must_use]
    pub fn guessable(&self) -> bool {
        match self {
            Self::Sent(challenge) => !challenge.long,
            Self::App(_) => true,
            Self::Lasting | Self::Recovery(_) => false,
        }
    }

    /// Adds its use to a transaction. One of concurrent uses of the same answer succeeds.
    pub fn spend(&self, tx: &mut Tx, sys: &Sys, user: UserId, by: &Client) -> Option<Slot> {
        match self {
            Self::Lasting => None,
            Self::App(code) => Some(code.spend(tx)),
            Self::Sent(challenge) => Some(challenge.consume(tx)),
            Self::Recovery(code) => {
                notify_of(tx, sys, user, Notice::RecoveryCodeUsed, by);
                Some(code.spend(tx))
            }
        }
    }
}

/// Returns the path where the frontend continues after the sign-in. `None` for anything that a browser could read as an address of another
/// site.
fn safe_next(text: &str) -> Option<String> {
    let plain = text.len() <= 500 && text.starts_with('/') && !text.starts_with("//");
    let odd = text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    (plain && !odd).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use kernel::Locale;

    use super::*;
    use accounts::identifier::Username;

    #[test]
    fn only_paths_of_the_frontend_are_safe() {
        for good in ["/", "/rooms/1?tab=2#x", "/a//b"] {
            assert_eq!(safe_next(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//h",
            "https:///h",
            "https:h",
            "/\\h",
            "\\h",
            "javascript:alert(1)",
            "/a b",
            "/a\nb",
            " /a",
            &format!("/{}", "a".repeat(500)),
        ] {
            assert_eq!(safe_next(bad), None, "{bad}");
        }
    }

    #[test]
    fn proven_methods_add_up() {
        let sys = Sys::real();
        let user = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let token = FlowToken::draw(&sys);
        let flow = SignIn::begin(&sys, &token, &user, vec![Method::Pwd], vec![Factor::App], SignInOptions::default());
        assert_eq!(flow.proven_with(Factor::App), [Method::Pwd, Method::Otp, Method::Mfa]);
        let alone = SignIn::by_passkey(&sys, &token, String::new(), SignInOptions::default());
        assert_eq!(alone.proven_with(Factor::Passkey), [Method::Pop, Method::Mfa]);
        assert_eq!(SignIn { tries: 2, ..flow }.wrong(Kind::CodeInvalid.into()).members["tries_left"], 1);
    }
}
