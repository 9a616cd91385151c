//! Passkeys: WebAuthn credentials that unlock for their owner only, and only on our own sites.
//!
//! The ceremonies are `webauthn-rs`'s. What is asked is kept on the server, in the flow that asks, for five minutes and one
//! answer. A passkey is registered so that browsers can offer it without a name being typed, and always verifies its user:
//! alone it is two factors. Whatever goes wrong with one is told alike.
//!
//! A crate of its own, because only the functions that talk to passkeys should carry their cryptography.

use std::{sync::Arc, time::Duration};

use accounts::user::{User, partition};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{
    ConfigError, Env, Id as _, Kind, Problem, Sys, Time,
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

/// Passkeys of one person.
pub const MOST: usize = 10;
/// How long an answer may take (WebAuthn §15.1 recommends five to ten minutes).
pub const PATIENCE: Duration = Duration::from_secs(300);
/// Longest name of a passkey, in characters.
pub const NAME_MAX: usize = 50;

/// A passkey of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Passkey {
    /// Which.
    pub id: PasskeyId,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub created_at: Time,
    /// When it last signed in or stepped up.
    pub last_used_at: Option<Time>,
    /// The public key and what else belongs to it, as the library keeps it.
    credential: String,
    /// Raised by every use that the authenticator counts.
    counted: u32,
}

impl Passkey {
    /// Where a passkey is.
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
    // Not the credential, which only the authenticator can use.
    const ABOUT: About = About::beside_user("PASSKEY#{passkey}", Personal::Exported(&["id", "name", "created_at", "last_used_at"]));
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
}

/// All passkeys of a person, oldest first. Bounded by [`MOST`].
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    Ok(table.query::<Passkey>(Range::of(partition(user)).prefix("PASSKEY#")).await?.items)
}

/// What an authenticator is asked, and what must be kept to judge its answer.
#[derive(Debug)]
pub struct Asked {
    /// For `navigator.credentials`: the options as JSON.
    pub options: Value,
    /// To be kept on the server.
    pub state: String,
}

/// What is kept, and until when.
#[derive(Serialize, Deserialize)]
struct State<T> {
    until: Time,
    state: T,
}

/// A right answer.
#[derive(Debug)]
pub struct Answered {
    passkey: Passkey,
    credential: String,
    counted: u32,
}

impl Answered {
    /// Adds the use to a transaction. The slot is refused if the passkey is gone, or was used meanwhile with a later count.
    pub fn note(&self, tx: &mut Tx, now: Time) -> Slot {
        let note = Update::of(self.passkey.key()).set("last_used_at", now).set("credential", &self.credential).set("counted", self.counted);
        tx.update(note.when(field("counted").eq(self.passkey.counted)))
    }
}

/// Why an answer is refused.
#[derive(Debug)]
pub enum Refusal {
    /// It does not fit what was asked, is late, or of a passkey that is not known here.
    Invalid,
    /// Its count went back: there may be a copy of it.
    Copied,
    /// Something of ours does not work.
    Problem(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Problem {
    #[track_caller]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid | Refusal::Copied => Self::new(Kind::PasskeyInvalid),
            Refusal::Problem(problem) => problem,
        }
    }
}

/// The site that passkeys belong to.
#[derive(Clone)]
pub struct Site(Arc<Webauthn>);

