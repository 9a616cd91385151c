//! The signed-in caller. One path for HTTP and sockets.

use std::time::Duration;

use accounts::{
    Resource,
    session::Session,
    token::{Claims, Method, Tokens},
    user::{Factor, Status, User},
};
use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};
use kernel::{Kind, Problem, Sys, Time, id::SessionId};
use serde::{Deserialize, Serialize};
use store::{Batch, Key, StoreError, Table};

/// A caller with a good access token, whose session has not ended and whose account is in use.
///
/// As an extractor it is the permission to be here. It costs one request to the table, which also brings the record.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub user: User,
    /// By which sign-in, as proven as their token says.
    pub session: Session,
}

/// Finds out who an access token belongs to.
///
/// # Errors
/// [`Kind::TokenInvalid`], alike for everything that can be wrong with it.
pub async fn authenticate(table: &Table, tokens: &Tokens, sys: &Sys, token: &str) -> Result<Member, Problem> {
    let claims = tokens.verify(token).await?;
    let (member, _) = load_with(table, sys, &claims, None, false).await?;
    member
}

/// Who a token belongs to, if person and session are still good, with one item more. One request.
///
/// What the token says was proven counts, not what its session has seen proven since: a copy from before a step-up stays what it
/// was.
pub(crate) async fn load_with(
    table: &Table,
    sys: &Sys,
    claims: &Claims,
    more: Option<Key>,
    even_purging: bool,
) -> Result<(Result<Member, Problem>, Batch), StoreError> {
    web::log_user(claims.sub);
    let (user, session) = (User::key_of(claims.sub), Session::key_of(claims.sub, claims.sid));
    let mut batch = table.get_many([user.clone(), session.clone()].into_iter().chain(more).collect()).await?;
    let (user, session) = (batch.take::<User>(&user)?, batch.take::<Session>(&session)?);
    let session = session.map(|session| session.proven_by(claims));
    Ok((member(user, session, even_purging, sys.now()), batch))
}

/// Judges the person and the session that a token names.
fn member(user: Option<User>, session: Option<Session>, even_purging: bool, now: Time) -> Result<Member, Problem> {
    let refused = |cause| Kind::TokenInvalid.because(cause);
    let user = user.ok_or_else(|| refused("the account is gone"))?;
    if !(user.status == Status::Active || (even_purging && user.status == Status::Purging)) {
        return Err(refused("the account is not in use"));
    }
    let session = session.ok_or_else(|| refused("the session has ended"))?;
    match session.ended(&user, now) {
        Some(cause) => Err(refused(cause)),
        None => Ok(Member { user, session }),
    }
}

/// A [`Member`] and what the request is about, if it is there, in the same one request to the table.
#[derive(Clone, Debug)]
pub struct MemberWith<T> {
    /// Who asks.
    pub member: Member,
    /// About what.
    pub resource: Option<T>,
}

/// How long ago the proof may lie that a [`Fresh`] caller has given.
pub const FRESH: Duration = Duration::from_secs(300);

/// A caller who has proven who they are within the last five minutes, by the strongest that they have ([`User::strongest`]) or what
/// stands in for it ([`User::instead_of_passkey`]):
/// for what a stolen session must not be enough for. Everybody else is told to step up.
#[derive(Clone, Debug)]
pub struct Fresh<M>(pub M);

/// Which proof a token carries: of which session, when and how it was given.
///
/// What a [`Fresh`] caller begins is stored with their proof, and every later step of it takes a token with the same proof. Another
/// token of the same session is not enough: it may be a copy from before its owner stepped up. Refreshing a token keeps its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    session: SessionId,
    /// In seconds, as tokens tell it.
    auth_time: i64,
    amr: Vec<Method>,
}

impl AsRef<Member> for Member {
    fn as_ref(&self) -> &Member {
        self
    }
}

impl<T> AsRef<Member> for MemberWith<T> {
    fn as_ref(&self) -> &Member {
        &self.member
    }
}

impl Member {
    /// The proof that the caller's token carries.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof { session: self.session.id, auth_time: self.session.auth_time.seconds(), amr: self.session.amr.clone() }
    }

    /// Whether the caller shows the proof that something was begun with. Nobody shows the one of an item that was stored without.
    #[must_use]
    pub fn shows(&self, begun_with: Option<&Proof>) -> bool {
        begun_with == Some(&self.proof())
    }

    /// Judges whether the caller has proven who they are lately and well enough.
    ///
    /// # Errors
    /// [`Kind::StepUpRequired`], which names what would do.
    pub fn fresh(&self, now: Time) -> Result<(), Problem> {
        let any = |factors: &[Factor]| factors.iter().any(|factor| self.session.amr.contains(&(*factor).into()));
        let strong = any(&self.user.strongest()) || (any(&[Factor::Password]) && any(&self.user.instead_of_passkey()));
        if strong && now.since(self.session.auth_time) <= FRESH {
            return Ok(());
        }
        let methods = serde_json::to_value(self.user.step_up()).map_err(Problem::internal)?;
        Err(Kind::StepUpRequired.because("the proof is too old or too weak").with("methods", methods))
    }
}

impl<S, M> FromRequestParts<S> for Fresh<M>
where
    S: Send + Sync,
    M: FromRequestParts<S, Rejection = web::Error> + AsRef<Member>,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        let caller = M::from_request_parts(parts, state).await?;
        caller.as_ref().fresh(Sys::from_ref(state).now())?;
        Ok(Self(caller))
    }
}

impl<S, T> FromRequestParts<S> for MemberWith<T>
where
    S: Send + Sync,
    T: Resource,
    Table: FromRef<S>,
    Tokens: FromRef<S>,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        let claims = Tokens::from_ref(state).verify(bearer(&parts.headers)?).await?;
        let web::Path(path) = web::Path::<T::Path>::from_request_parts(parts, state).await?;
        let key = T::find(claims.sub, path);
        let (table, sys) = (Table::from_ref(state), Sys::from_ref(state));
        let (member, mut found) = load_with(&table, &sys, &claims, key.clone(), T::EVEN_PURGING).await?;
        let resource = key.map(|key| found.take(&key)).transpose()?.flatten();
        Ok(Self { member: member?, resource })
    }
}

/// The access token that a request carries.
///
/// # Errors
/// [`Kind::TokenInvalid`] if it carries none.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let value = value.ok_or_else(|| Kind::TokenInvalid.because("there is no Authorization header"))?;
    // `JWT` is what clients of one of the systems that this one replaces send.
    let token = value.split_once(' ').filter(|(scheme, _)| ["bearer", "jwt"].contains(&scheme.to_ascii_lowercase().as_str()));
    token.map(|(_, token)| token.trim()).ok_or_else(|| Kind::TokenInvalid.because("the Authorization header holds no bearer token"))
}

impl<S> FromRequestParts<S> for Member
where
    S: Send + Sync,
    Table: FromRef<S>,
    Tokens: FromRef<S>,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        Ok(authenticate(&Table::from_ref(state), &Tokens::from_ref(state), &Sys::from_ref(state), bearer(&parts.headers)?).await?)
    }
}
