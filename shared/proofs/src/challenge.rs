//! Challenges: codes and links that are sent to somebody, to prove that they own an address or number.
//!
//! A function writes the [`Challenge`] and the event that requests its sending in one transaction. The function `deliver` draws the code or
//! the link's token, stores its keyed hash and sends it. No other function sees the code. Sending again invalidates the previous code.
//!
//! A short code can be guessed. An attempt is counted by a conditional write before the code is compared, so that concurrent guesses are
//! limited too. When a short code is sent, all its attempts are counted in advance among the day's guesses ([`GUESSES`]). If they would
//! exceed the limit, a long code is sent, which cannot be guessed and whose attempts are not counted. So guessing never locks out the owner
//! of a code.

use std::time::Duration;

use accounts::{
    identifier::{Channel, Contact},
    user::owned,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use events::{Outbox, delivery::ChallengeIssued};
use kernel::{
    Id as _, Kind, Locale, Problem, Secret, Sys, Time, Timestamp,
    crypto::truncate,
    id::{ChallengeId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, Conditional as _, Index, Item, Key, Personal, Row, Slot, StoreError, Table, Tx, Update, field,
    limits::{self, DAY, Limit, Quota},
};
use utoipa::ToSchema;

use crate::{
    code::{draw_long, draw_short, in_groups},
    code_rules::CodeRules,
};

pub use crate::{code_key::CodeKey, purpose::Purpose};

/// The cooldown of mailed links.
pub const LINK_AGAIN: Quota =
    Quota::gap("resend_link", CodeRules::DEFAULT.of(Purpose::Activation, Channel::Email).gap(), "link").configurable();
/// The cooldown of mailed codes.
pub const MAIL_AGAIN: Quota =
    Quota::gap("resend_mail", CodeRules::DEFAULT.of(Purpose::StepUp, Channel::Email).gap(), "mail").configurable();
/// The cooldown of codes that sign in with a phone number.
pub const PHONE_AGAIN: Quota =
    Quota::gap("resend_phone", CodeRules::DEFAULT.of(Purpose::PhoneLogin, Channel::Sms).gap(), "text message to a number").configurable();
/// The cooldown of codes that set up a factor.
pub const SETUP_AGAIN: Quota = Quota::gap(
    "resend_setup",
    CodeRules::DEFAULT.of(Purpose::FactorSetup, Channel::Email).gap(),
    "code, then twice and four times as long",
)
.configurable();
/// The cooldown of other codes by text message.
pub const TEXT_AGAIN: Quota = Quota::gap(
    "resend_text",
    CodeRules::DEFAULT.of(Purpose::StepUp, Channel::Sms).gap(),
    "text message, then twice and four times as long",
)
.configurable();

impl Purpose {
    /// Returns the cooldown as a limit, and whether it doubles with each sending, up to four times its length.
    const fn again(self, channel: Channel) -> (Quota, bool) {
        match (self, channel) {
            (Self::Activation | Self::DeletionCancel | Self::PasswordReset | Self::ContactRestoration, _) => (LINK_AGAIN, false),
            (Self::PhoneLogin, _) => (PHONE_AGAIN, false),
            (Self::FactorSetup, _) => (SETUP_AGAIN, true),
            (_, Channel::Sms) => (TEXT_AGAIN, true),
            (Self::Registration | Self::SecondFactor | Self::StepUp | Self::ContactChange, Channel::Email) => (MAIL_AGAIN, false),
        }
    }
}

const fn seconds(number: u32) -> Duration {
    Duration::from_secs(number as u64)
}

/// The form of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A number of this many digits, to be typed.
    Code {
        /// The number of digits, 4 to 10.
        digits: u32,
    },
    /// A link with a token, to be opened.
    Link,
}

/// The share of the limit on messages to a destination in which a message is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// The share of clients that the account does not know.
    #[default]
    Strangers,
    /// The share of clients that the account knows.
    Known,
}

