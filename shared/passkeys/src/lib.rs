//! Passkeys: WebAuthn credentials of a person for our own sites.
//!
//! `webauthn-rs` performs the ceremonies. The state of a ceremony is stored on the server, in the flow that started it. It is valid for
//! five minutes and one answer. A passkey is registered as a discoverable credential, so that browsers offer it without a username. User
//! verification is always required, so that a passkey counts as two factors. All failures get the same error.
//!
//! It is a separate crate so that only the functions that use passkeys link its cryptography.

use std::{sync::Arc, time::Duration};

use accounts::user::{User, partition};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{
    ConfigError, Env, Id as _, Kind, Origins, Problem, Sys, Time,
    env::Reader,
    id::{PasskeyId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{About, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field};
use url::Url;
use uuid::Uuid;
pub use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{DiscoverableAuthentication, DiscoverableKey, Passkey as Key_, PasskeyAuthentication, PasskeyRegistration, WebauthnError},
};

store::items![Passkey];

/// The maximum number of passkeys of a person.
pub const MAX: usize = 10;
/// The timeout of a ceremony (WebAuthn §15.1 recommends five to ten minutes).
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The maximum number of characters of a passkey's name.
pub const NAME_MAX: usize = 50;

/// A passkey of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Passkey {
    /// The id of the passkey.
    pub id: PasskeyId,
    /// The owner.
    pub user: UserId,
    /// The name that the owner gave it.
    pub name: String,
    /// When it was registered.
    pub created_at: Time,
    /// When it was last used to sign in or to step up.
    pub last_used_at: Option<Time>,
    /// The public key with its data, serialized by the library.
    credential: String,
    /// The signature counter: increased with every use by authenticators that count.
    counted: u32,
}

impl Passkey {
    /// Returns the key of a passkey.
    #[must_use]
    pub fn key_of(user: UserId, id: PasskeyId) -> Key {
        Key::new(partition(user), format!("PASSKEY#{id}"))
    }

    fn credential(&self) -> Result<Key_, Problem> {
        serde_json::from_str(&self.credential).map_err(Problem::internal)
    }
}

impl Item for Passkey {
    const KIND: &'static str = "passkey";
    // The credential is not exported, because only the authenticator can use it.
    const ABOUT: About = About::beside_user("PASSKEY#{passkey}", Personal::Exported(&["id", "name", "created_at", "last_used_at"]));
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
}

/// Returns all passkeys of a person, oldest first. At most [`MAX`].
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    Ok(table.query::<Passkey>(Range::of(partition(user)).prefix("PASSKEY#")).await?.items)
}

/// The request to an authenticator, and the state with which its answer is verified.
#[derive(Debug)]
pub struct Ceremony {
    /// For `navigator.credentials`: the options as JSON.
    pub options: Value,
    /// The state, which must be stored on the server and not sent to the client.
    pub state: String,
}

/// The state of a ceremony, and its timeout.
#[derive(Serialize, Deserialize)]
struct State<T> {
    until: Time,
    state: T,
}

/// A verified answer.
#[derive(Debug)]
pub struct VerifiedAnswer {
    passkey: Passkey,
    credential: String,
    counted: u32,
}

impl VerifiedAnswer {
    /// Adds the use to a transaction. The slot is refused if the passkey was deleted, or used with a higher counter in between.
    pub fn note(&self, tx: &mut Tx, now: Time) -> Slot {
        let note = Update::of(self.passkey.key()).set("last_used_at", now).set("credential", &self.credential).set("counted", self.counted);
        tx.update(note.when(field("counted").eq(self.passkey.counted)))
    }
}

/// Why an answer was refused.
#[derive(Debug)]
pub enum AnswerError {
    /// The answer does not match the request, is too late, or is of an unknown passkey.
    Invalid,
    /// The signature counter has not increased: the passkey may have been copied.
    Copied,
    /// An internal error.
    Problem(Problem),
}

impl From<Problem> for AnswerError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<AnswerError> for Problem {
    #[track_caller]
    fn from(refusal: AnswerError) -> Self {
        match refusal {
            AnswerError::Invalid | AnswerError::Copied => Self::new(Kind::PasskeyInvalid),
            AnswerError::Problem(problem) => problem,
        }
    }
}

/// The site of the passkeys: the relying party of WebAuthn.
#[derive(Clone)]
pub struct Site(Arc<Webauthn>);

