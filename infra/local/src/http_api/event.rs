//! The event of an HTTP request: payload format 2.0.

use std::{borrow::Cow, collections::BTreeMap, net::SocketAddr};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use function::RawValue;
use http::{HeaderMap, Version, header, request::Parts};
use kernel::{Sys, Time, Timestamp};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::routes::Found;
use crate::{Core, hosts::Trace, template::ACCOUNT};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<BTreeMap<&'static str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'static str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: String,
    user_agent: &'a str,
}

/// Builds the event. The source address is that of the connection. `X-Forwarded-For` is passed on but not used.
#[expect(clippy::too_many_arguments, reason = "each is one part of the event")]
pub(super) fn event(
    core: &Core,
    parts: &Parts,
    body: &[u8],
    peer: SocketAddr,
    found: &Found<'_>,
    path: &str,
    request_id: &str,
    trace: &Trace,
) -> Result<Box<RawValue>, serde_json::Error> {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let now = core.clock.now();
    let source_ip = peer.ip().to_canonical().to_string();
    let query = parts.uri.query().unwrap_or_default();
    let domain_name = text(header::HOST);
    let is_text = body.is_empty() || (is_text(text(header::CONTENT_TYPE)) && std::str::from_utf8(body).is_ok());
    let body = if is_text { String::from_utf8_lossy(body) } else { Cow::Owned(STANDARD.encode(body)) };
    to_raw_value(&Event {
        version: "2.0",
        route_key: &found.route.key,
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(&parts.headers),
        headers: headers(&parts.headers, &source_ip, trace),
        query_string_parameters: parameters(query),
        request_context: RequestContext {
            account_id: ACCOUNT,
            api_id: &core.template.http_api.id,
            domain_name,
            domain_prefix: domain_name.split(['.', ':']).next().unwrap_or_default(),
            http: Http {
                method: parts.method.as_str(),
                path,
                protocol: if parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
                source_ip: source_ip.clone(),
                user_agent: text(header::USER_AGENT),
            },
            request_id,
            route_key: &found.route.key,
            stage: &core.template.http_api.stage,
            time: common_log_time(now),
            time_epoch: now.millis(),
        },
        path_parameters: &found.parameters,
        // With this stage variable functions do not apply the limit that they count in memory.
        stage_variables: core.limits.lifted().then(|| BTreeMap::from([(web::CLIENT_RATE, web::LIFTED)])),
        body: Some(body).filter(|b| !b.is_empty()),
        is_base64_encoded: !is_text,
    })
}

/// Returns the decoded path. API Gateway decodes the path before it routes, and `rawPath` and the path parameters are decoded too: an
/// encoded slash separates segments, and a question mark ends the path. Backslashes, number signs and dots have no special meaning
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>; the rest is not documented and was
/// observed: <https://github.com/middleapi/standard-server/pull/93>, <https://github.com/aws/aws-lambda-dotnet/pull/1901>).
pub(super) fn decoded_path(parts: &Parts) -> Option<String> {
    let decoded = percent_decode_str(parts.uri.path()).decode_utf8().ok()?;
    decoded.split('?').next().map(str::to_owned)
}

/// Returns a request id in the form of API Gateway.
pub(crate) fn request_id(sys: &Sys) -> String {
    URL_SAFE.encode(sys.bytes::<11>())
}

/// `21/Nov/2026:08:00:00 +0000`.
pub(crate) fn common_log_time(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = time.date();
    let month = usize::from(u8::from(date.month())).checked_sub(1).and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    let text = Timestamp(time).to_string();
    let clock = text.get(11..19).unwrap_or_default();
    format!("{:02}/{month}/{:04}:{clock} +0000", date.day(), date.year())
}

fn headers(given: &HeaderMap, source_ip: &str, trace: &Trace) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in given.iter().filter(|(name, _)| *name != header::COOKIE) {
        let value = latin1(value.as_bytes());
        headers.entry(name.as_str().to_owned()).and_modify(|all| *all = format!("{all},{value}")).or_insert(value);
    }
    let forwarded = headers.get("x-forwarded-for").map_or_else(|| source_ip.to_owned(), |before| format!("{before}, {source_ip}"));
    headers.insert("x-forwarded-for".to_owned(), forwarded);
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers.insert("x-amzn-trace-id".to_owned(), trace.to_string());
    headers
}

/// Header values are bytes. Those that are not ASCII are read as Latin-1.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Returns all cookies. A browser also sends those of other applications on the host, which may contain any bytes.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(header::COOKIE).iter().flat_map(|v| v.as_bytes().split(|b| *b == b';'));
    all.map(<[u8]>::trim_ascii).filter(|c| !c.is_empty()).map(latin1).collect()
}

/// Returns the decoded query parameters. Several values of one name are joined by commas.
pub(crate) fn parameters(query: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        parameters.entry(decode(name)).and_modify(|all| *all = format!("{all},{value}")).or_insert(value);
    }
    parameters
}

/// Returns whether a body of this type is passed on as text. Other types, forms included, are passed on as base64.
fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.is_empty()
        || essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(essence.as_str(), "application/json" | "application/javascript" | "application/xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parameters_are_joined_and_decoded() {
        let parameters = parameters("a=1&b=x%20y&a=2&c&d=%C5%82+z");
        assert_eq!(parameters.into_iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["a=1,2", "b=x y", "c=", "d=ł z"]);
    }

    #[test]
    fn times_have_the_form_of_the_common_log() {
        assert_eq!(common_log_time(Time::from_millis(1_795_248_000_123)), "21/Nov/2026:08:00:00 +0000");
    }

    #[test]
    fn a_path_is_decoded() {
        let path = |uri: &str| decoded_path(&http::Request::get(uri).body(()).expect("request").into_parts().0);
        assert_eq!(path("/v1/users/%C5%82ukasz?x=1").as_deref(), Some("/v1/users/łukasz"));
        assert_eq!(path("/v1/a%3Fb").as_deref(), Some("/v1/a"));
        assert_eq!(path("/v1/%FF"), None);
    }

    #[test]
    fn a_cookie_of_any_bytes_does_not_hide_the_others() {
        for (sent, expected) in [
            (&[&b"a=1; b=2"[..]][..], &["a=1", "b=2"][..]),
            (&[b"city=Krak\xc3\xb3w; b=2"], &["city=Krak\u{c3}\u{b3}w", "b=2"]),
            (&[b"city=Krak\xf3w;b=2"], &["city=Krak\u{f3}w", "b=2"]),
            (&[b"x=\xff\xfe", b"b=2"], &["x=\u{ff}\u{fe}", "b=2"]),
            (&[b";; a ;\tb=2 ;"], &["a", "b=2"]),
        ] {
            let headers = sent.iter().map(|value| (header::COOKIE, http::HeaderValue::from_bytes(value).expect("a header"))).collect();
            assert_eq!(cookies(&headers), expected);
        }
    }

    #[test]
    fn forms_and_pictures_are_base64() {
        assert_eq!(["application/json; charset=utf-8", "application/problem+json", "text/plain"].map(is_text), [true; 3]);
        assert_eq!(["application/x-www-form-urlencoded", "image/png", "application/octet-stream"].map(is_text), [false; 3]);
    }
}