/// The default length of a code.
pub const DIGITS: u32 = 6;

/// A code or link that was sent, or is about to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// The id. For a link, the first half of the token.
    pub id: ChallengeId,
    /// The purpose.
    pub purpose: Purpose,
    /// The channel.
    pub channel: Channel,
    /// The form.
    pub form: Form,
    /// The address or number.
    pub destination: String,
    /// The language.
    pub locale: Locale,
    /// The user who has to prove it, if known. For a decoy it may be the user who requested it or the owner of the address, so it does not
    /// identify anybody.
    pub user: Option<UserId>,
    /// Whether the address belongs to another account. Its owner then gets a notice instead of a code, and the challenge can never be
    /// proven.
    pub decoy: bool,
    /// The number of the current sending, from 1.
    pub sending: u32,
    /// The number of sendings without a gap of 24 hours, from 1.
    #[serde(default)]
    pub in_a_row: u32,
    /// When another sending is allowed.
    pub resend_at: Time,
    /// When the current code expires.
    pub expires_at: Time,
    /// How long a code is valid, in seconds. This and the next two attributes have the rules of the deployment when the challenge was made.
    /// Challenges that lack them have the rule of mailed codes.
    #[serde(default = "Challenge::former_life")]
    pub life: u32,
    /// How many attempts a code allows.
    #[serde(default = "Challenge::former_tries")]
    pub tries_max: u32,
    /// The cooldown before the next sending, in seconds.
    #[serde(default = "Challenge::former_cooldown")]
    pub cooldown: u32,
    /// Attempts at the current code.
    pub tries: u32,
    /// Whether the current code is a long one, whatever `form` is.
    #[serde(default)]
    pub long: bool,
    /// The attempts that were counted in advance among the day's guesses when the current code was sent.
    #[serde(default)]
    pub booked: u32,
    /// The share of the limit on messages to the destination in which the current sending was counted.
    #[serde(default)]
    pub share: Share,
    /// Whether the destination is a contact that an account has proven.
    #[serde(default)]
    pub proven: bool,
    /// The keyed hash of the current code or token. `None` until `deliver` has drawn it.
    pub hash: Option<String>,
    /// The flow that requested the current code, if only that flow may use it.
    #[serde(default)]
    pub flow: Option<ChallengeId>,
    /// The number of the last sending that failed. It does not count for the cooldown.
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
    // The item contains an address, so the purge and the export of the account have to find it.
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.user.map(|user| (Index::Owner, owned(user, &self.key()))).into_iter().collect()
    }
    // An expired code is invalid, but the number of sendings without a gap of 24 hours still determines the next cooldown.
    fn expires(&self) -> Option<Time> {
        Some(self.forgotten_at())
    }
}

/// Information for a client about a code or link that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sent {
    /// The masked destination.
    #[schema(examples("a****@example.test"))]
    pub target: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When another code or link may be requested.
    pub resend_at: Timestamp,
    /// Remaining attempts. Attempts at a long code are not limited.
    pub tries_left: u32,
    /// The form, so that a client can show the right input.
    pub form: SentForm,
}

/// The form of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentForm {
    /// A few digits.
    Code,
    /// Twelve letters and digits in three groups, because of too many guesses on this day. Case, spaces and hyphens do not matter.
    LongCode,
    /// A link.
    Link,
}

