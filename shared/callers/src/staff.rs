//! The extractor for callers who are staff.
//!
//! Roles are read with every request, in the same batch as the session, and are not in tokens: the removal of a role takes
//! effect with the next request. The signature of a handler states the role: [`Staff<Administrator>`] allows administrators,
//! and superusers, whose role includes it.
//!
//! Every change by staff takes `Fresh<Staff<…>>`, so that a stolen session of staff can read but not change. The exception are support
//! threads, which are live conversations with customers: their messages and notes, their state and their assignee take [`Staff`] alone.
//! Writing there changes neither an account nor the texts of others, and a proof every five minutes would interrupt people who answer all
//! day. [`SHIFT`] and [`accounts::session::PAUSE`] limit such sessions, as they limit the socket of the support desk.

use std::{marker::PhantomData, time::Duration};

use accounts::{
    session::Session,
    staff::{Role, Roles},
    token::Tokens,
    user::Factor,
};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use kernel::{Kind, Problem, Sys, Time};
use store::Table;
use web::Admits;

use crate::{
    Member, Proves,
    caller::{bearer, load_with},
};

/// The required role as a type parameter of [`Staff`].
pub trait AtLeast: Send + Sync + 'static {
    /// The required role.
    const ROLE: Role;
}

/// Moderators and above.
#[derive(Clone, Copy, Debug)]
pub enum Moderator {}
/// Administrators and above.
#[derive(Clone, Copy, Debug)]
pub enum Administrator {}
/// Superusers.
#[derive(Clone, Copy, Debug)]
pub enum Superuser {}

impl AtLeast for Moderator {
    const ROLE: Role = Role::Moderator;
}
impl AtLeast for Administrator {
    const ROLE: Role = Role::Administrator;
}
impl AtLeast for Superuser {
    const ROLE: Role = Role::Superuser;
}

/// How long a proof by a strong factor lets staff read, and write in support threads.
pub const SHIFT: Duration = Duration::from_secs(12 * 3600);

/// A caller who is staff with at least this role, and has proven a second factor that is not sent by message, within [`SHIFT`]
/// and since the last interruption of the session ([`accounts::session::PAUSE`]).
///
/// Other callers get 403 `forbidden`, staff without such a factor 403 `second_factor_required`, and staff without a recent proof 401
/// `step_up_required`. It takes one request to the table, like a [`Member`], because the roles are read in the same batch.
#[derive(Clone, Debug)]
pub struct Staff<R> {
    /// The caller.
    pub member: Member,
    /// Their highest role.
    pub role: Role,
    least: PhantomData<R>,
}

impl<R> Proves for Staff<R> {
    fn person(&self) -> Option<&Member> {
        Some(&self.member)
    }
}

/// Checks that a caller with these roles has at least the role `least`, and the proof that staff need.
fn judge(member: &Member, roles: &[Role], least: Role, now: Time) -> Result<Role, Problem> {
    let role = roles.iter().max().copied().filter(|role| *role >= least);
    let role = role.ok_or_else(|| Kind::Forbidden.because("the caller has no role that may do this"))?;
    proven(member, now).map(|()| role)
}

/// Checks that a caller has the proof that staff need.
///
/// # Errors
/// [`Kind::SecondFactorRequired`] or [`Kind::StepUpRequired`].
pub fn proven(member: &Member, now: Time) -> Result<(), Problem> {
    let strong: Vec<Factor> = member.user.second_step().into_iter().filter(|f| matches!(f, Factor::App | Factor::Passkey)).collect();
    if strong.is_empty() {
        return Err(Kind::SecondFactorRequired.because("the caller has neither an app nor a passkey"));
    }
    let proven = strong.iter().any(|factor| member.session.amr.contains(&(*factor).into()));
    let Session { auth_time, active_since, .. } = member.session;
    if proven && now.since(auth_time) <= SHIFT && auth_time >= active_since {
        return Ok(());
    }
    let methods = serde_json::to_value(&strong).map_err(Problem::internal)?;
    Err(Kind::StepUpRequired.because("the proof by a second factor is too old or too weak").with("methods", methods))
}

