//! Secrets Manager: reading the secrets of the template.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service, json_reply},
};

const GET: &str = "GetSecretValue";

/// Answers a signed call. Secrets are found by their ARN.
pub(super) async fn answer(call: &Call, headers: &HeaderMap, body: &[u8]) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
    if target.strip_prefix("secretsmanager.") != Some(GET) {
        let unknown = AwsError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", format!("{target:?} is not answered here"));
        return call.refuse(target, &unknown);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(arn) = request.get("SecretId").and_then(Value::as_str) else {
        return call.refuse(GET, &AwsError::new(StatusCode::BAD_REQUEST, "InvalidParameterException", "SecretId is missing"));
    };
    let run = async {
        let response = if let Some(secret) = call.core.secrets.get(arn) {
            json_reply(StatusCode::OK, json!({ "ARN": arn, "SecretString": secret }).to_string(), &call.request_id)
        } else {
            let message = "Secrets Manager can't find the specified secret.";
            let missing = AwsError::new(StatusCode::BAD_REQUEST, "ResourceNotFoundException", message);
            Service::SecretsManager.refuse(&missing, &call.request_id)
        };
        (response, Capacity::default())
    };
    call.perform(GET, &[Need::new("secretsmanager:GetSecretValue", arn)], run).await
}
