//! A sign-in that takes more than one step, and a step-up: proving once more who is signed in.
//!
//! ```text
//! first proof ─▶ [choose a factor] ─▶ prove it ─▶ session
//!                      ▲      │ a code is sent, or a passkey is asked
//!                      ├──────┘
//!                      └─ a step-up without the passkey: a code upon the password
//! ```
//!
//! The flow's id is a secret that its client alone knows, and can do nothing but continue it. What the first step proved, who
//! it is about and what may prove the rest stand in the flow; clients send none of it. Three wrong answers burn the flow, and
//! what was guessed counts for the account whatever flow it came through.

use std::time::Duration;

use accounts::{
    session::Session,
    token::Method,
    user::{Factor, User, owned, tell},
};
use events::Notice;
use kernel::{
    Client, Kind, Problem, Sys, Time, Timestamp,
    id::{ChallengeId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{About, Index, Item, Key, Personal, Slot, Table, Tx, Update, WriteError, field};
use utoipa::ToSchema;

use crate::{
    FlowToken,
    challenge::{Challenge, DIGITS, Form, Purpose, Sent},
    factor::{AppCode, RecoveryCode},
    sending::{Permit, Sending},
    signed_in::TokenDelivery,
};

/// How long a flow lasts: as long as the code that lives longest.
pub const LIFE: Duration = Duration::from_secs(600);
/// Wrong answers until a flow is burnt.
pub const TRIES: u32 = 3;

/// A sign-in, or a step-up, that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// [`FlowToken::id`].
    pub id: ChallengeId,
    /// Who it is about; nobody yet where a passkey will tell.
    pub user: Option<UserId>,
    /// The session that is to be stepped up; none for a sign-in.
    pub session: Option<SessionId>,
    /// What has been proven.
    pub done: Vec<Method>,
    /// [`User::credentials`] when it was.
    pub credentials: u32,
    /// What may prove the rest.
    pub allowed: Vec<Factor>,
    /// Which of it was chosen.
    pub chosen: Option<Factor>,
    /// What a passkey was asked, as its library keeps it.
    pub passkey: Option<String>,
    /// How many answers there had been when it was asked.
    #[serde(default)]
    pub asked_at: u32,
    /// What the client asked for at its first step.
    pub wish: Wish,
    /// Answers so far.
    pub tries: u32,
    /// From then on it is forgotten.
    pub expires_at: Time,
}

/// What a client asks for at its first step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wish {
    /// Where the refresh token goes.
    pub delivery: TokenDelivery,
    /// Whether this device is to be trusted from now on.
    pub remember: bool,
    /// Where in the frontend to go on: a path of its own, or nothing.
    pub next: Option<String>,
    /// The session that the client had, which the new one takes the place of.
    pub previous: Option<(UserId, SessionId)>,
}

impl Wish {
    /// What a client asked for; where to go on is made safe.
    #[must_use]
    pub fn new(delivery: TokenDelivery, remember: bool, next: Option<String>) -> Self {
        Self { delivery, remember, next: next.map(|next| safe_next(&next).unwrap_or_else(|| "/".to_owned())), previous: None }
    }

    /// The same, in the place of the session that the client had.
    #[must_use]
    pub fn instead_of(self, previous: Option<&Session>) -> Self {
        Self { previous: previous.map(|p| (p.user, p.id)), ..self }
    }
}

/// Who is asked for a factor, by which client, and what it takes to send a code.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it only borrows for a call")]
pub struct Asking<'a> {
    /// Where challenges and counters are.
    pub table: &'a Table,
    /// The clock.
    pub sys: &'a Sys,
    /// What may be sent.
    pub sending: &'a Sending,
    /// Who asks.
    pub client: &'a Client,
    /// Who is asked.
    pub user: &'a User,
}

impl SignIn {
    /// A sign-in whose first step is proven by `done`; `allowed` may prove the rest.
    #[must_use]
    pub fn begin(sys: &Sys, token: &FlowToken, user: &User, done: Vec<Method>, allowed: Vec<Factor>, wish: Wish) -> Self {
        Self { user: Some(user.id), done, credentials: user.credentials, allowed, wish, ..Self::empty(sys, token) }
    }

