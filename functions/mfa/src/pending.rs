//! Set-ups: the stored state of factors that are being added and are not enabled yet.

use std::time::Duration;

use accounts::{
    Resource,
    user::{Factor, User, partition},
};
use callers::{Member, Proof};
use kernel::{FieldError, Kind, Problem, Sys, Time, Timestamp, id::UserId};
use proofs::{
    challenge::{Challenge, DIGITS, Form, Purpose, Sent},
    code::TypedCode,
    factor::{AppFactor, FactorKeys, Steps},
    sending::Permit,
};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Conditional as _, Item, Key, Personal, Slot, Table, Tx, Update, field,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::Client;

/// How long a set-up is valid.
pub const LIFE: Duration = Duration::from_secs(600);
/// Maximum wrong codes of the app in one set-up. Codes that are sent have their own attempts.
const TRIES: u32 = 5;
/// Set-ups of factors and passkeys that one person may begin: each draws a secret or makes a challenge.
pub const SETUPS: Quota = Quota::window("factor_setups", 20, HOUR, "set-ups of factors and passkeys of an account");

/// An unfinished set-up: of all second factors by the wizard, or of one more factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    pub user: UserId,
    /// The proof of the session that began the set-up. Only this proof may continue it. Absent in items of older versions.
    #[serde(default)]
    pub proof: Option<Proof>,
    /// Whether the set-up is the wizard. Otherwise it is of a single factor.
    pub wizard: bool,
    /// The factor to prove next.
    pub step: Factor,
    /// The new app, if the set-up has one.
    pub app: Option<AppFactor>,
    /// How many wrong codes of the app were sent.
    pub tries: u32,
    /// The value of [`User::credentials`] when the set-up began.
    pub credentials: u32,
    pub expires_at: Time,
}

