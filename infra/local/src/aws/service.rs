//! The services that are answered here, and how each of them words a refusal.

use std::fmt::Write as _;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use super::{faults::Fault, iam::Denied, sigv4::SignatureError};

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// S3.
    S3,
    /// SES, in its first version.
    Ses,
    /// SNS.
    Sns,
    /// EventBridge.
    EventBridge,
    /// Secrets Manager.
    SecretsManager,
    /// The management endpoint of the WebSocket API: `@connections`.
    Connections,
}

/// A call that is not executed, or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code, as the service names it.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl Service {
    /// The service that a signature is for, by the name in its credential scope.
    pub fn signed_as(name: &str) -> Option<Self> {
        Some(match name {
            "dynamodb" => Self::DynamoDb,
            "s3" => Self::S3,
            "ses" => Self::Ses,
            "sns" => Self::Sns,
            "events" => Self::EventBridge,
            "secretsmanager" => Self::SecretsManager,
            "execute-api" => Self::Connections,
            _ => return None,
        })
    }

    /// The name in signatures, actions and ARNs.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::EventBridge => "events",
            Self::SecretsManager => "secretsmanager",
            Self::Connections => "execute-api",
        }
    }

    /// The answer to a call whose signature is not accepted.
    pub(crate) fn unsigned(self, error: SignatureError) -> Refusal {
        let (json, query, query_status) = match error {
            SignatureError::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken", StatusCode::FORBIDDEN),
            SignatureError::Malformed => ("IncompleteSignatureException", "IncompleteSignature", StatusCode::BAD_REQUEST),
            SignatureError::UnknownKey => ("UnrecognizedClientException", "InvalidClientTokenId", StatusCode::FORBIDDEN),
            SignatureError::Skewed | SignatureError::Mismatch => {
                ("InvalidSignatureException", "SignatureDoesNotMatch", StatusCode::FORBIDDEN)
            }
        };
        match self {
            Self::DynamoDb | Self::EventBridge | Self::SecretsManager => Refusal::new(StatusCode::BAD_REQUEST, json, error.to_string()),
            Self::Connections => Refusal::new(StatusCode::FORBIDDEN, json, error.to_string()),
            Self::S3 | Self::Ses | Self::Sns => Refusal::new(query_status, query, error.to_string()),
        }
    }

    /// The answer to a call that the caller's policy does not cover.
    pub(crate) fn denied(self, caller_arn: &str, denied: &Denied) -> Refusal {
        let message = format!("User: {caller_arn} {denied}");
        match self {
            Self::DynamoDb | Self::EventBridge | Self::SecretsManager => {
                Refusal::new(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
            }
            Self::S3 | Self::Ses => Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", message),
            Self::Sns => Refusal::new(StatusCode::FORBIDDEN, "AuthorizationError", message),
            Self::Connections => Refusal::new(StatusCode::FORBIDDEN, "ForbiddenException", message),
        }
    }

    /// The answer that a fault stands for; none if it lets the call through.
    pub(crate) fn faulty(self, fault: Fault) -> Option<Refusal> {
        let (status, code) = match (fault, self) {
            (Fault::Slow(_) | Fault::LostAfter, _) => return None,
            (Fault::Throttle, Self::DynamoDb | Self::EventBridge | Self::SecretsManager) => {
                (StatusCode::BAD_REQUEST, "ThrottlingException")
            }
            (Fault::Throttle, Self::S3) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
            (Fault::Throttle, Self::Ses) => (StatusCode::BAD_REQUEST, "Throttling"),
            (Fault::Throttle, Self::Sns) => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
            (Fault::Throttle, Self::Connections) => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
            (Fault::Unavailable, _) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            (Fault::Conflict | Fault::Taken(_), Self::DynamoDb) => (StatusCode::BAD_REQUEST, "TransactionConflictException"),
            (Fault::Internal, Self::DynamoDb) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
            (Fault::Internal | Fault::Conflict | Fault::Taken(_), Self::S3 | Self::Sns) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
            }
            (Fault::Internal | Fault::Conflict | Fault::Taken(_), Self::Ses) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
            (Fault::Internal | Fault::Conflict | Fault::Taken(_), Self::EventBridge) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalException")
            }
            (Fault::Internal | Fault::Conflict | Fault::Taken(_), Self::SecretsManager) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError")
            }
            (Fault::Internal | Fault::Conflict | Fault::Taken(_), Self::Connections) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException")
            }
        };
        Some(Refusal::new(status, code, "a scripted fault"))
    }

    /// A refusal in the service's own protocol.
    pub(crate) fn refuse(self, refusal: &Refusal, request_id: &str) -> Response {
        let Refusal { status, code, message } = refusal;
        match self {
            Self::DynamoDb => {
                let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message}).to_string();
                json_reply(*status, body, request_id)
            }
            Self::EventBridge | Self::SecretsManager => {
                json_reply(*status, json!({"__type": code, "message": message}).to_string(), request_id)
            }
            Self::Connections => {
                let mut response = json_reply(*status, json!({"message": message}).to_string(), request_id);
                response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
                response
            }
            Self::S3 => {
                let xml =
                    format!("<Error><Code>{code}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>", escape(message));
                xml_reply(*status, &xml, request_id)
            }
            Self::Ses | Self::Sns => {
                let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
                let xml = format!(
                    "<ErrorResponse xmlns=\"{}\"><Error><Type>{fault}</Type><Code>{code}</Code><Message>{}</Message></Error>\
                     <RequestId>{request_id}</RequestId></ErrorResponse>",
                    self.namespace(),
                    escape(message)
                );
                xml_reply(*status, &xml, request_id)
            }
        }
    }

    /// The successful answer of a query protocol: `<OpResponse><OpResult>…</OpResult>…</OpResponse>`.
    pub(crate) fn query_result(self, operation: &str, result: &[(&str, &str)], request_id: &str) -> Response {
        let mut xml = format!("<{operation}Response xmlns=\"{}\"><{operation}Result>", self.namespace());
        for (name, value) in result {
            // Writing to a String cannot fail.
            let _written = write!(xml, "<{name}>{}</{name}>", escape(value));
        }
        let _written = write!(
            xml,
            "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        );
        xml_reply(StatusCode::OK, &xml, request_id)
    }

    fn namespace(self) -> &'static str {
        if self == Self::Ses { "http://ses.amazonaws.com/doc/2010-12-01/" } else { "http://sns.amazonaws.com/doc/2010-03-31/" }
    }
}

/// A reply of a JSON protocol. (Version 1.1 differs from 1.0 in its name only; clients look at neither.)
pub(crate) fn json_reply(status: StatusCode, body: String, request_id: &str) -> Response {
    reply(status, "application/x-amz-json-1.0", body, request_id)
}

fn xml_reply(status: StatusCode, xml: &str, request_id: &str) -> Response {
    reply(status, "text/xml", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}"), request_id)
}

fn reply(status: StatusCode, content_type: &'static str, body: String, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// Text as XML content.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
