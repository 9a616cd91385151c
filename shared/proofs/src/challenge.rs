//! Every code and every link that is sent to prove something.
//!
//! A function writes the [`Challenge`] and the event that asks for its sending in one transaction. `deliver` draws the code
//! or the link's token, stores its keyed hash and sends it; nobody else ever sees it. A new sending kills the code before.
//!
//! A short code can be guessed. Its tries are counted before codes are compared, by a conditional write, so that a thousand guesses
//! at once are still five. And before it is sent, all its tries are counted among the day's guesses ([`GUESSES`]); where they do
//! not fit any more, the code that is sent is a long one, which nobody guesses and for which nothing is counted. So guessing never
//! keeps out whoever has the code.

use std::time::Duration;

use accounts::{
    Keyring,
    identifier::{Channel, Contact},
    user::owned,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use events::{Event, Outbox};
use kernel::{
    Id as _, Kind, Locale, Problem, Secret, Sys, Time, Timestamp,
    crypto::{hmac_sha256, truncate},
    id::{ChallengeId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, Cond, Conditional as _, Index, Item, Key, Personal, Row, Slot, StoreError, Table, Tx, Update, field,
    limits::{DAY, Limit},
};
use utoipa::ToSchema;

use crate::{
    code::{TypedCode, draw_long, draw_short, in_groups},
    sending::{self, Share},
};

/// What a code or link is for. One for another purpose is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Proves the address in a registration in steps.
    Registration,
    /// Opens an account that was registered with a mailed link.
    Activation,
    /// Cancels a scheduled deletion.
    DeletionCancel,
    /// The second step of a sign-in.
    SecondFactor,
    /// Proves once more who is signed in.
    StepUp,
    /// Proves, in the wizard that turns second factors on, that a contact can be reached.
    FactorSetup,
    /// Signs in, or up, with a phone number.
    PhoneLogin,
    /// Chooses a new password.
    PasswordReset,
    /// Proves a new e-mail address or phone number.
    ContactChange,
}

/// The limits of a purpose.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a code or link is good for.
    pub life: Duration,
    /// Wrong codes until it is burnt.
    pub tries: u32,
    /// How long until another may be sent.
    pub resend: Duration,
    /// Whether that doubles with every further sending, up to four times as long.
    pub growing: bool,
}

impl Purpose {
    /// The limits of this purpose. Text messages cost money and are read at once: their codes live shorter and come rarer.
    #[must_use]
    pub const fn rules(self, channel: Channel) -> Rules {
        const fn rules(life: u64, tries: u32, resend: u64) -> Rules {
            Rules { life: Duration::from_secs(life), tries, resend: Duration::from_secs(resend), growing: false }
        }
        match (self, channel) {
            (Self::Activation, _) => rules(24 * 3600, 1, 60),
            // As long as there is something to cancel, plus the time the sweep may take.
            (Self::DeletionCancel, _) => rules(31 * 24 * 3600, 1, 60),
            (Self::PasswordReset, _) => rules(1800, 1, 60),
            (Self::PhoneLogin, _) => rules(120, 3, 120),
            (Self::FactorSetup, _) | (_, Channel::Sms) => Rules { growing: true, ..rules(180, 5, 45) },
            (Self::Registration | Self::SecondFactor | Self::StepUp | Self::ContactChange, Channel::Email) => rules(600, 3, 20),
        }
    }

    /// The page of the frontend that a link opens; the token follows in the fragment.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::DeletionCancel => "/cancel-deletion",
            Self::PasswordReset => "/reset-password",
            _ => "/activate",
        }
    }

    /// Its name, in events, keys and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Activation => "activation",
            Self::DeletionCancel => "deletion_cancel",
            Self::SecondFactor => "second_factor",
            Self::StepUp => "step_up",
            Self::FactorSetup => "factor_setup",
            Self::PhoneLogin => "phone_login",
            Self::PasswordReset => "password_reset",
            Self::ContactChange => "contact_change",
        }
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A number of this many digits, to be typed.
    Code {
        /// 4 to 10.
        digits: u32,
    },
    /// A link with a token, to be opened.
    Link,
}