impl Site {
    /// As [`Site::read`], by itself.
    ///
    /// # Errors
    /// [`ConfigError`], which names the variable.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        env.read(Self::read)?.ok_or_else(|| ConfigError(vec!["PASSKEY_DOMAIN does not serve".to_owned()]))
    }

    /// Reads `PASSKEY_DOMAIN` (empty means the host of `PUBLIC_URL`) and `ALLOWED_ORIGINS`, of which those count that are within it.
    ///
    /// Passkeys belong to a domain for good: with another one those from before are gone.
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let public = r.need("PUBLIC_URL");
        let own = Url::parse(&public).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let domain = Some(r.or("PASSKEY_DOMAIN", String::new())).filter(|d| !d.is_empty()).unwrap_or(own);
        let within = |url: &Url| url.domain().is_some_and(|host| host == domain || host.ends_with(&format!(".{domain}")));
        let origins = r.list("ALLOWED_ORIGINS").into_iter().chain([public]).filter_map(|o| Url::parse(&o).ok());
        let origins: Vec<Url> = origins.filter(within).collect();
        let Some(first) = origins.first() else {
            r.wrong("PASSKEY_DOMAIN: none of ALLOWED_ORIGINS is within it".to_owned());
            return None;
        };
        let builder = WebauthnBuilder::new(&domain, first).map(|b| b.rp_name("Stoa").timeout(PATIENCE));
        let built = builder.and_then(|b| origins.iter().skip(1).fold(b, WebauthnBuilder::append_allowed_origin).build());
        if built.is_err() {
            r.wrong("PASSKEY_DOMAIN is no domain".to_owned());
        }
        built.ok().map(|site| Self(Arc::new(site)))
    }

    /// Asks an authenticator for a new passkey; not one of those that the person has already.
    ///
    /// # Errors
    /// An internal [`Problem`].
    pub fn ask_for_new(&self, now: Time, user: &User, has: &[Passkey]) -> Result<Asked, Problem> {
        let known = has.iter().map(|p| p.credential().map(|c| c.cred_id().clone())).collect::<Result<Vec<_>, _>>()?;
        let name = user.username.as_ref();
        let shown = user.first_name.as_ref().map_or(name, AsRef::as_ref);
        let (challenge, state) = self.0.start_passkey_registration(handle(user.id), name, shown, Some(known)).map_err(Problem::internal)?;
        let mut options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        // Kept by the authenticator itself, so that browsers can offer it without a name. The library would rather not ask for
        // that, and does not look at it in the answer.
        if let Some(Value::Object(selection)) = options.get_mut("authenticatorSelection") {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        Ok(Asked { options, state: keep(now, &state)? })
    }

    /// Judges a new passkey.
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
        let state: PasskeyRegistration = kept(sys.now(), state).ok_or(Kind::PasskeyInvalid)?;
        if !whole(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(Kind::PasskeyInvalid.into());
        }
        let credential = self.0.finish_passkey_registration(answer, &state).map_err(refused)?;
        if credential.cred_id().as_ref() as &[u8] != answer.raw_id.as_ref() as &[u8] {
            return Err(Kind::PasskeyInvalid.into());
        }
        let credential = serde_json::to_string(&credential).map_err(Problem::internal)?;
        Ok(Passkey { id: sys.id(), user, name, created_at: sys.now(), last_used_at: None, credential, counted: 0 })
    }

    /// Asks for one of these passkeys.
    ///
    /// # Errors
    /// [`Kind::FactorUnavailable`] if there are none.
    pub fn ask(&self, now: Time, has: &[Passkey]) -> Result<Asked, Problem> {
        if has.is_empty() {
            return Err(Kind::FactorUnavailable.into());
        }
        let known = has.iter().map(Passkey::credential).collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) = self.0.start_passkey_authentication(&known).map_err(Problem::internal)?;
        let options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        Ok(Asked { options, state: keep(now, &state)? })
    }

    /// Judges the answer of this person to [`Site::ask`].
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check(
        &self,
        now: Time,
        state: &str,
        answer: &PublicKeyCredential,
        user: UserId,
        has: Vec<Passkey>,
    ) -> Result<Answered, Refusal> {
        let state: PasskeyAuthentication = kept(now, state).ok_or(Refusal::Invalid)?;
        // Whose it is need not be said here (WebAuthn §7.2, step 6), but nothing else may be.
        let theirs = answer.response.user_handle.as_ref().is_none_or(|said| said.as_ref() as &[u8] == handle(user).as_bytes());
        if !theirs || !whole(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(Refusal::Invalid);
        }
        let result = self.0.finish_passkey_authentication(answer, &state).map_err(|e| refusal(&e))?;
        answered(&result, has)
    }

    /// Asks for whichever passkey of ours there is, of whomever.
    ///
    /// # Errors
    /// An internal [`Problem`].
    pub fn ask_for_any(&self, now: Time) -> Result<Asked, Problem> {
        let (challenge, state) = self.0.start_discoverable_authentication().map_err(Problem::internal)?;
        let options = serde_json::to_value(challenge.public_key).map_err(Problem::internal)?;
        Ok(Asked { options, state: keep(now, &state)? })
    }

    /// Whose the passkey is that answers [`Site::ask_for_any`]. Proves nothing yet.
    #[must_use]
    pub fn whose(&self, answer: &PublicKeyCredential) -> Option<UserId> {
        let (user, _) = self.0.identify_discoverable_authentication(answer).ok()?;
        Some(UserId::from_ulid(user.as_u128().into()))
    }

    /// Judges the answer to [`Site::ask_for_any`] by the passkeys of whoever it says it is.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check_any(&self, now: Time, state: &str, answer: &PublicKeyCredential, has: Vec<Passkey>) -> Result<Answered, Refusal> {
        let state: DiscoverableAuthentication = kept(now, state).ok_or(Refusal::Invalid)?;
        if !whole(&answer.id, answer.raw_id.as_ref(), &answer.type_) {
            return Err(Refusal::Invalid);
        }
        let credentials = has.iter().map(Passkey::credential).collect::<Result<Vec<_>, _>>()?;
        let fits = |c: &&Key_| c.cred_id().as_ref() as &[u8] == answer.get_credential_id();
        let credential = credentials.iter().find(fits).map(DiscoverableKey::from).ok_or(Refusal::Invalid)?;
        let result = self.0.finish_discoverable_authentication_v2(answer, state, &credential).map_err(|e| refusal(&e))?;
        answered(&result, has)
    }
}

