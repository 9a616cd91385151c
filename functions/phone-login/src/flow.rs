//! The flow: an unfinished sign-in by phone of one client. It refers to the challenge of the number, and does not store the number.

use std::time::Duration;

use accounts::identifier::Contact;
use kernel::{Kind, Locale, Problem, Sys, Time, id::ChallengeId};
use proofs::{
    FlowToken,
    challenge::{Challenge, Purpose},
    sign_in::SignInOptions,
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Table};

/// How long a flow is valid.
const LIFE: Duration = Duration::from_secs(3600);

/// An unfinished sign-in by phone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// [`FlowToken::id`]
    pub id: ChallengeId,
    /// The number's challenge.
    pub challenge: ChallengeId,
    /// The language of the messages, and of a new account.
    pub locale: Locale,
    /// The options of the client.
    #[serde(rename = "wish")]
    pub options: SignInOptions,
    pub expires_at: Time,
}

impl Flow {
    /// Creates a flow that begins now.
    pub fn begin(sys: &Sys, token: &FlowToken, to: &Contact, locale: Locale, options: SignInOptions) -> Self {
        let challenge = Challenge::id_of(Purpose::PhoneLogin, to, "");
        Self { id: token.id(), challenge, locale, options, expires_at: sys.now() + LIFE }
    }

    /// Reads a flow that has not expired. One request.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub async fn load(table: &Table, now: Time, token: &FlowToken) -> Result<Self, Problem> {
        Self::open(table.get(Self::key_of(token.id())).await?, now)
    }

    /// Returns the same, for an item that was read together with others.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub fn open(found: Option<Self>, now: Time) -> Result<Self, Problem> {
        found.filter(|f| f.expires_at > now).ok_or_else(|| Kind::NotFound.into())
    }

    pub fn key_of(id: ChallengeId) -> Key {
        Key::new(format!("PHONE_SIGN_IN#{id}"), "FLOW")
    }
}

impl Item for Flow {
    const KIND: &'static str = "phone_sign_in";
    const ABOUT: About =
        About::at("PHONE_SIGN_IN#{flow}", "FLOW", Personal::Withheld("it refers to the challenge of a number, not to a person")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}
