//! Step three: names and day of birth.

use accounts::FlowToken;
use accounts::identifier::{BirthDate, PersonName};
use axum::extract::State;
use kernel::{Fields, Problem, Time};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Json, Path, Problems};

use crate::flow::{Registration, Step, advance};

/// Who somebody is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRegistrationPersonal {
    #[schema(examples("Ana"), max_length = 35)]
    first_name: String,
    #[schema(examples("Nowak"), max_length = 35)]
    last_name: String,
    /// At least 16 and at most 120 years ago.
    #[schema(examples("2000-02-29"), format = Date)]
    birth_date: String,
}

/// Gives names and day of birth. One request to the table.
#[utoipa::path(put, path = "/v1/registrations/{flow}/personal", tag = "registration", params(("flow" = FlowToken, Path)),
    request_body = SetRegistrationPersonal,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "conflict"]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn set_registration_personal(
    State(s): State<crate::State>,
    Path(token): Path<FlowToken>,
    Json(body): Json<SetRegistrationPersonal>,
) -> Result<Json<Registration>, web::Error> {
    let now = s.sys.now();
    let (first, last, born) = parse(&body, now)?;
    let flow =
        advance(&s.table, now, &token, Step::Personal, |u| u.set("first_name", &first).set("last_name", &last).set("birth_date", born))
            .await?;
    Ok(Json(Registration::new(token, flow, None)))
}

fn parse(body: &SetRegistrationPersonal, now: Time) -> Result<(PersonName, PersonName, BirthDate), Problem> {
    let mut fields = Fields::new();
    let first = fields.take("/first_name", PersonName::parse(&body.first_name));
    let last = fields.take("/last_name", PersonName::parse(&body.last_name));
    let born = fields.take("/birth_date", BirthDate::parse(&body.birth_date, now));
    match (first, last, born) {
        (Some(first), Some(last), Some(born)) => Ok((first, last, born)),
        _ => Err(fields.problem()),
    }
}
