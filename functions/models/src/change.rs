//! Creating, changing and deleting models.

use axum::{extract::State, http::HeaderMap};
use callers::{Member, MemberWith};
use catalogue::{Model, Title};
use kernel::{Fields, Kind, Problem, id::ModelId};
use serde::Deserialize;
use store::limits::{self, DAY, HOUR, Quota};
use utoipa::ToSchema;
use web::{Client, Created, IfMatch, Json, NoContent, Problems, Versioned};

use crate::show::ModelInfo;

/// How many models an account may create.
const CREATIONS: Quota = Quota::window("models_made", 100, DAY, "new models of an account");
/// How many changes an account may make. Each writes all search entries of the model again.
const CHANGES: Quota = Quota::window("models_changed", 200, HOUR, "changes of models of an account");

/// The action that a page names when it gets the token of a captcha.
const CAPTCHA_ACTION: &str = "create_model";

/// A new model.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateModel {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Red bike"))]
    title: String,
    /// The code of one of the countries of this deployment, in upper or lower case. Absent for the first one.
    #[schema(format = "typed", nullable = false, examples("PL"))]
    country: Option<String>,
    /// The token of a captcha with the action `create_model`. Required if this deployment uses captchas, otherwise ignored. While their
    /// service is away any text will do: the answer is `proof_of_work_required` then.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

/// Creates a model. Requires a captcha if this deployment uses captchas, and a proof of work instead while their service does not answer.
///
/// Each request whose captcha is verified counts against the limit, even if the captcha is refused.
///
/// AWS calls: the caller; a counter; a transaction of the model and the lists that it is found in. With captchas also a request to their
/// service, and a write if it does not answer.
#[utoipa::path(post, path = "/v1/models", request_body = CreateModel,
    extensions(("x-problems" = json!(["proof_of_work_required", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([CREATIONS]))),
    responses((status = 201, body = ModelInfo), Problems))]
pub async fn create_model(
    State(s): State<crate::State>,
    caller: Member,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<CreateModel>,
) -> Result<Created<ModelInfo>, web::Error> {
    let mut fields = Fields::new();
    let title = fields.take("/title", Title::parse(&body.title));
    let country = body.country.map(|country| fields.take("/country", s.countries.parse(&country)));
    let country = country.unwrap_or_else(|| s.countries.0.first().copied());
    let (Some(title), Some(country)) = (title, country) else { return Err(fields.problem().into()) };
    let (user, now) = (caller.user.id, s.sys.now());
    limits::take(&s.table, now, &[CREATIONS.of(user)]).await?;
    if let Some(captcha) = &s.captcha
        && let Err(refused) = captcha.check(now, body.captcha.as_deref().unwrap_or_default(), CAPTCHA_ACTION).await
    {
        let name = format!("{CAPTCHA_ACTION} {user}");
        refused.or_else(s.work.demand_once(&s.table, now, (&client.0, &headers), &name)).await?;
    }
    let model = Model::new(s.sys.id(), user, title, country);
    model.create(&s.table).await?;
    Ok(Created(format!("/v1/models/{}", model.id), ModelInfo::of(&model, Some(&caller.user))))
}

/// The new values. Absent members do not change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateModel {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(min_length = 1, max_length = 100, nullable = false, examples("Blue bike"))]
    title: Option<String>,
    /// The code of one of the countries of this deployment, in upper or lower case.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(format = "typed", nullable = false, examples("DE"))]
    country: Option<String>,
}

/// Changes one of the caller's models: 412 if it has changed since the version in `If-Match`.
///
/// AWS calls: the batch that authenticates the caller and reads the model; a counter; a transaction of the model and the lists that
/// it is found in.
#[utoipa::path(patch, path = "/v1/models/{model}", request_body = UpdateModel,
    params(
        ("model" = ModelId, Path),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the model, a list of them, or `*` for any.", example = "\"v3\""),
    ),
    extensions(
        ("x-problems" = json!(["invalid", "forbidden", "not_found", "version_required", "version_mismatch", "too_many_requests", "conflict"])),
        ("x-limits" = json!([CHANGES]))
    ),
    responses((status = 200, body = ModelInfo, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn update_model(
    State(s): State<crate::State>,
    caller: MemberWith<Model>,
    wanted: IfMatch,
    Json(patch): Json<UpdateModel>,
) -> Result<Versioned<ModelInfo>, web::Error> {
    let (me, old) = require_owner(caller, &wanted)?;
    let mut fields = Fields::new();
    let title = patch.title.map_or(Some(old.title.clone()), |title| fields.take("/title", Title::parse(&title)));
    let country = patch.country.map_or(Some(old.country), |country| fields.take("/country", s.countries.parse(&country)));
    let (Some(title), Some(country)) = (title, country) else { return Err(fields.problem().into()) };
    limits::take(&s.table, s.sys.now(), &[CHANGES.of(me.user.id)]).await?;
    let new = old.change(&s.table, title, country).await.map_err(Problem::from)?;
    Ok(Versioned(new.version, ModelInfo::of(&new, Some(&me.user))))
}

/// Deletes one of the caller's models: 412 if it has changed since the version in `If-Match`.
///
/// AWS calls: the batch that authenticates the caller and reads the model; a transaction.
#[utoipa::path(delete, path = "/v1/models/{model}",
    params(
        ("model" = ModelId, Path),
        ("If-Match" = String, Header, format = "versions", description = "The version to be deleted: the `ETag` of the model, a list of them, or `*` for any.", example = "\"v3\""),
    ),
    extensions(("x-problems" = json!(["forbidden", "not_found", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 204, description = "The model is deleted."), Problems))]
pub async fn delete_model(State(s): State<crate::State>, caller: MemberWith<Model>, wanted: IfMatch) -> Result<NoContent, web::Error> {
    let (_, old) = require_owner(caller, &wanted)?;
    old.delete(&s.table).await.map_err(Problem::from)?;
    Ok(NoContent)
}

/// Checks that the model exists, belongs to the caller, and has a version in `If-Match`.
fn require_owner(caller: MemberWith<Model>, wanted: &IfMatch) -> Result<(Member, Model), Problem> {
    let MemberWith { member, resource } = caller;
    let model = resource.ok_or(Kind::NotFound)?;
    if model.owner != member.user.id {
        return Err(Kind::Forbidden.into());
    }
    if !wanted.names(model.version) {
        return Err(Kind::VersionMismatch.into());
    }
    Ok((member, model))
}