    /// A step-up of a session.
    #[must_use]
    pub fn step_up(sys: &Sys, token: &FlowToken, user: &User, session: &Session) -> Self {
        Self { session: Some(session.id), ..Self::begin(sys, token, user, Vec::new(), user.step_up(), Wish::default()) }
    }

    /// A sign-in by a passkey alone, which will say whose it is.
    #[must_use]
    pub fn by_passkey(sys: &Sys, token: &FlowToken, asked: String, wish: Wish) -> Self {
        Self { allowed: vec![Factor::Passkey], chosen: Some(Factor::Passkey), passkey: Some(asked), wish, ..Self::empty(sys, token) }
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
            wish: Wish::default(),
            tries: 0,
            expires_at: sys.now() + LIFE,
        }
    }

    /// Where a flow is.
    #[must_use]
    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("SIGN_IN#{id}"), "FLOW")
    }

    /// The purpose of the codes that are sent for it.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        if self.session.is_some() { Purpose::StepUp } else { Purpose::SecondFactor }
    }

    /// Where the challenge of a factor is that sends codes: the one that this person has for this purpose, whichever flow
    /// asks, so that beginning anew neither sends more nor forgets what was guessed. The code itself is of the flow that asked last.
    #[must_use]
    pub fn challenge_of(&self, user: &User, factor: Factor) -> Option<ChallengeId> {
        let to = user.contact(factor)?;
        Some(Challenge::id_of(self.purpose(), &to, &user.id.to_string()))
    }

    /// Chooses what is to prove the rest. A factor that sends codes sends one, unless the one from before can still be typed.
    ///
    /// A read of the challenge and the counters of what is sent, where the factor sends any. What was counted is to be committed
    /// with the transaction.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`], or a limit of [`Sending`].
    pub async fn choose(&mut self, asking: &Asking<'_>, tx: &mut Tx, factor: Factor) -> Result<(Option<Challenge>, Permit), Problem> {
        let Asking { table, sys, sending, client, user } = *asking;
        if !self.allowed.contains(&factor) {
            return Err(Kind::FactorUnavailable.into());
        }
        self.chosen = Some(factor);
        self.passkey = None;
        let Some(challenge) = self.code_of(sys, user, factor) else { return Ok((None, Permit::default())) };
        sending.code(table, sys, tx, client, challenge).await.map(|(challenge, permit)| (Some(challenge), permit.unwrap_or_default()))
    }

    /// Sends another code of a factor that sends any.
    ///
    /// What [`Sending::resend`] takes.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`], or as [`Sending::resend`].
    pub async fn resend(&self, asking: &Asking<'_>, factor: Factor) -> Result<Challenge, Problem> {
        let Asking { table, sys, sending, client, user } = *asking;
        let challenge = self.code_of(sys, user, factor).ok_or(Kind::FactorUnavailable)?;
        sending.resend(table, sys, client, challenge).await
    }

    /// The code of a factor, as this flow has it sent.
    fn code_of(&self, sys: &Sys, user: &User, factor: Factor) -> Option<Challenge> {
        let (to, id) = (user.contact(factor)?, self.challenge_of(user, factor)?);
        let challenge = Challenge::new(sys, id, self.purpose(), Form::Code { digits: DIGITS }, &to, user.locale);
        Some(Challenge { user: Some(user.id), flow: Some(self.id), ..challenge })
    }

    /// Adds the beginning of the flow to a transaction. Its only factor is chosen at once, if it has but one. Where no more codes
    /// may be sent to it, it is left to be chosen, or a recovery code to be used.
    ///
    /// What [`SignIn::choose`] reads and counts, where it chooses.
    ///
    /// # Errors
    /// Those of [`SignIn::choose`], where nothing but the one factor would do.
    pub async fn start(&mut self, asking: &Asking<'_>, tx: &mut Tx) -> Result<(Option<Challenge>, Permit), Problem> {
        let chosen = self.choose_only(asking, tx).await?;
        tx.create(self);
        Ok(chosen)
    }

    async fn choose_only(&mut self, asking: &Asking<'_>, tx: &mut Tx) -> Result<(Option<Challenge>, Permit), Problem> {
        let Some(factor) = self.only() else { return Ok((None, Permit::default())) };
        match self.choose(asking, tx, factor).await {
            Err(refused) if refused.kind != Kind::Internal && self.allowed.contains(&Factor::RecoveryCode) => {
                self.chosen = None;
                Ok((None, Permit::default()))
            }
            chosen => chosen,
        }
    }

    /// Adds to a transaction that the flow goes on, after a right answer that is not enough: one of any number of those does. The answer
    /// does not count among the tries.
    ///
    /// What [`SignIn::start`] reads and counts.
    ///
    /// # Errors
    /// Those of [`SignIn::start`].
    pub async fn go_on(
        &mut self,
        asking: &Asking<'_>,
        tx: &mut Tx,
        proven: Factor,
        next: Vec<Factor>,
    ) -> Result<(Option<Challenge>, Permit, Slot), Problem> {
        let (answers, done) = (self.tries, self.done.clone());
        self.done.push(proven.into());
        (self.allowed, self.chosen, self.passkey, self.tries) = (next, None, None, answers.saturating_sub(1));
        let (challenge, permit) = self.choose_only(asking, tx).await?;
        let slot = tx.put(self, field("tries").eq(answers).and(field("done").eq(done)));
        Ok((challenge, permit, slot))
    }

    /// The factor that is chosen at once because there is no other, but for recovery codes. A passkey has to be asked first.
    fn only(&self) -> Option<Factor> {
        match self.allowed.as_slice() {
            [Factor::Passkey] | [Factor::Passkey, Factor::RecoveryCode] => None,
            [factor] | [factor, Factor::RecoveryCode] => Some(*factor),
            _ => None,
        }
    }

    /// Reads a flow that can still be continued. One read.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for one that is made up, forgotten, finished or burnt: nothing is sent for it any more.
    pub async fn read(table: &Table, now: Time, token: &FlowToken) -> Result<Self, Problem> {
        let flow = table.get::<Self>(Self::key_of(token.id())).await?;
        flow.filter(|flow| flow.expires_at > now && flow.tries < TRIES).ok_or_else(|| Kind::NotFound.into())
    }

    /// Reads a flow and counts an answer, before it is judged. One conditional update.
    ///
    /// # Errors
    /// [`Kind::NotFound`], or [`Kind::CodeInvalid`] for a flow that is burnt.
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

    /// What a passkey was asked, for the first answer since: right or wrong, it uses the question up.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`] if nothing was asked, [`Kind::PasskeyInvalid`] if it was answered.
    pub fn asked(&self) -> Result<&str, Kind> {
        let question = self.passkey.as_deref().ok_or(Kind::FactorUnavailable)?;
        if self.tries == self.asked_at.saturating_add(1) { Ok(question) } else { Err(Kind::PasskeyInvalid) }
    }

    /// Tells a wrong answer, with what is left.
    #[must_use]
    pub fn wrong(&self, mut problem: Problem) -> Problem {
        if problem.kind == Kind::CodeInvalid {
            let left = TRIES.saturating_sub(self.tries);
            let own = problem.members.get("tries_left").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            problem.members.insert("tries_left".to_owned(), own.unwrap_or(left).min(left).into());
        }
        problem
    }

    /// Adds the end of the flow to a transaction: of any number of right answers one wins.
    pub fn finish(&self, tx: &mut Tx) -> Slot {
        tx.delete_when(self.key(), field("tries").le(TRIES))
    }

    /// What has to be proven besides, once this factor is.
    #[must_use]
    pub fn next(&self, user: &User, proven: Factor) -> Vec<Factor> {
        let not_enough = self.session.is_some() && proven == Factor::Password;
        if not_enough { user.instead_of_passkey() } else { Vec::new() }
    }

    /// All that has been proven once this factor is.
    #[must_use]
    pub fn proven_with(&self, factor: Factor) -> Vec<Method> {
        let mut all: Vec<Method> = self.done.iter().copied().chain([factor.into()]).collect();
        // A passkey alone is two: the device that has it, and what unlocks that.
        if all.len() > 1 || factor == Factor::Passkey {
            all.push(Method::Mfa);
        }
        all
    }

    /// What the client sees of it.
    #[must_use]
    pub fn step(&self, token: FlowToken, user: Option<&User>, challenge: Option<&Challenge>, passkey: Option<Value>) -> SignInStep {
        let choice = |factor: &Factor| FactorChoice {
            factor: *factor,
            target: user.and_then(|user| user.contact(*factor)).map(|contact| contact.masked()),
        };
        SignInStep {
            id: token,
            step: if self.chosen.is_some() { SignInStage::Verify } else { SignInStage::ChooseFactor },
            progress: if self.chosen.is_some() { 100 } else { 66 },
            factors: self.allowed.iter().map(choice).collect(),
            chosen: self.chosen,
            code: challenge.map(Challenge::sent),
            passkey,
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

/// What a sign-in takes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInStage {
    /// Choose one of the factors.
    ChooseFactor,
    /// Answer the chosen one.
    Verify,
}

/// A sign-in that is not done yet, as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInStep {
    /// Continues this sign-in; keep it secret.
    pub id: FlowToken,
    /// What comes next.
    pub step: SignInStage,
    /// How far it is, in percent: 66 or 100.
    #[schema(examples(66))]
    pub progress: u8,
    /// What can be chosen.
    pub factors: Vec<FactorChoice>,
    /// What was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Factor>,
    /// The code that was sent, if the chosen factor sends any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Sent>,
    /// What to hand to `navigator.credentials.get`, if a passkey was chosen: WebAuthn's `PublicKeyCredentialRequestOptions` as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub passkey: Option<Value>,
    /// Wrong answers that are still allowed.
    #[schema(examples(3))]
    pub tries_left: u32,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// A factor that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorChoice {
    /// Which.
    pub factor: Factor,
    /// Where its code goes, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    pub target: Option<String>,
}

