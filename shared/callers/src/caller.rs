//! Authentication of a signed-in caller, for HTTP and sockets.

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
use web::Admits;

/// A caller with a valid access token, whose session has not ended and whose account is active.
///
/// As an extractor it authenticates the request. One request to the table, which also reads the user.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user.
    pub user: User,
    /// The session, with the proof that the token states.
    pub session: Session,
}

/// Authenticates the owner of an access token.
///
/// # Errors
/// [`Kind::TokenInvalid`] for every reason, so that the answer hides it.
pub async fn authenticate(table: &Table, tokens: &Tokens, sys: &Sys, token: &str) -> Result<Member, Problem> {
    let claims = tokens.verify(token).await?;
    let (member, _) = load_with(table, sys, &claims, None, false).await?;
    member
}

/// Reads the caller of a token together with other items, and checks that the account and the session are valid. One request.
///
/// The caller has the proof that the token states, not the latest proof of the session, so that a copied token from before a step-up gains
/// nothing.
///
/// # Errors
/// [`StoreError`]. Whether the caller is admitted is in the result.
pub async fn load_with(
    table: &Table,
    sys: &Sys,
    claims: &Claims,
    more: impl IntoIterator<Item = Key>,
    even_purging: bool,
) -> Result<(Result<Member, Problem>, Batch), StoreError> {
    web::log_user(claims.sub);
    let (user, session) = (User::key_of(claims.sub), Session::key_of(claims.sub, claims.sid));
    let mut batch = table.get_many([user.clone(), session.clone()].into_iter().chain(more).collect()).await?;
    let (user, session) = (batch.take::<User>(&user)?, batch.take::<Session>(&session)?);
    let session = session.map(|session| session.proven_by(claims));
    Ok((member(user, session, even_purging, sys.now()), batch))
}

/// Checks the user and the session of a token.
fn member(user: Option<User>, session: Option<Session>, even_purging: bool, now: Time) -> Result<Member, Problem> {
    let refused = |cause| Kind::TokenInvalid.because(cause);
    let user = user.ok_or_else(|| refused("the account is gone"))?;
    if !(user.status == Status::Active || (even_purging && user.status == Status::Purging)) {
        return Err(refused("the account is not in use"));
    }
    let session = session.ok_or_else(|| refused("the session has ended"))?;
    if let Some(cause) = session.ended(&user, now) {
        return Err(refused(cause));
    }
    web::set_profile_language(user.locale);
    Ok(Member { user, session })
}

/// A [`Member`] and the item that the request is about, if it exists, read in the same request to the table.
#[derive(Clone, Debug)]
pub struct MemberWith<T> {
    /// The caller.
    pub member: Member,
    /// The item.
    pub resource: Option<T>,
}

/// Like [`MemberWith`], with two items whose keys follow from the same path.
#[derive(Clone, Debug)]
pub struct MemberWithBoth<A, B> {
    /// The caller.
    pub member: Member,
    /// The first item.
    pub first: Option<A>,
    /// The second item.
    pub second: Option<B>,
}

/// The maximum age of the proof of a [`Fresh`] caller.
pub const FRESH_MAX_AGE: Duration = Duration::from_secs(300);

/// A caller who has proven who they are within the last five minutes, by the strongest factor that they have ([`User::strongest`]) or its
/// replacement ([`User::instead_of_passkey`]). It protects operations that a stolen session must not allow. Other callers get 401
/// `step_up_required`. Programs need no proof, because their key replaces it.
#[derive(Clone, Debug)]
pub struct Fresh<M>(pub M);

/// The proof of identity that a token states: the session, the time and the methods.
///
/// A flow of several steps that a [`Fresh`] caller begins stores this proof, and each later step requires a token with the same proof.
/// Another token of the same session may be a copy from before the step-up. A refresh keeps the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    session: SessionId,
    /// In seconds, as in tokens.
    auth_time: i64,
    amr: Vec<Method>,
}

/// A caller who can be asked for a recent proof ([`Fresh`]).
pub trait Proves {
    /// Returns the person whose proof is checked. `None` for a program with a key.
    fn person(&self) -> Option<&Member>;
}

impl Proves for Member {
    fn person(&self) -> Option<&Member> {
        Some(self)
    }
}

impl<T> Proves for MemberWith<T> {
    fn person(&self) -> Option<&Member> {
        Some(&self.member)
    }
}