/// The length of a code where nothing else is configured.
pub const DIGITS: u32 = 6;

/// Something to be proven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// Its id; for a link, the first half of the token.
    pub id: ChallengeId,
    /// What it is for.
    pub purpose: Purpose,
    /// How it is sent.
    pub channel: Channel,
    /// What is sent.
    pub form: Form,
    /// Where to.
    pub destination: String,
    /// In which language.
    pub locale: Locale,
    /// Who is to prove it, where that is known. Of a decoy that may be who asked, or whose address it is: nobody to tell by.
    pub user: Option<UserId>,
    /// The address belongs to an account already: its owner is told so instead, and nothing will ever be proven by this.
    pub decoy: bool,
    /// The how-manieth sending is current, from 1.
    pub sending: u32,
    /// The how-manieth without a day's rest.
    #[serde(default)]
    pub in_a_row: u32,
    /// Before this nothing is sent again.
    pub resend_at: Time,
    /// From then on it proves nothing.
    pub expires_at: Time,
    /// Tries at the current code.
    pub tries: u32,
    /// Whether the current code is a long one, whatever `form` says.
    #[serde(default)]
    pub long: bool,
    /// Tries at the current code that were counted among the day's guesses when it was sent.
    #[serde(default)]
    pub booked: u32,
    /// Whose share of what may be sent there the current sending was counted for.
    #[serde(default)]
    pub share: Share,
    /// Whether it goes to a contact that an account has proven.
    #[serde(default)]
    pub proven: bool,
    /// The keyed hash of the current code or token; absent until it is drawn.
    pub hash: Option<String>,
    /// The flow that asked for the current code, where only that one may type it.
    #[serde(default)]
    pub flow: Option<ChallengeId>,
    /// The how-manieth sending failed last, which therefore does not count.
    #[serde(default)]
    pub unsent: Option<u32>,
}

impl Item for Challenge {
    const KIND: &'static str = "challenge";
    const ABOUT: About = About::at(
        "CHALLENGE#{challenge}",
        "CHALLENGE",
        Personal::Exported(&["purpose", "channel", "destination", "locale", "resend_at", "expires_at"]),
    )
    .owned()
    .expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    // An address stands in it: whoever it belongs to must be able to find it.
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.user.map(|user| (Index::Owner, owned(user, &self.key()))).into_iter().collect()
    }
    // An expired code is worth nothing, but how many were sent without a day between them still makes the next cooldown longer.
    fn expires(&self) -> Option<Time> {
        Some(self.forgotten_at())
    }
}

/// What a client is told about a code that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sent {
    /// Where to, masked.
    #[schema(examples("a****@example.test"))]
    pub target: String,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// When another may be asked for.
    pub resend_at: Timestamp,
    /// Wrong codes that are still allowed; of a long code as many as one likes.
    pub tries_left: u32,
    /// What was sent, so that a form can ask for it.
    pub form: SentForm,
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentForm {
    /// A few digits.
    Code,
    /// Twelve letters and digits in three groups, because too many codes were guessed at today. Case, spaces and hyphens do not matter.
    LongCode,
    /// A link.
    Link,
}

