//! The management endpoint of the WebSocket API: `/<stage>/@connections/<id>`.

use axum::{
    body::Bytes,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, request::Parts};

use super::{
    call::Call,
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service, json_reply},
};
use crate::{
    socket_api::ConnectionError,
    template::{ACCOUNT, REGION},
};

/// Returns the connection that a path names, decoded. An id ends in `=`, which clients encode.
pub(super) fn connection_of(path: &str) -> Option<String> {
    let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let (_, id) = path.split_once("/@connections/")?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// Answers a signed call.
pub(super) async fn answer(call: &Call, parts: &Parts, body: Bytes) -> Response {
    let connections = &call.core.connections;
    let (operation, id) = match (&parts.method, connection_of(parts.uri.path())) {
        (&Method::POST, Some(id)) => ("PostToConnection", id),
        (&Method::GET, Some(id)) => ("GetConnection", id),
        (&Method::DELETE, Some(id)) => ("DeleteConnection", id),
        _ => return call.refuse("unknown", &AwsError::new(StatusCode::NOT_FOUND, "NotFoundException", "there is nothing here")),
    };
    let need = need(call, &parts.method, &id);
    call.perform(operation, &[need], async {
        let done = match operation {
            "PostToConnection" => connections.post(&id, body).map(|()| StatusCode::OK.into_response()),
            "DeleteConnection" => connections.delete(&id).map(|()| StatusCode::NO_CONTENT.into_response()),
            _ => connections.get(&id).map(|info| match serde_json::to_string(&info) {
                Ok(body) => json_reply(StatusCode::OK, body, &call.request_id),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }),
        };
        (done.unwrap_or_else(|e| Service::Connections.refuse(&refusal(e), &call.request_id)), Capacity::default())
    })
    .await
}

fn need(call: &Call, method: &Method, id: &str) -> Need {
    let api = call.core.template.socket_api.as_ref();
    let (api, stage) = api.map_or(("", ""), |api| (api.id.as_str(), api.stage.as_str()));
    Need::new("execute-api:ManageConnections", format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}/{method}/@connections/{id}"))
}

fn refusal(error: ConnectionError) -> AwsError {
    match error {
        ConnectionError::Gone => AwsError::new(StatusCode::GONE, "GoneException", error.to_string()),
        ConnectionError::TooLarge => AwsError::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::connection_of;

    #[test]
    fn a_path_names_a_connection() {
        assert_eq!(connection_of("/development/%40connections/L0SM9cOFvHcCIhw%3D").as_deref(), Some("L0SM9cOFvHcCIhw="));
        assert_eq!(connection_of("/@connections/a=").as_deref(), Some("a="));
        assert_eq!(connection_of("/bucket/key"), None);
    }
}
