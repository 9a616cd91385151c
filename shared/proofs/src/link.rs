//! Whose account a mailed link is about: what its page tells before the form is sent. Only the valid token of the link is answered,
//! and it stays valid.

use accounts::identifier::Username;
use kernel::{Client, Problem, Time, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    Table,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;

use crate::challenge::{self, Challenge, CodeKey, Purpose};

/// Questions about links that one client may ask. A page asks once each time it is loaded.
pub const QUESTIONS: Quota = Quota::window("link_client", 60, HOUR, "questions about links, for a client");

/// The mailed token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// The part after `#token=` in the link.
    #[schema(max_length = 100)]
    pub token: String,
}

/// Whose account a link is about.
#[derive(Serialize, ToSchema)]
pub struct LinkOwner {
    /// The username, which a password manager stores the password with.
    #[schema(value_type = String, examples("ana_nowak"))]
    pub username: Username,
    /// The masked address that the link was sent to.
    #[schema(examples("a****@example.test"))]
    pub target: String,
    /// When the link expires.
    pub expires_at: Timestamp,
    /// For a link that cancels a deletion: when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

impl LinkOwner {
    /// What the link of this challenge tells about the account with this name.
    #[must_use]
    pub fn of(link: &Challenge, username: Username) -> Self {
        let sent = link.sent();
        Self { username, target: sent.target, expires_at: sent.expires_at, due_at: None }
    }
}

/// The challenge of a token, after the client's question is counted. Changes nothing else.
///
/// # Errors
/// [`kernel::Kind::TooManyRequests`], or as [`challenge::open_link`].
pub async fn asked(
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