impl Challenge {
    /// Where a challenge is.
    #[must_use]
    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("CHALLENGE#{id}"), "CHALLENGE")
    }

    /// The id of the one challenge of a purpose that `subject` has at a time: who asks again, from wherever, meets the limits
    /// of the code that was sent before.
    #[must_use]
    pub fn id_of(purpose: Purpose, to: &Contact, subject: &str) -> ChallengeId {
        let digest =
            Sha256::new().chain_update(purpose.name()).chain_update([0]).chain_update(to.key()).chain_update([0]).chain_update(subject);
        ChallengeId::from_ulid(u128::from_be_bytes(truncate(digest.finalize().into())).into())
    }

    /// A challenge, to be written with [`Challenge::issue`], [`Challenge::replace`] or [`Challenge::send`].
    #[must_use]
    pub fn new(sys: &Sys, id: ChallengeId, purpose: Purpose, form: Form, to: &Contact, locale: Locale) -> Self {
        let channel = Channel::of(to);
        let (now, rules) = (sys.now(), purpose.rules(channel));
        Self {
            id,
            purpose,
            channel,
            form,
            destination: to.address().to_owned(),
            locale,
            user: None,
            decoy: false,
            sending: 1,
            in_a_row: 1,
            resend_at: now + rules.resend,
            expires_at: now + rules.life,
            tries: 0,
            long: false,
            booked: 0,
            share: Share::Strangers,
            // The codes of a factor go to the account's own contacts.
            proven: matches!(purpose, Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup),
            hash: None,
            flow: None,
            unsent: None,
        }
    }

    /// Where it goes.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact::stored(self.channel, &self.destination)
    }

    /// The same challenge, as a decoy if the address has an `owner` already. It goes when they go.
    #[must_use]
    pub fn decoy_of(self, owner: Option<UserId>) -> Self {
        Self { decoy: owner.is_some(), user: owner, ..self }
    }

    /// Writes a new challenge and asks for its sending.
    pub fn issue(&self, tx: &mut Tx, sys: &Sys) -> Slot {
        self.replace(tx, sys, None)
    }

    /// Writes this challenge in the place of the one before, if it is still the current one, and asks for its sending. The slot is
    /// refused if somebody else was faster.
    pub fn replace(&self, tx: &mut Tx, sys: &Sys, before: Option<&Self>) -> Slot {
        let slot = match before {
            Some(before) => tx.put(self, field("sending").eq(before.sending)),
            None => tx.create(self),
        };
        Outbox::add(tx, sys, &Event::ChallengeIssued { challenge: self.id, sending: self.sending });
        slot
    }

    /// Goes on where the one `before` it under the same id has come to, once the cooldown of that is over. Writes nothing: see
    /// [`Challenge::replace`].
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`]
    pub fn after_cooldown(&mut self, now: Time, before: Option<&Self>) -> Result<(), Problem> {
        let Some(before) = before else { return Ok(()) };
        if now < before.resend_at {
            return Err(Problem::new(Kind::ResendTooEarly).retry_after(before.resend_at.since(now)));
        }
        self.follow(before, now);
        (self.resend_at, self.expires_at) = (now + self.cooldown(), now + self.rules().life);
        Ok(())
    }

    /// Goes on where the one `before` it has come to, so that no two sendings have the same number. For what its caller spaces out
    /// itself; else see [`Challenge::after_cooldown`].
    pub fn follow(&mut self, before: &Self, now: Time) {
        let rested = now >= before.forgotten_at();
        self.in_a_row = if rested { 1 } else { before.in_a_row.saturating_add(1) };
        self.sending = before.sending.saturating_add(1);
    }

    /// Whether its code can still be typed, and nothing better is to be had yet.
    #[must_use]
    pub fn stands(&self, now: Time) -> bool {
        now < self.expires_at && now < self.resend_at && (self.long || self.tries < self.rules().tries)
    }

    fn forgotten_at(&self) -> Time {
        self.expires_at + DAY
    }

    /// The day's guesses that the tries of a short code are counted among; none for a link.
    ///
    /// Codes of second factors share those of the account, with the guesses at its app. Other codes have those of what they prove.
    #[must_use]
    pub fn guesses(&self) -> Option<Limit> {
        let subject = match (self.purpose, self.user) {
            (Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup, Some(user)) => {
                return Some(guesses_of(user).weighing(self.rules().tries));
            }
            (Purpose::ContactChange, Some(user)) => format!("{} {user} {}", self.purpose.name(), self.contact().key()),
            _ => format!("{} {}", self.purpose.name(), self.contact().key()),
        };
        let limit = Limit::new(GUESSES, subject, GUESSES_MAX, DAY).weighing(self.rules().tries);
        matches!(self.form, Form::Code { .. }).then_some(limit)
    }

    pub(crate) const fn rules(&self) -> Rules {
        self.purpose.rules(self.channel)
    }

    /// How long after the current sending another may follow.
    fn cooldown(&self) -> Duration {
        let rules = self.rules();
        let doublings = if rules.growing { self.in_a_row.saturating_sub(1).min(2) } else { 0 };
        rules.resend.saturating_mul(2_u32.saturating_pow(doublings))
    }

    /// Makes this the next sending under the same id, which kills the code before once it is written. What is returned is how it was,
    /// for [`Challenge::replace`].
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`]
    pub fn again(&mut self, now: Time) -> Result<Self, Problem> {
        let before = self.clone();
        self.after_cooldown(now, Some(&before))?;
        (self.tries, self.hash) = (0, None);
        Ok(before)
    }

    /// Uses the challenge up, together with what it allows: of any number of transactions one wins. What its code has left of the
    /// tries that were counted for it is given back.
    pub fn consume(&self, tx: &mut Tx) -> Slot {
        let slot = tx.delete_when(self.key(), field("hash").eq(&self.hash));
        let left = self.booked.saturating_sub(self.tries.saturating_sub(1));
        if let Some(guesses) = self.guesses().filter(|_| left > 0) {
            guesses.give_back_in(tx, left, self.expires_at - self.rules().life);
        }
        slot
    }

    /// Takes the try back that was right, where nothing came of it and it can be made again. Best effort: it was no guess.
    pub async fn refund_attempt(&self, table: &Table) {
        if self.long {
            return;
        }
        let same = field("sending").eq(self.sending).and(field("hash").eq(&self.hash));
        if let Err(e) = table.update(Update::of(self.key()).add("tries", -1).when(same)).await.refused_is_fine() {
            tracing::warn!(error = %e, "a right code stays counted as a try");
        }
    }

    /// What the client is told about it.
    #[must_use]
    pub fn sent(&self) -> Sent {
        let target = match self.channel {
            Channel::Email => kernel::mask::email(&self.destination),
            Channel::Sms => kernel::mask::phone(&self.destination),
        };
        let tries_left = self.rules().tries.saturating_sub(self.tries);
        let form = match self.form {
            Form::Link => SentForm::Link,
            Form::Code { .. } if self.long => SentForm::LongCode,
            Form::Code { .. } => SentForm::Code,
        };
        Sent { target, expires_at: self.expires_at.into(), resend_at: self.resend_at.into(), tries_left, form }
    }
}

