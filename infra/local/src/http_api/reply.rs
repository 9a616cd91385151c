//! The HTTP response from the response of a function.

use std::collections::BTreeMap;

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use function::RawValue;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// `None` if API Gateway would not accept the function's response. JSON without a status is the body itself.
pub(super) fn response(raw: &RawValue) -> Option<Response> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    if value.get("statusCode").is_none() {
        let mut response = Response::new(Body::from(raw.get().to_owned()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Some(response);
    }
    let reply: Reply = serde_json::from_value(value).ok()?;
    let body = reply.body.unwrap_or_default();
    let body = if reply.is_base64_encoded.unwrap_or_default() { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in reply.headers.unwrap_or_default() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // The gateway sets the length and the framing of the body.
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING || name == header::CONNECTION {
            continue;
        }
        headers.insert(name, HeaderValue::from_str(&scalar(&value)?).ok()?);
    }
    for cookie in reply.cookies.unwrap_or_default() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    if has_body && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Some(response)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> Option<Response> {
        response(&serde_json::value::to_raw_value(value).expect("json"))
    }

    #[test]
    fn each_cookie_becomes_a_header() {
        let reply =
            of(&json!({"statusCode": 201, "headers": {"Location": "/x", "Content-Length": "99"}, "cookies": ["a=1", "b=2"], "body": "hi"}))
                .expect("understood");
        assert_eq!(reply.status(), StatusCode::CREATED);
        assert_eq!(reply.headers().get_all(header::SET_COOKIE).iter().count(), 2);
        assert!(!reply.headers().contains_key(header::CONTENT_LENGTH));
        assert_eq!(reply.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()), Some("text/plain;charset=UTF-8"));
    }

    #[test]
    fn json_without_a_status_is_the_body() {
        assert_eq!(of(&json!({"a": 1})).map(|r| r.status()), Some(StatusCode::OK));
    }

    #[test]
    fn malformed_responses_are_refused() {
        for bad in [
            json!({"statusCode": "soon"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"x": {}}}),
        ] {
            assert!(of(&bad).is_none(), "{bad}");
        }
    }
}
