//! Conversion of Lambda events to axum requests and back, by `lambda_http`.
//!
//! The gateway chooses the operation: `routeKey` is its route and `pathParameters` are the values in it. The path for the router is made
//! from these two. `lambda_http` would build a URL from the `Host` header and the raw path, which the client controls, and panics if the
//! URL is not valid. So both are removed from the event.

use axum::{Router, http::Uri};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use function::{Boot, Failure, Function, StartError};
use http::{HeaderValue, Method, header};
use lambda_http::{
    Adapter, LambdaEvent, Request, Service as _, aws_lambda_events::apigw::ApiGatewayV2httpRequest, request::LambdaRequest, service_fn,
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode_byte, utf8_percent_encode};

use crate::{edge::Edge, layers, rate::ClientRate, route::Route};

/// Characters that `http::Uri` refuses in a query. They are percent-encoded, which does not change the meaning of a query.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Returns an HTTP function: routes and their state, within the layers of every response. Reads `EDGE_SECRETS` ([`Edge::read`]) and
/// `CLIENT_RATE` ([`ClientRate::read`]).
///
/// # Errors
/// [`StartError::Config`]
pub fn function<S: Clone + Send + Sync + 'static>(boot: &Boot, routes: Router<S>, state: S) -> Result<Function, StartError> {
    let (edge, rate) = boot.env.read(|r| (Edge::read(r, &boot.sys), ClientRate::read(r)))?;
    let layered = layers::around(routes.with_state(state), edge, rate);
    Ok(Function::raw(move |payload, _| {
        let mut layered = layered.clone();
        async move {
            let mut event: ApiGatewayV2httpRequest = serde_json::from_str(payload.get())?;
            let (route, uri) = Route::of(&mut event)?;
            let service = service_fn(move |mut request: Request| {
                *request.uri_mut() = uri.clone();
                request.extensions_mut().insert(route.clone());
                layered.call(request)
            });
            // `lambda_http::run` puts the same adapter around a router. Other hosts than the runtime need it explicitly.
            let event = LambdaEvent { payload: LambdaRequest::ApiGatewayV2(event), context: lambda_http::Context::default() };
            let reply = Adapter::from(service).call(event);
            Ok(serde_json::value::to_raw_value(&reply.await?)?)
        }
    }))
}

impl Route {
    /// Returns the route of an event, and the path and query for the router. Removes everything from the event on which the adapter could
    /// fail.
    fn of(event: &mut ApiGatewayV2httpRequest) -> Result<(Self, Uri), Failure> {
        let query = event.raw_query_string.take().unwrap_or_default();
        let raw_path = event.raw_path.take().unwrap_or_default();
        // The parts of the event from which the adapter builds a URL.
        event.headers.remove(header::HOST);
        event.request_context.domain_name = None;
        event.request_context.stage = None;
        // The adapter joins all cookies to one header, and drops the header if one cookie has characters that headers cannot have.
        event.cookies.iter_mut().for_each(|all| all.retain(|cookie| HeaderValue::from_str(cookie).is_ok()));
        if let Some(body) = event.body.as_deref().filter(|_| event.is_base64_encoded) {
            BASE64_STANDARD.decode(body).map_err(|_| "the body is not base64")?;
        }

        let key = event.route_key.take().ok_or("there is no route key")?;
        let (route, mut target) = if key == "$default" {
            (Self::Open, path_of(&raw_path))
        } else {
            let (method, template) = key.split_once(' ').filter(|(_, path)| path.starts_with('/')).ok_or("the route key is none")?;
            if method != "ANY" {
                event.request_context.http.method = Method::from_bytes(method.as_bytes())?;
            }
            let value = |name: &str| event.path_parameters.get(name).map(String::as_str);
            let shared = template.strip_suffix("/{path+}").filter(|prefix| !prefix.is_empty());
            match shared {
                Some(prefix) => (Self::Open, format!("{prefix}{}", path_below(value("path").ok_or("a path parameter is missing")?))),
                None => (Self::Chosen(in_router(template)), filled(template, value).ok_or("a path parameter is missing")?),
            }
        };
        if !query.is_empty() {
            target.push('?');
            target.extend(utf8_percent_encode(&query, NOT_IN_A_QUERY));
        }
        Ok((route, target.try_into()?))
    }
}

/// Returns a route's template in the syntax of the router: the gateway's `{path+}` is `{*path}` for the router.
fn in_router(template: &str) -> String {
    template
        .strip_suffix("+}")
        .and_then(|rest| rest.rsplit_once('{'))
        .map_or_else(|| template.to_owned(), |(before, name)| format!("{before}{{*{name}}}"))
}

/// Returns the path of a template, filled with the values of its parameters. Every byte of a value is percent-encoded, so that a value
/// cannot be a separator or match a fixed segment of another template. `None` if a value is missing.
fn filled<'a>(template: &str, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut path = String::with_capacity(template.len());
    for segment in template.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => path.extend(value(name.strip_suffix('+').unwrap_or(name))?.bytes().map(percent_encode_byte)),
            None => path.push_str(segment),
        }
    }
    Some(path)
}

/// Returns the path for the router from a raw path. Each segment is decoded, and encoded again except for the characters of fixed segments.
fn path_of(raw: &str) -> String {
    raw.strip_prefix('/').unwrap_or(raw).split('/').map(|segment| encoded(percent_decode_str(segment))).collect()
}

/// Returns the path for the router from the rest of a path (`{path+}`), which the gateway has decoded.
fn path_below(rest: &str) -> String {
    rest.split('/').map(|segment| encoded(segment.bytes())).collect()
}

/// Returns a slash, and a segment that is encoded except for characters of fixed segments.
fn encoded(segment: impl Iterator<Item = u8>) -> String {
    const FIXED: &[u8] = b"-._~";
    segment.fold("/".to_owned(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || FIXED.contains(&byte) {
            path.push(byte.into());
        } else {
            path.push_str(percent_encode_byte(byte));
        }
        path
    })
}

#[cfg(test)]
mod tests;