impl Site {
    /// [`Site::read`] for a function without other settings.
    ///
    /// # Errors
    /// [`ConfigError`], with the name of the variable.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        env.read(Self::read)?.ok_or_else(|| ConfigError(vec!["PASSKEY_DOMAIN does not serve".to_owned()]))
    }

    /// Reads `PASSKEY_DOMAIN` (empty means the host of `PUBLIC_URL`) and those of `ALLOWED_ORIGINS` that are within the domain.
    ///
    /// A passkey is bound to its domain. With another domain all existing passkeys are lost.
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let public = r.need("PUBLIC_URL");
        let own = Url::parse(&public).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let domain = Some(r.or("PASSKEY_DOMAIN", String::new())).filter(|d| !d.is_empty()).unwrap_or(own);
        let within = |url: &Url| url.domain().is_some_and(|host| host == domain || host.ends_with(&format!(".{domain}")));
        let allowed = Origins::read(r);
        let origins = allowed.hosts().chain([&*public]).filter_map(|o| Url::parse(o).ok());
        let origins: Vec<Url> = origins.filter(within).collect();
        let Some(first) = origins.first() else {
            r.wrong("PASSKEY_DOMAIN: none of ALLOWED_ORIGINS is within it".to_owned());
            return None;
        };
        let builder = WebauthnBuilder::new(&domain, first).map(|b| b.rp_name("Stoa").timeout(PATIENCE).allow_any_port(allowed.any_port()));
        let built = builder.and_then(|b| origins.iter().skip(1).fold(b, WebauthnBuilder::append_allowed_origin).build());
        if built.is_err() {
            r.wrong("PASSKEY_DOMAIN is no domain".to_owned());
        }
        built.ok().map(|site| Self(Arc::new(site)))
    }

    /// Starts the registration of a new passkey, on an authenticator that has none of the person's existing ones.
    ///
    /// # Errors
    /// An internal [`Problem`].
    pub fn ask_for_new(&self, now: Time, user: &User, has: &[Passkey]) -> Result<Ceremony, Problem> {
        let known = has.iter().map(|p| p.credential().map(|c| c.cred_id().clone())).collect::<Result<Vec<_>, _>>()?;
        let name = user.username.as_ref();
        let shown = user.first_name.as_ref().map_or(name, AsRef::as_ref);
        let (challenge, state) = self.0.start_passkey_registration(handle(user.id), name, shown, Some(known)).map_err(Problem::internal)?;
        let mut options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        // A discoverable credential, so that browsers can offer it without a username. The library neither requests this nor checks it in
        // the answer.
        if let Some(Value::Object(selection)) = options.get_mut("authenticatorSelection") {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        Ok(Ceremony { options, state: state_until(now, &state)? })
    }

    /// Verifies the answer of a registration.
    ///
    /// # Errors
    /// [`Kind::PasskeyInvalid`]
    pub fn accept(
        &self,
        sys: &Sys,
        user: UserId,
        name: String,
        state: &str,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<Passkey, Problem> {
        let state: PasskeyRegistration = read_state(sys.now(), state).ok_or(Kind::PasskeyInvalid)?;
        if !is_consistent(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(Kind::PasskeyInvalid.into());
        }
        let credential = self.0.finish_passkey_registration(answer, &state).map_err(refused)?;
        if credential.cred_id().as_ref() as &[u8] != answer.raw_id.as_ref() as &[u8] {
            return Err(Kind::PasskeyInvalid.into());
        }
        let credential = serde_json::to_string(&credential).map_err(Problem::internal)?;
        Ok(Passkey { id: sys.id(), user, name, created_at: sys.now(), last_used_at: None, credential, counted: 0 })
    }

    /// Starts an authentication with one of these passkeys.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`] if there are none.
    pub fn ask(&self, now: Time, has: &[Passkey]) -> Result<Ceremony, Problem> {
        if has.is_empty() {
            return Err(Kind::FactorUnavailable.into());
        }
        let known = has.iter().map(Passkey::credential).collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) = self.0.start_passkey_authentication(&known).map_err(Problem::internal)?;
        let options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        Ok(Ceremony { options, state: state_until(now, &state)? })
    }

    /// Verifies the answer to [`Site::ask`] for this person.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn check(
        &self,
        now: Time,
        state: &str,
        answer: &PublicKeyCredential,
        user: UserId,
        has: Vec<Passkey>,
    ) -> Result<VerifiedAnswer, AnswerError> {
        let state: PasskeyAuthentication = read_state(now, state).ok_or(AnswerError::Invalid)?;
        // The answer may omit the user handle (WebAuthn §7.2, step 6), but a given one must be the person's.
        let theirs = answer.response.user_handle.as_ref().is_none_or(|said| said.as_ref() as &[u8] == handle(user).as_bytes());
        if !theirs || !is_consistent(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(AnswerError::Invalid);
        }
        let result = self.0.finish_passkey_authentication(answer, &state).map_err(|e| answer_error(&e))?;
        answered(&result, has)
    }

    /// Starts an authentication with any passkey of any person.
    ///
    /// # Errors
    /// An internal [`Problem`].
    pub fn ask_for_any(&self, now: Time) -> Result<Ceremony, Problem> {
        let (challenge, state) = self.0.start_discoverable_authentication().map_err(Problem::internal)?;
        let options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        Ok(Ceremony { options, state: state_until(now, &state)? })
    }

    /// Returns the person that an answer to [`Site::ask_for_any`] names. It is not verified yet.
    #[must_use]
    pub fn whose(&self, answer: &PublicKeyCredential) -> Option<UserId> {
        let (user, _) = self.0.identify_discoverable_authentication(answer).ok()?;
        Some(UserId::from_ulid(user.as_u128().into()))
    }

    /// Verifies the answer to [`Site::ask_for_any`] with the passkeys of the person it names.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn check_any(
        &self,
        now: Time,
        state: &str,
        answer: &PublicKeyCredential,
        has: Vec<Passkey>,
    ) -> Result<VerifiedAnswer, AnswerError> {
        let state: DiscoverableAuthentication = read_state(now, state).ok_or(AnswerError::Invalid)?;
        if !is_consistent(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(AnswerError::Invalid);
        }
        let credentials = has.iter().map(Passkey::credential).collect::<Result<Vec<_>, _>>()?;
        let fits = |c: &&Key_| c.cred_id().as_ref() as &[u8] == answer.get_credential_id();
        let credential = credentials.iter().find(fits).map(DiscoverableKey::from).ok_or(AnswerError::Invalid)?;
        let result = self.0.finish_discoverable_authentication_v2(answer, state, &credential).map_err(|e| answer_error(&e))?;
        answered(&result, has)
    }
}

