//! The completion of a sign-in: the new session, or another step.

use accounts::{
    audit::{Action, Audit, AuditEntry},
    session::{self, Opening, RefreshToken, Session},
    token::{Method, Tokens},
    user::User,
};
use axum::response::{IntoResponse, Response};
use callers::bearer;
use http::HeaderMap;
use kernel::{Kind, Origin, Problem, Secret, Time};
use store::{Table, Tx};

use crate::{
    device::{self, Device},
    sign_in::{SignInOptions, SignInStep},
    signed_in::{self, SessionIssuer, SignedIn},
};

/// The result of a step of a sign-in.
#[derive(Debug)]
pub enum SignInReply {
    /// Signed in.
    Done(Box<SignedIn>),
    /// Another step is needed.
    Step(Box<SignInStep>),
}

impl IntoResponse for SignInReply {
    fn into_response(self) -> Response {
        match self {
            Self::Done(signed_in) => signed_in.created().into_response(),
            Self::Step(step) => web::Accepted(step).into_response(),
        }
    }
}

/// Returns the session that a client already has, by the refresh token in its cookie or its access token. The new session replaces it,
/// because only one person is signed in at a client. `None` for invalid tokens. One read if a token is sent.
///
/// # Errors
/// A [`Problem`] if the table does not work.
pub async fn previous_session(
    table: &Table,
    tokens: &Tokens,
    now: Time,
    key: &Secret,
    headers: &HeaderMap,
) -> Result<Option<Session>, Problem> {
    if let Some(token) = signed_in::from_cookie(headers).ok().flatten().and_then(|token| RefreshToken::parse(&token)) {
        return Ok(session::of_token(table, now, key, &token).await?);
    }
    let Ok(token) = bearer(headers) else { return Ok(None) };
    match tokens.verify(token).await {
        Ok(claims) => Ok(table.get(Session::key_of(claims.sub, claims.sid)).await?),
        Err(problem) if problem.kind == Kind::TokenInvalid => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// A sign-in whose required proofs are all given.
#[derive(Debug)]
pub struct CompletedSignIn<'a> {
    /// The user.
    pub user: &'a User,
    /// The methods that the user has proven.
    pub amr: Vec<Method>,
    /// The user's existing sessions.
    pub sessions: Vec<Session>,
    /// The session that the client had so far.
    pub previous: Option<Session>,
    /// The trusted device that replaced the second step.
    pub device: Option<Device>,
    /// The options of the client.
    pub options: SignInOptions,
}

impl CompletedSignIn<'_> {
    /// Adds the new session to a transaction, with an audit entry if the client is new. Returns the response, which is sent after the
    /// commit. `key` makes the refresh token. A query of the trusted devices if this device becomes one.
    ///
    /// # Errors
    /// A [`Problem`] if the table does not work or the token cannot be signed.
    pub async fn open(
        self,
        table: &Table,
        audit: &Audit,
        issuer: &SessionIssuer,
        key: &Secret,
        tx: &mut Tx,
        origin: &Origin,
    ) -> Result<SignedIn, Problem> {
        let (sys, client) = (table.sys(), &origin.client);
        let known = self.device.is_some();
        let (trusted, kept) = match self.device {
            Some(device) => {
                let (token, _) = device.renew(tx, sys, client);
                (Some(device), Some(token))
            }
            None if self.options.remember => {
                let (device, token) = device::trust(tx, sys, self.user, client, device::list(table, self.user.id).await?);
                (Some(device), Some(token))
            }
            None => (None, None),
        };
        let opening = Opening::new(sys, key, self.user, self.amr, client).among(self.sessions, known).instead_of(self.previous);
        let opening = opening.on(trusted.map(|device| device.id)).idle_for(issuer.idle());
        opening.write(tx, sys);
        if opening.is_new_client() {
            let entry = AuditEntry::of_own(sys, self.user.id, origin, Action::NewClientSignedIn);
            audit.add(tx, &entry.changed("methods", (), &opening.session.amr));
        }
        let signed_in = SignedIn::new(issuer, &opening.session, &opening.refresh, self.options.delivery)?.by(self.user.into());
        Ok(signed_in.on_device(kept.as_ref(), self.options.delivery).going_on(self.options.next))
    }
}