/// Returns the time until which the proof of a caller's token is sufficient for staff. `None` if it is not sufficient now.
#[must_use]
pub fn proven_until(member: &Member, now: Time) -> Option<Time> {
    proven(member, now).ok().map(|()| member.session.auth_time + SHIFT)
}

impl<R: AtLeast> Admits for Staff<R> {
    fn callers() -> Option<Vec<&'static str>> {
        Some(vec![R::ROLE.as_str()])
    }
}

impl<S, R> FromRequestParts<S> for Staff<R>
where
    S: Send + Sync,
    R: AtLeast,
    Table: FromRef<S>,
    Tokens: FromRef<S>,
    Sys: FromRef<S>,
{
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, web::Error> {
        let claims = Tokens::from_ref(state).verify(bearer(&parts.headers)?).await?;
        let (table, sys, key) = (Table::from_ref(state), Sys::from_ref(state), Roles::key_of(claims.sub));
        let (member, mut found) = load_with(&table, &sys, &claims, Some(key.clone()), false).await?;
        let member = member?;
        let roles = found.take::<Roles>(&key)?.map(|r| r.roles).unwrap_or_default();
        let role = judge(&member, &roles, R::ROLE, sys.now())?;
        Ok(Self { member, role, least: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use kernel::Locale;

    use super::*;
    use accounts::{identifier::Username, session::Opening, token::Method, user::User};

    #[test]
    fn a_role_has_one_name() {
        for role in [Role::Moderator, Role::Administrator, Role::Superuser] {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn staff_need_a_strong_factor_and_its_proof() {
        let sys = Sys::real();
        let now = sys.now();
        let plain = User::new(sys.id(), Username::draw(&sys), Locale::En, now);
        let with = |factors: &[Factor], passkeys| User { factors: factors.to_vec(), passkeys, has_password: true, ..plain.clone() };
        let (app, mail, passkey) = (with(&[Factor::App], 0), with(&[Factor::Email], 0), with(&[Factor::Email], 1));
        let told = |user: &User, amr: Method, roles: &[Role], least, at| {
            let session =
                Opening::new(&sys, &kernel::Secret::new(String::new()), user, vec![Method::Pwd, amr], &kernel::Client::default()).session;
            judge(&Member { user: user.clone(), session }, roles, least, at).map_err(|p| p.kind.code())
        };
        let all = [Role::Moderator, Role::Superuser];
        let late = now + SHIFT + Duration::from_secs(60);
        for (user, amr, roles, least, at, expected) in [
            (&app, Method::Otp, &all[..0], Role::Moderator, now, Err("forbidden")),
            (&app, Method::Otp, &all[..1], Role::Administrator, now, Err("forbidden")),
            (&app, Method::Otp, &all[..1], Role::Moderator, now, Ok(Role::Moderator)),
            (&app, Method::Otp, &all[..], Role::Administrator, now, Ok(Role::Superuser)),
            (&passkey, Method::Pop, &all[..], Role::Superuser, now, Ok(Role::Superuser)),
            (&plain, Method::Otp, &all[..], Role::Moderator, now, Err("second_factor_required")),
            (&mail, Method::Email, &all[..], Role::Moderator, now, Err("second_factor_required")),
            (&app, Method::Recovery, &all[..], Role::Moderator, now, Err("step_up_required")),
            (&passkey, Method::Email, &all[..], Role::Moderator, now, Err("step_up_required")),
            (&app, Method::Otp, &all[..], Role::Moderator, late, Err("step_up_required")),
        ] {
            assert_eq!(told(user, amr, roles, least, at), expected, "{:?} {amr:?} {roles:?} {least:?}", user.factors);
        }
    }
}