impl Challenge {
    /// Returns the key of a challenge.
    #[must_use]
    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("CHALLENGE#{id}"), "CHALLENGE")
    }

    /// Returns a fixed id for the challenge of a purpose, a contact and a `subject`. There is only one such challenge at a time, so that
    /// every further request, from any client, is subject to the limits of the earlier code.
    #[must_use]
    pub fn id_of(purpose: Purpose, to: &Contact, subject: &str) -> ChallengeId {
        let digest =
            Sha256::new().chain_update(purpose.name()).chain_update([0]).chain_update(to.key()).chain_update([0]).chain_update(subject);
        ChallengeId::from_ulid(u128::from_be_bytes(truncate(digest.finalize().into())).into())
    }

    /// Creates a challenge that is not stored yet. [`Challenge::issue`] or [`Challenge::replace`] writes it.
    #[must_use]
    pub fn new(sys: &Sys, rules: &CodeRules, id: ChallengeId, purpose: Purpose, form: Form, to: &Contact, locale: Locale) -> Self {
        let channel = Channel::of(to);
        let (now, rule) = (sys.now(), rules.of(purpose, channel));
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
            resend_at: now + rule.gap(),
            expires_at: now + seconds(rule.life()),
            life: rule.life(),
            tries_max: rule.tries(),
            cooldown: rule.resend(),
            tries: 0,
            long: false,
            booked: 0,
            share: Share::Strangers,
            // Challenges for these purposes are sent to the account's own contacts, or to a former one.
            proven: matches!(
                purpose,
                Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup | Purpose::DeletionCancel | Purpose::ContactRestoration
            ),
            hash: None,
            flow: None,
            unsent: None,
        }
    }

    /// Returns the destination.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact::stored(self.channel, &self.destination)
    }

    /// Returns the same challenge, as a decoy if the address has an `owner`. A decoy is deleted with the owner's account.
    #[must_use]
    pub fn decoy_of(self, owner: Option<UserId>) -> Self {
        Self { decoy: owner.is_some(), user: owner, ..self }
    }

    /// Adds a new challenge and the event that requests its sending to a transaction.
    pub fn issue(&self, tx: &mut Tx, sys: &Sys) -> Slot {
        self.replace(tx, sys, None)
    }

    /// Adds this challenge to a transaction in place of the one `before`, with the event that requests its sending. The slot is
    /// refused if a concurrent request has replaced it first.
    pub fn replace(&self, tx: &mut Tx, sys: &Sys, before: Option<&Self>) -> Slot {
        let slot = match before {
            Some(before) => tx.put(self, field("sending").eq(before.sending)),
            None => tx.create(self),
        };
        Outbox::add(tx, sys, &ChallengeIssued { challenge: self.id, sending: self.sending });
        slot
    }

    /// Continues the counts of the challenge `before` under the same id, if its cooldown is over. Writes nothing: see
    /// [`Challenge::replace`].
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`]
    pub fn after_cooldown(&mut self, now: Time, before: Option<&Self>) -> Result<(), Problem> {
        let Some(before) = before else { return Ok(()) };
        if now < before.resend_at {
            return Err(before.too_early(now));
        }
        self.follow(before, now);
        (self.resend_at, self.expires_at) = (now + self.gap(), now + self.life());
        Ok(())
    }

    /// Returns the refusal of another sending before the end of the cooldown.
    #[must_use]
    #[track_caller]
    pub fn too_early(&self, now: Time) -> Problem {
        let (Quota { name, max, .. }, _) = self.purpose.again(self.channel);
        Problem::new(Kind::ResendTooEarly).retry_after(self.resend_at.since(now)).limited(name, max, seconds(self.cooldown))
    }

    /// Continues the counts of the challenge `before`, so that no two sendings have the same number. Does not check the cooldown: see
    /// [`Challenge::after_cooldown`].
    pub fn follow(&mut self, before: &Self, now: Time) {
        let rested = now >= before.forgotten_at();
        self.in_a_row = if rested { 1 } else { before.in_a_row.saturating_add(1) };
        self.sending = before.sending.saturating_add(1);
    }

    /// Returns whether the code is still valid and no new one may be requested yet.
    #[must_use]
    pub fn stands(&self, now: Time) -> bool {
        now < self.expires_at && now < self.resend_at && (self.long || self.tries < self.tries_max)
    }

    fn forgotten_at(&self) -> Time {
        self.expires_at + DAY
    }

    /// Returns the limit on the day's guesses that the attempts at a short code count for. `None` for a link.
    ///
    /// Codes of second factors share the account's limit with its authenticator app. Other codes have a limit per purpose and
    /// contact.
    #[must_use]
    pub fn guesses(&self) -> Option<Limit> {
        let subject = match (self.purpose, self.user) {
            (Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup, Some(user)) => {
                return Some(guesses_of(user).weighing(self.tries_max));
            }
            (Purpose::ContactChange, Some(user)) => format!("{} {user} {}", self.purpose.name(), self.contact().key()),
            _ => format!("{} {}", self.purpose.name(), self.contact().key()),
        };
        let limit = GUESSES.of(subject).weighing(self.tries_max);
        matches!(self.form, Form::Code { .. }).then_some(limit)
    }

    const fn former_life() -> u32 {
        CodeRules::DEFAULT.of(Purpose::Registration, Channel::Email).life()
    }

    pub(crate) const fn former_tries() -> u32 {
        CodeRules::DEFAULT.of(Purpose::Registration, Channel::Email).tries()
    }

    const fn former_cooldown() -> u32 {
        CodeRules::DEFAULT.of(Purpose::Registration, Channel::Email).resend()
    }

    /// Returns how long a code or link is valid.
    #[must_use]
    pub const fn life(&self) -> Duration {
        seconds(self.life)
    }

    /// Returns the cooldown after the current sending.
    fn gap(&self) -> Duration {
        let (_, growing) = self.purpose.again(self.channel);
        let doublings = if growing { self.in_a_row.saturating_sub(1).min(2) } else { 0 };
        seconds(self.cooldown).saturating_mul(2_u32.saturating_pow(doublings))
    }

    /// Changes the challenge to its next sending, which invalidates the previous code when it is written. Returns the state before the
    /// change, for [`Challenge::replace`].
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`]
    pub fn again(&mut self, now: Time) -> Result<Self, Problem> {
        let before = self.clone();
        self.after_cooldown(now, Some(&before))?;
        (self.tries, self.hash) = (0, None);
        Ok(before)
    }

    /// Adds the use of the challenge to a transaction. One of concurrent uses succeeds. The unused attempts that were counted in advance
    /// are given back to the day's guesses.
    pub fn consume(&self, tx: &mut Tx) -> Slot {
        let slot = tx.delete_when(self.key(), field("hash").eq(&self.hash));
        let left = self.booked.saturating_sub(self.tries.saturating_sub(1));
        if let Some(guesses) = self.guesses().filter(|_| left > 0) {
            guesses.give_back_in(tx, left, self.expires_at - self.life());
        }
        slot
    }

    /// Gives back the attempt of a right code if the operation failed and can be repeated, because the attempt was not a guess. Best
    /// effort.
    pub async fn refund_attempt(&self, table: &Table) {
        if self.long {
            return;
        }
        let same = field("sending").eq(self.sending).and(field("hash").eq(&self.hash));
        if let Err(e) = table.update(Update::of(self.key()).add("tries", -1).when(same)).await.refused_is_fine() {
            tracing::warn!(error = %e, "the attempt of a right code could not be given back");
        }
    }

    /// Gives back the guess of a right code that a concurrent request with the same code has used up. That request counted this attempt as
    /// a used one. Best effort.
    pub async fn give_back_guess(&self, table: &Table) {
        let guess = self.guesses().filter(|_| self.tries == 1 && self.booked > 0);
        limits::give_all_back(table, &guess.map(|guess| guess.weighing(1))).await;
    }

    /// Returns the information for the client.
    #[must_use]
    pub fn sent(&self) -> Sent {
        let target = match self.channel {
            Channel::Email => kernel::mask::email(&self.destination),
            Channel::Sms => kernel::mask::phone(&self.destination),
        };
        let tries_left = self.tries_max.saturating_sub(self.tries);
        let form = match self.form {
            Form::Link => SentForm::Link,
            Form::Code { .. } if self.long => SentForm::LongCode,
            Form::Code { .. } => SentForm::Code,
        };
        Sent { target, expires_at: self.expires_at.into(), resend_at: self.resend_at.into(), tries_left, form }
    }
}

