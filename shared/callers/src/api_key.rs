//! The extractor for callers who are staff, or programs with an API key of staff.

use std::marker::PhantomData;

use accounts::{
    api_key::{ApiKey, ApiKeyToken, Scope},
    staff::{Role, Roles},
    token::Tokens,
    user::User,
};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use kernel::{
    Kind, Problem, Sys, Time,
    id::{ApiKeyId, UserId},
};
use store::Table;
use web::Admits;

use crate::{
    Member, Proves,
    staff::{AtLeast, Staff},
};

/// The required scope of an API key as a type parameter of [`StaffOrKey`].
pub trait Opens: Send + Sync + 'static {
    /// The required scope.
    const SCOPE: Scope;
}

/// [`Scope::ProductsWrite`].
#[derive(Clone, Copy, Debug)]
pub enum ProductsWrite {}
/// [`Scope::StatisticsRead`].
#[derive(Clone, Copy, Debug)]
pub enum StatisticsRead {}

impl Opens for ProductsWrite {
    const SCOPE: Scope = Scope::ProductsWrite;
}
impl Opens for StatisticsRead {
    const SCOPE: Scope = Scope::StatisticsRead;
}

/// A caller who is staff with at least the role `R` ([`Staff`]), or a program with an API key of such a person that has the scope `S`.
///
/// The key replaces the access token and every proof of a factor, also that of [`Fresh`](crate::Fresh), but not the role. The answer is 401
/// `api_key_invalid` if the key is not valid or its owner no longer has the role, and 403 `forbidden` if the key lacks the scope. It takes
/// one request to the table, and an update for the first use within five minutes.
#[derive(Clone, Debug)]
pub struct StaffOrKey<R, S> {
    /// The person, or the owner of the key.
    pub user: UserId,
    /// Their highest role.
    pub role: Role,
    /// The key, if the caller is a program.
    pub key: Option<ApiKeyId>,
    /// The signed-in person, if the caller is not a program.
    person: Option<Member>,
    taken: PhantomData<(R, S)>,
}

impl<R, S> Proves for StaffOrKey<R, S> {
    fn person(&self) -> Option<&Member> {
        self.person.as_ref()
    }
}

impl<R: AtLeast, S: Opens> Admits for StaffOrKey<R, S> {
    fn callers() -> Option<Vec<&'static str>> {
        Staff::<R>::callers()
    }
    fn scope() -> Option<&'static str> {
        Some(S::SCOPE.as_str())
    }
}

impl<State, R, S> FromRequestParts<State> for StaffOrKey<R, S>
where
    State: Send + Sync,
    R: AtLeast,
    S: Opens,
    Table: FromRef<State>,
    Tokens: FromRef<State>,
    Sys: FromRef<State>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, web::Error> {
        let Some(sent) = web::api_key(&parts.headers) else {
            let Staff { member, role, .. } = Staff::<R>::from_request_parts(parts, state).await?;
            return Ok(Self { user: member.user.id, role, key: None, person: Some(member), taken: PhantomData });
        };
        let (user, role, key) = owner(&Table::from_ref(state), sent, R::ROLE, S::SCOPE, Sys::from_ref(state).now()).await?;
        Ok(Self { user, role, key: Some(key), person: None, taken: PhantomData })
    }
}

/// Checks a key for this scope, and its owner for the role `least`. Returns the owner, their highest role, and the id of the key.
async fn owner(table: &Table, sent: &str, least: Role, scope: Scope, now: Time) -> Result<(UserId, Role, ApiKeyId), Problem> {
    let refused = |cause| Kind::ApiKeyInvalid.because(cause);
    let token = ApiKeyToken::parse(sent).ok_or_else(|| refused("it is no key of this system"))?;
    let (user, roles, key) = (User::key_of(token.user), Roles::key_of(token.user), ApiKey::key_of(token.user, token.id));
    let mut found = table.get_many(vec![user.clone(), roles.clone(), key.clone()]).await?;
    let owner = found.take::<User>(&user)?.ok_or_else(|| refused("its owner's account is gone"))?;
    let key = found.take::<ApiKey>(&key)?.ok_or_else(|| refused("it does not exist, or was revoked"))?;
    if let Some(cause) = key.refusal(&token, &owner, now) {
        return Err(refused(cause));
    }
    web::log_user(owner.id);
    let role = found.take::<Roles>(&roles)?.and_then(|roles| roles.roles.into_iter().max()).filter(|role| *role >= least);
    let role = role.ok_or_else(|| refused("its owner has no role that may do this"))?;
    if !key.scopes.contains(&scope) {
        return Err(Kind::Forbidden.because("the key does not have the scope of the operation"));
    }
    key.record_use(table, now).await?;
    web::set_profile_language(owner.locale);
    Ok((owner.id, role, key.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fresh, staff::Administrator};

    #[test]
    fn a_key_opens_what_takes_a_recent_proof_of_a_person() {
        type Caller = Fresh<StaffOrKey<Administrator, ProductsWrite>>;
        assert_eq!(Caller::callers(), Some(vec![web::STEP_UP, Role::Administrator.as_str()]));
        assert_eq!(Caller::scope(), Some(Scope::ProductsWrite.as_str()));
    }
}
