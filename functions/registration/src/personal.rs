//! Step three: names and day of birth, and an invitation code.

use accounts::{
    identifier::{BirthDate, MinimumAge, PersonName},
    invite::{self, InviteCode, Inviter},
};
use axum::extract::State;
use kernel::{FieldError, Fields, Problem, Time, id::UserId, text};
use proofs::FlowToken;
use serde::Deserialize;
use store::{Update, limits};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::flow::{Registration, Step, advance};

/// The data of the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRegistrationPersonal {
    #[schema(examples("Ana"), max_length = 35)]
    first_name: String,
    #[schema(examples("Nowak"), max_length = 35)]
    last_name: String,
    /// At most 120 years ago, and at least 16 unless the deployment sets another age.
    #[schema(examples("2000-02-29"), format = Date, max_length = 10)]
    birth_date: String,
    /// An invitation code, if the person has one, in upper or lower case, with or without spaces and hyphens. Empty for none.
    #[schema(examples("K7M2XP"), format = "typed")]
    invite_code: Option<String>,
}

/// Sets names and day of birth, and an invitation code.
///
/// A password that was chosen before has to be chosen again, because it must not contain the names.
///
/// If the invitation code is no longer valid when the account is made, the account is made without it.
///
/// AWS calls: one. With an invitation code four before it: two concurrent counters, its claim, and its owner.
#[utoipa::path(put, path = "/v1/registrations/{flow}/personal", params(("flow" = FlowToken, Path)),
    request_body = SetRegistrationPersonal,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "conflict", "too_many_requests"])), ("x-limits" = json!([invite::TRIES]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn set_registration_personal(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<SetRegistrationPersonal>,
) -> Result<Json<Registration>, web::Error> {
    let now = s.sys.now();
    let mut fields = Fields::new();
    let given = body.invite_code.as_deref().filter(|typed| !text::is_blank(typed));
    let typed = given.and_then(|text| fields.take("/invite_code", InviteCode::parse(text)));
    let invite_code = match typed {
        Some(code) => {
            limits::take(&s.table, now, &InviteCode::tries(token.id(), &client)).await?;
            // There is no account yet, so the code cannot be the caller's own.
            let inviter = Inviter::find(&s.table, &code, UserId::NIL).await?;
            fields.take("/invite_code", inviter.map(|_| code).ok_or(FieldError::INVITE_INVALID))
        }
        None => None,
    };
    let (first, last, born) = parse(&body, now, s.minimum_age, fields)?;
    let change = |u: Update| {
        // The password has to be chosen again, because it must not contain the new names.
        u.set("first_name", &first).set("last_name", &last).set("birth_date", born).set("invite_code", &invite_code).remove("password")
    };
    let flow = advance(&s.table, now, &token, Step::Personal, change).await?;
    Ok(Json(Registration::new(token, flow, None)))
}

/// Parses the names and the day of birth, and returns all errors together with those in `fields`.
fn parse(
    body: &SetRegistrationPersonal,
    now: Time,
    minimum: MinimumAge,
    mut fields: Fields,
) -> Result<(PersonName, PersonName, BirthDate), Problem> {
    let first = fields.take("/first_name", PersonName::parse(&body.first_name));
    let last = fields.take("/last_name", PersonName::parse(&body.last_name));
    let born = fields.take("/birth_date", BirthDate::parse(&body.birth_date, now, minimum));
    match (first, last, born) {
        (Some(first), Some(last), Some(born)) => fields.finish().map(|()| (first, last, born)),
        _ => Err(fields.problem()),
    }
}