/// The result of [`draw`].
#[derive(Debug)]
pub enum DrawnCode {
    /// A code or link to send.
    Fresh {
        /// The challenge.
        challenge: Challenge,
        /// The code in the form that is shown, or the token for the link's fragment.
        secret: Secret,
    },
    /// The address belongs to another account: notify its owner.
    Decoy(Challenge),
    /// A later sending replaced this one, or the challenge does not exist any more. Nothing is sent.
    Stale,
}

/// Draws the code or token of a sending and stores its hash. A repetition for the same sending draws a new one, so that the one that was
/// sent last is valid. `fixed` can return a fixed code for a destination.
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
) -> Result<DrawnCode, StoreError> {
    let Some(challenge) = table.get::<Challenge>(Challenge::key_of(id)).await? else { return Ok(DrawnCode::Stale) };
    if challenge.sending != sending || challenge.expires_at <= sys.now() {
        return Ok(DrawnCode::Stale);
    }
    let (secret, hashed) = match challenge.form {
        Form::Code { digits } => {
            if let Some(known) = fixed(&challenge.destination) {
                // A long code would not help, because a fixed code is known to everybody.
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

async fn store_hash(table: &Table, key: &CodeKey, drawn: Challenge, secret: Secret, hashed: &str) -> Result<DrawnCode, StoreError> {
    let store = Update::of(drawn.key()).set("hash", key.hash(drawn.id, hashed)).set("long", drawn.long);
    let stored = table.update(store.when(field("sending").eq(drawn.sending))).await.unless_refused()?;
    Ok(match stored.map(Row::decode::<Challenge>).transpose()? {
        // A decoy has a code too, which is not sent, so that guesses at it get the same answers.
        Some(decoy) if decoy.decoy => DrawnCode::Decoy(decoy),
        Some(challenge) => DrawnCode::Fresh { challenge, secret },
        None => DrawnCode::Stale,
    })
}

impl Challenge {
    /// Returns whether this is the code or token that was sent.
    pub(crate) fn is_proven_by(&self, key: &CodeKey, secret: &str) -> bool {
        let stored = self.hash.as_deref().unwrap_or_default();
        kernel::secret::same(key.hash(self.id, secret).as_bytes(), stored.as_bytes()) && !self.decoy
    }
}

/// The limit on attempts at short codes for an account, number or address in a day, over all flows. With 20 attempts at six digits, the
/// chance to guess a code in a day is 20 in a million.
pub const GUESSES: Quota = Quota::window(
    "code_guesses",
    20,
    DAY,
    "attempts at the codes of an account's app, of which the first five count as three each, and at codes that were sent",
);

/// Returns the limit on the day's guesses at an account: at its authenticator app and at the codes of its second factors.
pub(crate) fn guesses_of(user: UserId) -> Limit {
    GUESSES.of(format!("account {user}"))
}

/// Returns the challenge of a link's token. Only reads; the caller consumes the challenge in the transaction that the link permits.
///
/// # Errors
/// [`Kind::LinkInvalid`] for every reason, so that the answer hides it.
pub async fn open_link(table: &Table, now: Time, key: &CodeKey, purpose: Purpose, token: &str) -> Result<Challenge, Problem> {
    let (id, secret) = token.split_once('.').ok_or(Kind::LinkInvalid)?;
    let id: ChallengeId = id.parse().map_err(|_| Kind::LinkInvalid)?;
    let challenge: Challenge = table.get(Challenge::key_of(id)).await?.ok_or(Kind::LinkInvalid)?;
    let fits = challenge.purpose == purpose && matches!(challenge.form, Form::Link) && challenge.expires_at > now;
    if challenge.is_proven_by(key, secret) && fits { Ok(challenge) } else { Err(Kind::LinkInvalid.into()) }
}