/// Returns whether both ids of a credential are the same and its type is right. The library checks only one of the ids.
fn is_consistent(id: &str, raw_id: &[u8], kind: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.encode(raw_id) == id && kind == "public-key"
}

fn answered(result: &webauthn_rs::prelude::AuthenticationResult, has: Vec<Passkey>) -> Result<VerifiedAnswer, AnswerError> {
    if !result.user_verified() {
        return Err(AnswerError::Invalid);
    }
    for passkey in has {
        let mut credential = passkey.credential()?;
        if credential.update_credential(result).is_some() {
            let credential = serde_json::to_string(&credential).map_err(Problem::internal)?;
            return Ok(VerifiedAnswer { counted: result.counter(), credential, passkey });
        }
    }
    Err(AnswerError::Invalid)
}

/// Returns the user handle that an authenticator stores: the person's id, 16 bytes.
fn handle(user: UserId) -> Uuid {
    Uuid::from_u128(user.ulid().into())
}

fn state_until<T: Serialize>(now: Time, state: &T) -> Result<String, Problem> {
    serde_json::to_string(&State { until: now + PATIENCE, state }).map_err(Problem::internal)
}

fn read_state<T: serde::de::DeserializeOwned>(now: Time, text: &str) -> Option<T> {
    let State { until, state } = serde_json::from_str(text).ok()?;
    (now < until).then_some(state)
}

fn answer_error(e: &WebauthnError) -> AnswerError {
    tracing::info!(reason = ?e, "a passkey was refused");
    if matches!(e, WebauthnError::CredentialPossibleCompromise) { AnswerError::Copied } else { AnswerError::Invalid }
}

fn refused(e: WebauthnError) -> Problem {
    answer_error(&e).into()
}

/// Parses the name of a passkey: 1 to [`NAME_MAX`] characters after trimming, at least one of them visible.
///
/// # Errors
/// `required` or `too_long`.
pub fn name(text: &str) -> Result<String, kernel::FieldError> {
    kernel::fields::name(text, NAME_MAX)
}
