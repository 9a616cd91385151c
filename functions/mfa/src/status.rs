//! The state of the second factors.

use accounts::user::{Factor, User};
use axum::extract::State;
use callers::Member;
use kernel::Problem;
use proofs::factor::RecoveryCodes;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

/// The proofs of the account besides the password.
#[derive(Serialize, ToSchema)]
pub struct Mfa {
    /// Whether signing in takes a second step.
    enabled: bool,
    /// The second factors that are on.
    factors: Vec<FactorInfo>,
    /// What has to be proven before second factors can be turned on.
    missing: Vec<Missing>,
    /// The number of unused recovery codes.
    recovery_codes_left: usize,
    /// The number of passkeys.
    passkeys: u32,
}

/// What an account needs before second factors can be turned on.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// A proven e-mail address.
    Email,
    /// A proven phone number.
    Phone,
}

impl Missing {
    /// Returns the name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// A second factor that is on.
#[derive(Serialize, ToSchema)]
pub struct FactorInfo {
    factor: Factor,
    /// The address or number of its codes, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    target: Option<String>,
}

/// Shows the state of the second factors.
///
/// AWS calls: the caller, and the recovery codes if there are any.
#[utoipa::path(get, path = "/v1/me/mfa", responses((status = 200, body = Mfa), Problems))]
pub async fn get_mfa(State(s): State<crate::State>, member: Member) -> Result<Json<Mfa>, web::Error> {
    let user = &member.user;
    let codes = if user.has_second_step() {
        s.table.get::<RecoveryCodes>(RecoveryCodes::key_of(user.id)).await.map_err(Problem::from)?
    } else {
        None
    };
    let target = |factor: Factor| user.contact(factor).map(|contact| contact.masked());
    Ok(Json(Mfa {
        enabled: user.has_second_step(),
        factors: user.factors.iter().map(|factor| FactorInfo { factor: *factor, target: target(*factor) }).collect(),
        missing: missing(user),
        recovery_codes_left: codes.map_or(0, |codes| codes.left()),
        passkeys: user.passkeys,
    }))
}

/// Returns what has to be proven before second factors can be turned on.
pub fn missing(user: &User) -> Vec<Missing> {
    let has = [(Missing::Email, user.email.is_some()), (Missing::Phone, user.phone.is_some())];
    has.into_iter().filter(|(_, has)| !has).map(|(what, _)| what).collect()
}
