//! The caller's username.

use callers::Member;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

/// The caller's username.
#[derive(Serialize, ToSchema)]
pub struct FeatureNameInfo {
    /// The username.
    #[schema(examples("anna"))]
    username: String,
}

/// Returns the caller's username.
///
/// AWS calls: one, the batch that authenticates the caller.
#[utoipa::path(get, path = "/v1/me/feature-name",
    responses((status = 200, body = FeatureNameInfo), Problems))]
pub async fn get_feature_name(caller: Member) -> Json<FeatureNameInfo> {
    Json(FeatureNameInfo { username: caller.user.username.to_string() })
}
