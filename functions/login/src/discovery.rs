//! What others need to verify our access tokens.

use accounts::token::KeySet;
use axum::{extract::State, response::IntoResponse};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

/// Keys change rarely, and a new one is published before it signs.
const CACHED: &str = "public, max-age=300";

/// The keys that verify access tokens (RFC 7517). Asks nobody.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "login", responses((status = 200, body = KeySet), Problems))]
pub async fn get_key_set(State(s): State<crate::State>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, CACHED)], Json(s.tokens.key_set()))
}

/// What this issuer does.
#[derive(Serialize, ToSchema)]
pub struct Discovery {
    /// Who issues the tokens.
    issuer: String,
    /// Where the keys are.
    jwks_uri: String,
    /// How the tokens are signed.
    #[schema(value_type = Vec<String>)]
    id_token_signing_alg_values_supported: [&'static str; 1],
    #[schema(value_type = Vec<String>)]
    subject_types_supported: [&'static str; 1],
    /// Where the operations are described.
    service_documentation: String,
}

/// Describes the issuer of the access tokens: only what is true. Asks nobody.
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "login", responses((status = 200, body = Discovery), Problems))]
pub async fn get_discovery(State(s): State<crate::State>) -> impl IntoResponse {
    let issuer = s.tokens.issuer().to_owned();
    let body = Discovery {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/docs"),
        id_token_signing_alg_values_supported: ["EdDSA"],
        subject_types_supported: ["public"],
        issuer,
    };
    ([(header::CACHE_CONTROL, CACHED)], Json(body))
}
