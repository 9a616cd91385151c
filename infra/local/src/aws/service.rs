//! The services of the endpoints, and the form of their errors.

use std::fmt::Write as _;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{iam::Denied, sigv4::SignatureError};

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Lambda. It has no endpoint here, because only gateways, buses and schedules invoke functions.
    Lambda,
    /// The HTTP API, in front of the functions. Its clients have no credentials.
    HttpApi,
}

/// The error of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error code of the service.
    pub code: &'static str,
    /// The message, for people.
    pub message: String,
}

impl AwsError {
    /// Creates an error.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl Service {
    /// Returns the service with this name in the scope of a signature.
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

    /// Returns the name in signatures, actions and ARNs.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Ses => "ses",
            Self::Sns => "sns",
            Self::EventBridge => "events",
            Self::SecretsManager => "secretsmanager",
            Self::Connections => "execute-api",
            Self::Lambda => "lambda",
            Self::HttpApi => "http-api",
        }
    }

    /// Returns whether functions call it with signed requests.
    pub(crate) fn is_called(self) -> bool {
        !matches!(self, Self::Lambda | Self::HttpApi)
    }

    /// Returns the error for a signature that is not valid.
    pub(crate) fn unsigned(self, error: SignatureError) -> AwsError {
        let (json, query, query_status) = match error {
            SignatureError::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken", StatusCode::FORBIDDEN),
            SignatureError::Malformed => ("IncompleteSignatureException", "IncompleteSignature", StatusCode::BAD_REQUEST),
            SignatureError::UnknownKey => ("UnrecognizedClientException", "InvalidClientTokenId", StatusCode::FORBIDDEN),
            SignatureError::Skewed | SignatureError::Region | SignatureError::Mismatch => {
                ("InvalidSignatureException", "SignatureDoesNotMatch", StatusCode::FORBIDDEN)
            }
        };
        match self {
            Self::DynamoDb | Self::EventBridge | Self::SecretsManager => AwsError::new(StatusCode::BAD_REQUEST, json, error.to_string()),
            Self::Connections | Self::Lambda | Self::HttpApi => AwsError::new(StatusCode::FORBIDDEN, json, error.to_string()),
            Self::S3 | Self::Ses | Self::Sns => AwsError::new(query_status, query, error.to_string()),
        }
    }

    /// Returns the error for a call that the caller's policy does not allow.
    pub(crate) fn denied(self, caller_arn: &str, denied: &Denied) -> AwsError {
        let message = format!("User: {caller_arn} {denied}");
        match self {
            Self::DynamoDb | Self::EventBridge | Self::SecretsManager => {
                AwsError::new(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
            }
            Self::S3 | Self::Ses => AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message),
            Self::Sns => AwsError::new(StatusCode::FORBIDDEN, "AuthorizationError", message),
            Self::Connections | Self::Lambda | Self::HttpApi => AwsError::new(StatusCode::FORBIDDEN, "ForbiddenException", message),
        }
    }

    /// Returns the response with an error, in the service's protocol.
    pub(crate) fn refuse(self, refusal: &AwsError, request_id: &str) -> Response {
        let AwsError { status, code, message } = refusal;
        match self {
            Self::DynamoDb => {
                let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message}).to_string();
                json_reply(*status, body, request_id)
            }
            Self::EventBridge | Self::SecretsManager => {
                json_reply(*status, json!({"__type": code, "message": message}).to_string(), request_id)
            }
            Self::Connections | Self::Lambda | Self::HttpApi => {
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

    /// Returns the successful response of a query protocol: `<OpResponse><OpResult>…</OpResult>…</OpResponse>`.
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

/// Returns a response of a JSON protocol. Versions 1.0 and 1.1 differ only in their names, which clients do not check.
pub(crate) fn json_reply(status: StatusCode, body: String, request_id: &str) -> Response {
    reply(status, "application/x-amz-json-1.0", body, request_id)
}

/// Returns a response of a protocol with XML.
pub(crate) fn xml_reply(status: StatusCode, xml: &str, request_id: &str) -> Response {
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

/// Text escaped for XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