/// The key under which codes and tokens are hashed at rest.
#[derive(Clone)]
pub struct CodeKey(Secret);

impl CodeKey {
    /// The current key of a ring.
    pub(crate) fn new(ring: &Keyring) -> Self {
        Self(ring.current().1.clone())
    }

    fn hash(&self, challenge: ChallengeId, code: &str) -> String {
        let sent = format!("{challenge}|{code}");
        BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(self.0.expose().as_bytes(), &[sent.as_bytes()]))
    }

    /// The secret, for the refresh tokens that are derived from it.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// What `deliver` has to send.
#[derive(Debug)]
pub enum Drawn {
    /// A code or link.
    Fresh {
        /// What it belongs to.
        challenge: Challenge,
        /// The code as it is shown, or the token that follows the link's `#token=`.
        secret: Secret,
    },
    /// The address belongs to an account: tell its owner.
    Decoy(Challenge),
    /// A later sending replaced this one, or the challenge is gone: nothing to send.
    Stale,
}

/// Notes that a sending could not be made: it does not count, and another may be asked for at once. May be noted many times.
///
/// Nothing is noted where nothing is sent for a decoy: whoever asks would learn from it whether somebody has the address or number.
///
/// # Errors
/// [`StoreError`]
pub async fn note_unsent(table: &Table, now: Time, unsent: &Challenge) -> Result<(), StoreError> {
    if matches!((unsent.purpose, unsent.channel), (Purpose::PasswordReset, _) | (Purpose::ContactChange, Channel::Sms)) {
        return Ok(());
    }
    let first = field("sending").eq(unsent.sending).and(field("unsent").ne(unsent.sending));
    let note = Update::of(unsent.key()).set("resend_at", now).set("unsent", unsent.sending);
    if let Some(noted) = table.update(note.when(first)).await.unless_refused()? {
        sending::give_back(table, &noted.decode()?).await;
    }
    Ok(())
}

