//! Step five: a password, which is hashed before it is stored.

use axum::extract::State;
use kernel::{Fields, Secret};
use proofs::{FlowToken, password::Personal};
use serde::Deserialize;
use store::limits::{self, DAY, Quota};
use utoipa::ToSchema;
use web::{Json, Path, Problems};

use crate::flow::{Password, Registration, Step, advance, load};

/// Passwords that may be sent in one registration: each costs a hash or a request to the service of breached passwords.
const PASSWORDS: Quota = Quota::window("registration_password", 40, DAY, "passwords in one registration");

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRegistrationPassword {
    /// At least 12 characters unless configured otherwise, at most 128. It is used exactly as given.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 128)]
    password: Secret,
}

/// Chooses a password.
///
/// AWS calls: the flow, for the person's data that the password must not contain; a counter; the flow's change. If configured,
/// one request to the service of breached passwords before it.
#[utoipa::path(put, path = "/v1/registrations/{flow}/password", params(("flow" = FlowToken, Path)),
    request_body = SetRegistrationPassword,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([PASSWORDS]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn set_registration_password(
    State(s): State<crate::State>,
    Path(token): Path<FlowToken>,
    Json(body): Json<SetRegistrationPassword>,
) -> Result<Json<Registration>, web::Error> {
    let now = s.sys.now();
    let (flow, _) = load(&s.table, now, &token).await?;
    flow.require(Step::Password)?;
    let personal = Personal {
        username: flow.username.as_ref(),
        first_name: flow.first_name.as_ref(),
        last_name: flow.last_name.as_ref(),
        email: Some(&flow.email),
        phone: None,
    };
    limits::take(&s.table, now, &[PASSWORDS.of(flow.id)]).await?;
    let mut fields = Fields::new();
    fields.take_all("/password", s.password_checker.check(&body.password, personal).await);
    fields.finish()?;
    let hash = s.hasher.hash(flow.user, &body.password).await?;
    let password = Password { phc: hash.phc, pepper: hash.pepper };
    let flow = advance(&s.table, now, &token, Step::Password, |u| u.set("password", &password)).await?;
    Ok(Json(Registration::new(token, flow, None)))
}