/// A right answer, to be spent with what it allows.
#[derive(Debug)]
pub enum Proof {
    /// The password, or a passkey, neither of which is used up.
    Lasting,
    /// A code of an app.
    App(AppCode),
    /// A code that was sent.
    Sent(Box<Challenge>),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl Proof {
    /// Whether somebody could have guessed it.
    #[must_use]
    pub fn guessable(&self) -> bool {
        match self {
            Self::Sent(challenge) => !challenge.long,
            Self::App(_) => true,
            Self::Lasting | Self::Recovery(_) => false,
        }
    }

    /// Adds its use to a transaction: of any number of uses of the same answer one wins.
    pub fn spend(&self, tx: &mut Tx, sys: &Sys, user: UserId) -> Option<Slot> {
        match self {
            Self::Lasting => None,
            Self::App(code) => Some(code.spend(tx)),
            Self::Sent(challenge) => Some(challenge.consume(tx)),
            Self::Recovery(code) => {
                tell(tx, sys, user, Notice::RecoveryCodeUsed);
                Some(code.spend(tx))
            }
        }
    }
}

/// Where in the frontend to go on after signing in, if that is a path of the frontend itself. Anything that a browser could
/// read as another place is nothing.
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
    fn only_paths_of_the_frontend_are_gone_to() {
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
    fn what_is_proven_adds_up() {
        let sys = Sys::real();
        let user = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let token = FlowToken::draw(&sys);
        let flow = SignIn::begin(&sys, &token, &user, vec![Method::Pwd], vec![Factor::App], Wish::default());
        assert_eq!(flow.proven_with(Factor::App), [Method::Pwd, Method::Otp, Method::Mfa]);
        let alone = SignIn::by_passkey(&sys, &token, String::new(), Wish::default());
        assert_eq!(alone.proven_with(Factor::Passkey), [Method::Pop, Method::Mfa]);
        assert_eq!(SignIn { tries: 2, ..flow }.wrong(Kind::CodeInvalid.into()).members["tries_left"], 1);
    }
}