/// Whether a credential names itself once, and is of the kind there is; the library looks at one of its two names only.
fn whole(id: &str, raw_id: &[u8], kind: &str) -> bool {
    BASE64_URL_SAFE_NO_PAD.encode(raw_id) == id && kind == "public-key"
}

fn answered(result: &webauthn_rs::prelude::AuthenticationResult, has: Vec<Passkey>) -> Result<Answered, Refusal> {
    if !result.user_verified() {
        return Err(Refusal::Invalid);
    }
    for passkey in has {
        let mut credential = passkey.credential()?;
        if credential.update_credential(result).is_some() {
            let credential = serde_json::to_string(&credential).map_err(Problem::internal)?;
            return Ok(Answered { counted: result.counter(), credential, passkey });
        }
    }
    Err(Refusal::Invalid)
}

/// What an authenticator keeps as the person's name: their id, 16 bytes.
fn handle(user: UserId) -> Uuid {
    Uuid::from_u128(user.ulid().into())
}

fn keep<T: Serialize>(now: Time, state: &T) -> Result<String, Problem> {
    serde_json::to_string(&State { until: now + PATIENCE, state }).map_err(Problem::internal)
}

fn kept<T: serde::de::DeserializeOwned>(now: Time, text: &str) -> Option<T> {
    let State { until, state } = serde_json::from_str(text).ok()?;
    (now < until).then_some(state)
}

fn refusal(e: &WebauthnError) -> Refusal {
    tracing::info!(reason = ?e, "a passkey was refused");
    if matches!(e, WebauthnError::CredentialPossibleCompromise) { Refusal::Copied } else { Refusal::Invalid }
}

fn refused(e: WebauthnError) -> Problem {
    refusal(&e).into()
}

/// A name that its owner can tell it apart by: 1 to [`NAME_MAX`] characters once trimmed.
///
/// # Errors
/// `required` or `too_long`.
pub fn name(text: &str) -> Result<String, kernel::FieldError> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(kernel::FieldError::new("required")),
        n if n > NAME_MAX => Err(kernel::FieldError::new("too_long").with("max", NAME_MAX)),
        _ => Ok(name.to_owned()),
    }
}
