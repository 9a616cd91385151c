//! The OpenAPI document of the HTTP API, and the AsyncAPI document of the socket. `cargo xtask sync` writes them, from the handlers of
//! all functions and from the types of frames.

use axum::response::Response;
use http::HeaderMap;
use web::{Error, Problems};

use crate::files;

/// Describes the API.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "get_document",
    responses(
        (status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = Object,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = json!({"openapi": "3.1.0"})),
        (status = 304, description = "The file has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_document(headers: HeaderMap) -> Result<Response, Error> {
    files::file("openapi.json", "application/json", "public, max-age=300", &headers)
}

/// Describes the socket: its frames, answers and close codes.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/asyncapi.json", operation_id = "get_socket_document",
    responses(
        (status = 200, description = "AsyncAPI 3.0.", content_type = "application/json", body = Object,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = json!({"asyncapi": "3.0.0"})),
        (status = 304, description = "The file has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_socket_document(headers: HeaderMap) -> Result<Response, Error> {
    files::file("asyncapi.json", "application/json", "public, max-age=300", &headers)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_openapi_3_1() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../infra/openapi.json")).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["paths"]["/openapi.json"]["get"]["operationId"], "get_document");
    }
}