impl Setup {
    /// Returns the key of a person's set-up.
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "FACTOR_SETUP")
    }

    /// Creates a set-up that begins now.
    pub fn begin(sys: &Sys, member: &Member, wizard: bool, step: Factor, app: Option<AppFactor>) -> Self {
        let (user, proof, credentials) = (member.user.id, Some(member.proof()), member.user.credentials);
        Self { user, proof, wizard, step, app, tries: 0, credentials, expires_at: sys.now() + LIFE }
    }

    /// Adds the set-up to a transaction. It replaces an earlier one.
    pub fn write(&self, tx: &mut Tx) {
        tx.put_always(self);
    }

    /// Checks that the caller may continue this set-up, and that `step` is its next step.
    ///
    /// # Errors
    /// [`Kind::NotFound`], or [`Kind::StepRequired`] if another step comes first.
    pub fn require_step(self, member: &Member, now: Time, wizard: bool, step: Factor) -> Result<Self, Problem> {
        let setup = self.open(member, now)?;
        if setup.wizard != wizard {
            return Err(Kind::NotFound.into());
        }
        if setup.step != step {
            let next = serde_json::to_value(setup.step).map_err(Problem::internal)?;
            return Err(Problem::new(Kind::StepRequired).with("required_step", next));
        }
        Ok(setup)
    }

    /// Checks that the caller may continue this set-up.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub fn open(self, member: &Member, now: Time) -> Result<Self, Problem> {
        let theirs = member.has_proof(self.proof.as_ref()) && self.credentials == member.user.credentials && now < self.expires_at;
        if theirs { Ok(self) } else { Err(Kind::NotFound.into()) }
    }

    /// Checks a code of the new app, after the attempt is counted. One update.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`]
    pub async fn check_app(&self, table: &Table, keys: &FactorKeys, now: Time, code: &TypedCode) -> Result<AppFactor, Problem> {
        if matches!(code, TypedCode::Long(_)) {
            // An app never shows such a code, so it is refused without counting an attempt.
            return Err(Problem::field("/code", FieldError::CODE_FORMAT));
        }
        let app = self.app.clone().ok_or(Kind::NotFound)?;
        let count = Update::of(self.key()).add("tries", 1).when(field("tries").lt(TRIES).and(self.unchanged()));
        let counted = table.update(count).await.unless_refused()?;
        let counted: Self = counted.ok_or_else(|| Problem::new(Kind::CodeInvalid).with("tries_left", 0))?.decode()?;
        let left = TRIES.saturating_sub(counted.tries);
        let code = app
            .check(keys, code, now, Steps::Three)
            .map_err(|e| if e.kind == Kind::CodeInvalid { e.with("tries_left", left) } else { e })?;
        Ok(app.proven(&code))
    }

    /// Adds the move to the next step to a transaction. The slot is refused if a concurrent request has moved the set-up.
    pub fn advance(&mut self, tx: &mut Tx, now: Time, step: Factor, app: Option<AppFactor>) -> Slot {
        let unchanged = self.unchanged();
        self.step = step;
        self.app = app.or(self.app.take());
        self.expires_at = now + LIFE;
        let next = Update::of(self.key()).set("step", step).set("app", &self.app).set("expires_at", self.expires_at);
        tx.update(next.expires(self.expires_at).when(unchanged))
    }

    /// Adds the deletion of the set-up to a transaction. The slot is refused if a concurrent request has ended it.
    pub fn finish(&self, tx: &mut Tx) -> Slot {
        tx.delete_when(self.key(), self.unchanged())
    }

    /// Cancels the set-up that the caller began with this proof. Without one nothing happens. One deletion.
    pub async fn cancel(table: &Table, caller: &Member) -> Result<(), Problem> {
        let cancelled = table.delete_when(Self::key_of(caller.user.id), field("proof").eq(caller.proof())).await;
        Ok(cancelled.refused_is_fine()?)
    }

    fn unchanged(&self) -> Cond {
        field("proof").eq(&self.proof).and(field("step").eq(self.step))
    }

    /// Returns the set-up as the client sees it.
    pub fn state(&self, code: Option<&Challenge>) -> SetupState {
        let (number, of) = match (self.wizard, self.step) {
            (true, Factor::App) => (2, 4),
            (true, Factor::Email) => (3, 4),
            (true, _) => (4, 4),
            (false, _) => (1, 1),
        };
        let code = code.map(Challenge::sent);
        let step = match self.step {
            Factor::Email => SetupStep::Email { code },
            Factor::Sms => SetupStep::Sms { code },
            // Set-ups are only of the app, the address and the number.
            Factor::App | Factor::Password | Factor::Passkey | Factor::RecoveryCode => SetupStep::App { app: None },
        };
        SetupState { step, number, of, expires_at: self.expires_at.into() }
    }

    /// Returns the set-up as the client sees it when it begins. Only this answer has the secret of the authenticator app.
    pub fn first_state(&self, keys: &FactorKeys, user: &User, code: Option<&Challenge>) -> Result<SetupState, Problem> {
        let mut state = self.state(code);
        if let SetupStep::App { app } = &mut state.step {
            *app = self.app.as_ref().map(|app| AppSecret::of(app, keys, user)).transpose()?;
        }
        Ok(state)
    }
}

