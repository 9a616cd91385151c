//! Who one is.

use callers::Member;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

/// Who somebody is.
#[derive(Serialize, ToSchema)]
pub struct FeatureNameInfo {
    /// Their username.
    #[schema(examples("anna"))]
    username: String,
}

/// Shows who one is.
///
/// AWS calls: one, the batch that proves the session.
#[utoipa::path(get, path = "/v1/me/feature-name", tag = "feature-name",
    responses((status = 200, body = FeatureNameInfo), Problems))]
pub async fn get_feature_name(caller: Member) -> Json<FeatureNameInfo> {
    Json(FeatureNameInfo { username: caller.user.username.to_string() })
}