/// Draws the code or token of a sending and stores its hash. Done again for the same sending, it draws a new one, so that
/// what was sent last is what is good. `fixed` may know the code of a destination beforehand.
///
/// # Errors
/// [`StoreError`]
pub async fn draw(
    table: &Table,
    sys: &Sys,
    key: &CodeKey,
    id: ChallengeId,
    sending: u32,
    fixed: impl Fn(&str) -> Option<Secret>,
) -> Result<Drawn, StoreError> {
    let Some(challenge) = table.get::<Challenge>(Challenge::key_of(id)).await? else { return Ok(Drawn::Stale) };
    if challenge.sending != sending || challenge.expires_at <= sys.now() {
        return Ok(Drawn::Stale);
    }
    let (secret, hashed) = match challenge.form {
        Form::Code { digits } => {
            if let Some(known) = fixed(&challenge.destination) {
                // Everybody knows it: nothing is gained by another one.
                return store_hash(table, key, Challenge { long: false, ..challenge }, known.clone(), known.expose()).await;
            }
            let code = if challenge.long { draw_long(sys) } else { draw_short(sys, digits) };
            (if challenge.long { in_groups(&code) } else { code.clone() }, code)
        }
        Form::Link => {
            let token = BASE64_URL_SAFE_NO_PAD.encode(sys.bytes::<32>());
            (format!("{id}.{token}"), token)
        }
    };
    store_hash(table, key, challenge, Secret::new(secret), &hashed).await
}

async fn store_hash(table: &Table, key: &CodeKey, drawn: Challenge, secret: Secret, hashed: &str) -> Result<Drawn, StoreError> {
    let store = Update::of(drawn.key()).set("hash", key.hash(drawn.id, hashed)).set("long", drawn.long);
    let stored = table.update(store.when(field("sending").eq(drawn.sending))).await.unless_refused()?;
    Ok(match stored.map(Row::decode::<Challenge>).transpose()? {
        // A decoy has a code too, which nobody is told, so that guessing at it looks like guessing at any other.
        Some(decoy) if decoy.decoy => Drawn::Decoy(decoy),
        Some(challenge) => Drawn::Fresh { challenge, secret },
        None => Drawn::Stale,
    })
}

/// Tries a typed code. The challenge that is returned still has to be consumed with what it allows. One update, or for a long code
/// one read; for a code that came by text message and is right an update more, which counts that it came back.
///
/// # Errors
/// [`Kind::CodeInvalid`], alike for spent, burnt, expired, never sent and not of as many digits as were sent; with `tries_left`
/// where a try was counted.
pub async fn attempt(table: &Table, now: Time, key: &CodeKey, purpose: Purpose, id: ChallengeId, code: &str) -> Result<Challenge, Problem> {
    Trying { table, now, key, purpose, id, flow: None }.code(code).await
}

/// As [`attempt`], in a flow: only the one that asked for the current code can try it, or use up its tries.
///
/// # Errors
/// As there.
pub async fn attempt_in(
    flow: ChallengeId,
    table: &Table,
    now: Time,
    key: &CodeKey,
    purpose: Purpose,
    id: ChallengeId,
    code: &str,
) -> Result<Challenge, Problem> {
    Trying { table, now, key, purpose, id, flow: Some(flow) }.code(code).await
}

/// The challenge that a typed code is tried at, in any flow or in this one.
struct Trying<'a> {
    table: &'a Table,
    now: Time,
    key: &'a CodeKey,
    purpose: Purpose,
    id: ChallengeId,
    flow: Option<ChallengeId>,
}