impl Member {
    /// Returns the proof of the caller's token.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof { session: self.session.id, auth_time: self.session.auth_time.seconds(), amr: self.session.amr.clone() }
    }

    /// Returns whether the caller's token has the proof with which a flow was begun. False if no proof was stored.
    #[must_use]
    pub fn has_proof(&self, begun_with: Option<&Proof>) -> bool {
        begun_with == Some(&self.proof())
    }

    /// Returns whether the token's proof is of a step-up and has this method. False for the proof of the sign-in that began the session.
    #[must_use]
    pub fn stepped_up_with(&self, method: Method) -> bool {
        self.session.auth_time > self.session.created_at && self.session.amr.contains(&method)
    }

    /// Checks that the caller has a recent proof by a sufficient factor.
    ///
    /// # Errors
    /// [`Kind::StepUpRequired`] with the sufficient methods.
    pub fn fresh(&self, now: Time) -> Result<(), Problem> {
        let any = |factors: &[Factor]| factors.iter().any(|factor| self.session.amr.contains(&(*factor).into()));
        let strong = any(&self.user.strongest()) || (any(&[Factor::Password]) && any(&self.user.instead_of_passkey()));
        if strong && now.since(self.session.auth_time) <= FRESH_MAX_AGE {
            return Ok(());
        }
        let methods = serde_json::to_value(self.user.step_up()).map_err(Problem::internal)?;
        Err(Kind::StepUpRequired.because("the proof is too old or too weak").with("methods", methods))
    }
}

impl Admits for Member {
    fn callers() -> Option<Vec<&'static str>> {
        Some(Vec::new())
    }
}

impl<T> Admits for MemberWith<T> {
    fn callers() -> Option<Vec<&'static str>> {
        Member::callers()
    }
}

impl<A, B> Admits for MemberWithBoth<A, B> {
    fn callers() -> Option<Vec<&'static str>> {
        Member::callers()
    }
}

impl<M: Admits> Admits for Fresh<M> {
    fn callers() -> Option<Vec<&'static str>> {
        Some([vec![web::STEP_UP], M::callers().unwrap_or_default()].concat())
    }
    fn scope() -> Option<&'static str> {
        M::scope()
    }
}

impl<S, M> FromRequestParts<S> for Fresh<M>
where
    S: Send + Sync,
    M: FromRequestParts<S, Rejection = web::Error> + Proves,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        let caller = M::from_request_parts(parts, state).await?;
        if let Some(person) = caller.person() {
            person.fresh(Sys::from_ref(state).now())?;
        }
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
        let key = T::key_for(claims.sub, path);
        let (table, sys) = (Table::from_ref(state), Sys::from_ref(state));
        let (member, mut found) = load_with(&table, &sys, &claims, key.clone(), T::EVEN_PURGING).await?;
        let resource = key.map(|key| found.take(&key)).transpose()?.flatten();
        Ok(Self { member: member?, resource })
    }
}

impl<S, A, B> FromRequestParts<S> for MemberWithBoth<A, B>
where
    S: Send + Sync,
    A: Resource<Path: Clone>,
    B: Resource<Path = A::Path>,
    Table: FromRef<S>,
    Tokens: FromRef<S>,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        let claims = Tokens::from_ref(state).verify(bearer(&parts.headers)?).await?;
        let web::Path(path) = web::Path::<A::Path>::from_request_parts(parts, state).await?;
        let (first, second) = (A::key_for(claims.sub, path.clone()), B::key_for(claims.sub, path));
        let (table, sys) = (Table::from_ref(state), Sys::from_ref(state));
        let both = first.clone().into_iter().chain(second.clone());
        let (member, mut found) = load_with(&table, &sys, &claims, both, A::EVEN_PURGING && B::EVEN_PURGING).await?;
        let first = first.map(|key| found.take(&key)).transpose()?.flatten();
        let second = second.map(|key| found.take(&key)).transpose()?.flatten();
        Ok(Self { member: member?, first, second })
    }
}

/// Returns the access token of a request.
///
/// # Errors
/// [`Kind::TokenInvalid`] if there is none.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    web::access_token(headers).ok_or_else(|| {
        let sent = headers.contains_key(header::AUTHORIZATION);
        let cause = if sent { "the Authorization header holds no bearer token" } else { "there is no Authorization header" };
        Kind::TokenInvalid.because(cause)
    })
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
