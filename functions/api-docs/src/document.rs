//! The OpenAPI document. `cargo xtask sync` writes it from the handlers of all functions.

use axum::response::{IntoResponse as _, Response};
use http::header;
use web::Problems;

const DOCUMENT: &str = include_str!("../../../infra/openapi.json");

/// Describes the API.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/openapi.json", tag = "api-docs", operation_id = "get_document", security(()),
    responses(
        (status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = Object, example = json!({"openapi": "3.1.0"})),
        Problems,
    )
)]
pub async fn get_document() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")], DOCUMENT).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_openapi_3_1() {
        let document: serde_json::Value = serde_json::from_str(super::DOCUMENT).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["paths"]["/openapi.json"]["get"]["operationId"], "get_document");
    }
}