impl Trying<'_> {
    async fn code(&self, code: &str) -> Result<Challenge, Problem> {
        // Browsers that send as people type must not burn tries with half a code.
        let challenge = match TypedCode::parse(code).ok_or(Kind::CodeInvalid)? {
            TypedCode::Short(code) => self.short(&code).await?,
            TypedCode::Long(code) => self.long(&code).await?,
        };
        sending::came_back(self.table, &challenge).await;
        Ok(challenge)
    }

    async fn short(&self, code: &str) -> Result<Challenge, Problem> {
        let digits = u32::try_from(code.len()).map_err(|_| Kind::CodeInvalid)?;
        let left = |channel: Channel| field("channel").eq(channel).and(field("tries").lt(self.purpose.rules(channel).tries));
        let count = Update::of(Challenge::key_of(self.id))
            .add("tries", 1)
            .when(field("purpose").eq(self.purpose).and(field("form").eq(Form::Code { digits })).and(field("long").ne(true)))
            .when(field("hash").exists().and(field("expires_at").gt(self.now)))
            .when(left(Channel::Email).or(left(Channel::Sms)))
            .when(self.flow.map_or(Cond::Exists, |flow| field("flow").eq(flow)));
        let challenge: Challenge = self.table.update(count).await.unless_refused()?.ok_or(Kind::CodeInvalid)?.decode()?;
        if challenge.is_proven_by(self.key, code) {
            Ok(challenge)
        } else {
            Err(Problem::new(Kind::CodeInvalid).with("tries_left", challenge.sent().tries_left))
        }
    }

    async fn long(&self, code: &str) -> Result<Challenge, Problem> {
        let challenge = self.table.get::<Challenge>(Challenge::key_of(self.id)).await?.ok_or(Kind::CodeInvalid)?;
        let fits = challenge.long && challenge.purpose == self.purpose && self.now < challenge.expires_at;
        let here = self.flow.is_none_or(|flow| challenge.flow == Some(flow));
        if fits && here && challenge.is_proven_by(self.key, code) { Ok(challenge) } else { Err(Kind::CodeInvalid.into()) }
    }
}

impl Challenge {
    fn is_proven_by(&self, key: &CodeKey, secret: &str) -> bool {
        let stored = self.hash.as_deref().unwrap_or_default();
        kernel::secret::same(key.hash(self.id, secret).as_bytes(), stored.as_bytes()) && !self.decoy
    }
}

/// The name of the limit on guesses.
pub(crate) const GUESSES: &str = "code_guesses";
/// Tries at short codes for one account, number or address in a day, whatever flow they come through. With six digits that is a
/// chance of 20 in a million, 2e-5, that a guesser is right once in a day.
const GUESSES_MAX: u32 = 20;

/// The day's guesses at an account: at its app, and at the codes of its second factors.
pub(crate) fn guesses_of(user: UserId) -> Limit {
    Limit::new(GUESSES, format!("account {user}"), GUESSES_MAX, DAY)
}

/// The challenge that a link's token proves. Only reads: the caller consumes it with what it allows.
///
/// # Errors
/// [`Kind::LinkInvalid`], alike for everything that can be wrong.
pub async fn open_link(table: &Table, now: Time, key: &CodeKey, purpose: Purpose, token: &str) -> Result<Challenge, Problem> {
    let (id, secret) = token.split_once('.').ok_or(Kind::LinkInvalid)?;
    let id: ChallengeId = id.parse().map_err(|_| Kind::LinkInvalid)?;
    let challenge: Challenge = table.get(Challenge::key_of(id)).await?.ok_or(Kind::LinkInvalid)?;
    let fits = challenge.purpose == purpose && matches!(challenge.form, Form::Link) && challenge.expires_at > now;
    if challenge.is_proven_by(key, secret) && fits { Ok(challenge) } else { Err(Kind::LinkInvalid.into()) }
}
