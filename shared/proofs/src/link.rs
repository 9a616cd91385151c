//! The owner of a mailed link: what the page of the link shows before its form is sent. Only a valid token gets an answer, and it stays
//! valid.

use accounts::identifier::Username;
use kernel::{Client, Problem, Time, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    Table,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;

use crate::challenge::{self, Challenge, CodeKey, Purpose};

/// The limit on such requests of one client. A page makes one request each time it is loaded.
pub const QUESTIONS: Quota = Quota::window("link_client", 60, HOUR, "questions about links, for a client");

/// The mailed token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// The part after `#token=` in the link.
    #[schema(max_length = 100)]
    pub token: String,
}

/// The account that a link is about.
#[derive(Serialize, ToSchema)]
pub struct LinkOwner {
    /// The username, with which a password manager stores the password.
    #[schema(value_type = String, examples("ana_nowak"))]
    pub username: Username,
    /// The masked address that the link was sent to.
    #[schema(examples("a****@example.test"))]
    pub target: String,
    /// When the link expires.
    pub expires_at: Timestamp,
    /// For a link that cancels a deletion: when the deletion begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

impl LinkOwner {
    /// Returns the answer for the link of this challenge, whose account has this name.
    #[must_use]
    pub fn of(link: &Challenge, username: Username) -> Self {
        let sent = link.sent();
        Self { username, target: sent.target, expires_at: sent.expires_at, due_at: None }
    }
}

/// Counts the client's request and returns the challenge of the token. Changes nothing else.
///
/// # Errors
/// [`kernel::Kind::TooManyRequests`], or as [`challenge::open_link`].
pub async fn open(
    table: &Table,
    now: Time,
    key: &CodeKey,
    purpose: Purpose,
    client: &Client,
    link: &LinkToken,
) -> Result<Challenge, Problem> {
    limits::take(table, now, &[QUESTIONS.of(client.network())]).await?;
    challenge::open_link(table, now, key, purpose, link.token.trim()).await
}
