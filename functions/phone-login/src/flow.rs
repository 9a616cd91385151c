//! The flow: who asked for a code, and how their client keeps its tokens. It names the number's
//! challenge and not the number.

use std::time::Duration;

use accounts::identifier::Contact;
use kernel::{Kind, Locale, Problem, Sys, Time, id::ChallengeId};
use proofs::{
    FlowToken,
    challenge::{Challenge, Purpose},
    sign_in::Wish,
};
use serde::{Deserialize, Serialize};
use store::{Item, Key, Table};

/// How long a flow can be gone on with: as long as it takes to have five codes sent.
const LIFE: Duration = Duration::from_secs(3600);

/// A sign-in by phone that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// [`FlowToken::id`]
    pub id: ChallengeId,
    /// The number's challenge.
    pub challenge: ChallengeId,
    /// The language of the messages, and of an account that is made.
    pub locale: Locale,
    /// What the client asked for.
    pub wish: Wish,
    pub expires_at: Time,
}

impl Flow {
    /// A sign-in that begins now.
    pub fn begin(sys: &Sys, token: &FlowToken, to: &Contact, locale: Locale, wish: Wish) -> Self {
        let challenge = Challenge::id_of(Purpose::PhoneLogin, to, "");
        Self { id: token.id(), challenge, locale, wish, expires_at: sys.now() + LIFE }
    }

    /// A flow that was begun and not forgotten. One request.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub async fn load(table: &Table, now: Time, token: &FlowToken) -> Result<Self, Problem> {
        Self::open(table.get(Self::key_of(token.id())).await?, now)
    }

    /// The same, as it was read with other things.
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
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}