impl Item for Setup {
    const KIND: &'static str = "factor_setup";
    const ABOUT: About = About::beside_user("FACTOR_SETUP", Personal::Exported(&["wizard", "step", "expires_at"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The caller's own item, loaded in the same batch as the account.
impl Resource for Setup {
    type Path = std::collections::HashMap<String, String>;
    fn key_for(caller: UserId, _: Self::Path) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// An unfinished set-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    /// The factor to prove next.
    #[serde(flatten)]
    pub step: SetupStep,
    /// The number of the current step. The password was the first.
    #[schema(examples(2))]
    pub number: u8,
    /// The number of steps.
    #[schema(examples(4))]
    pub of: u8,
    /// When the set-up expires.
    pub expires_at: Timestamp,
}

/// The factor to prove next in a set-up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum SetupStep {
    /// Prove the authenticator app, with a code that it shows.
    App {
        /// The secret for the authenticator app, only in the answer that begins the set-up.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        app: Option<AppSecret>,
    },
    /// Prove the mailbox, with a code.
    Email {
        /// The code that was sent, in the answer that sent it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        code: Option<Sent>,
    },
    /// Prove the phone, with a code.
    Sms {
        /// The code that was sent, in the answer that sent it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        code: Option<Sent>,
    },
}

/// The secret for an authenticator app. It is shown once: if it is lost, begin the set-up again.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppSecret {
    /// For typing: Base32, in groups of four.
    #[schema(examples("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"))]
    pub secret: String,
    /// The same as a link that opens an authenticator app.
    #[schema(examples("otpauth://totp/Stoa:anna%40example.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Stoa"))]
    pub uri: String,
    /// The same as a QR code: an SVG as a `data:` URL.
    #[schema(examples("data:image/svg+xml,%3Csvg…"))]
    pub qr: String,
}

impl AppSecret {
    fn of(app: &AppFactor, keys: &FactorKeys, user: &User) -> Result<Self, Problem> {
        let seed = app.seed(keys)?;
        let uri = seed.uri(user.email.as_ref().map_or(user.username.as_ref(), AsRef::as_ref))?;
        Ok(Self { secret: seed.readable(), qr: picture(&uri)?, uri })
    }
}

/// Returns a QR code as an SVG in a `data:` URL: black on white, with the quiet zone of four modules that readers need.
fn picture(text: &str) -> Result<String, Problem> {
    let qr = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Problem::internal)?;
    let size = qr.size();
    let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| qr.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x.saturating_add(4), y.saturating_add(4))).collect();
    let width = size.saturating_add(8);
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {width}' shape-rendering='crispEdges'><path fill='white' d='M0 0h{width}v{width}H0z'/><path d='{path}'/></svg>"
    );
    Ok(format!("data:image/svg+xml,{}", svg.replace('<', "%3C").replace('>', "%3E").replace('#', "%23")))
}

/// Counts a set-up of a factor or passkey. One update.
///
/// # Errors
/// [`Kind::TooManyRequests`] beyond [`SETUPS`].
pub async fn count(s: &crate::State, user: &User) -> Result<(), Problem> {
    Ok(limits::take(&s.table, s.sys.now(), &[SETUPS.of(user.id)]).await?)
}

/// Adds the sending of a code that proves a contact to a transaction, unless the last code is still valid. Commit the transaction with the
/// returned permit, which has the counters.
pub async fn send(s: &crate::State, tx: &mut Tx, client: &Client, user: &User, factor: Factor) -> Result<(Challenge, Permit), Problem> {
    let challenge = code_of(s, user, factor)?;
    s.sending.code(&s.table, &s.sys, tx, client, challenge).await.map(|(challenge, permit)| (challenge, permit.unwrap_or_default()))
}

fn code_of(s: &crate::State, user: &User, factor: Factor) -> Result<Challenge, Problem> {
    let to = user.contact(factor).ok_or(Kind::FactorUnavailable)?;
    let id = Challenge::id_of(Purpose::FactorSetup, &to, &user.id.to_string());
    let challenge = Challenge::new(&s.sys, &s.codes, id, Purpose::FactorSetup, Form::Code { digits: DIGITS }, &to, user.locale);
    Ok(Challenge { user: Some(user.id), ..challenge })
}

/// Checks a code that was sent to a contact.
///
/// # Errors
/// [`Kind::CodeInvalid`]
pub async fn attempt(s: &crate::State, user: &User, factor: Factor, code: &TypedCode) -> Result<Challenge, Problem> {
    let to = user.contact(factor).ok_or(Kind::CodeInvalid)?;
    let id = Challenge::id_of(Purpose::FactorSetup, &to, &user.id.to_string());
    let key = s.keys.get().await?.code_key();
    proofs::code_attempt::attempt(&s.table, s.sys.now(), &key, Purpose::FactorSetup, id, code).await
}

/// Sends the code of a step again.
///
/// # Errors
/// [`Kind::ResendTooEarly`], or a limit.
pub async fn resend(s: &crate::State, client: &Client, user: &User, factor: Factor) -> Result<Challenge, Problem> {
    s.sending.resend(&s.table, &s.sys, client, code_of(s, user, factor)?).await
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_picture_is_an_svg_that_needs_no_escaping() {
        let url = super::picture("otpauth://totp/Stoa:anna%40example.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Stoa").unwrap();
        assert!(url.starts_with("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 "), "{url}");
        assert!(!url.contains(['<', '>', '#', '"']));
    }
}
