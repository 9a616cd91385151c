//! Requests without a route: an unknown path, or a method that a path does not have.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use kernel::Kind;
use web::Error;

/// Every path of the API with its methods, from the document.
const PATHS: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/paths.rs"));

/// Answers 405 with `Allow` if the path has other methods (RFC 9110 §15.5.6), and 404 otherwise.
pub async fn answer(path: Result<Path<String>, PathRejection>) -> Response {
    let allowed = methods(path.as_ref().map_or("", |Path(path)| path));
    if allowed.is_empty() {
        return Error::from(Kind::NotFound).into_response();
    }
    let mut response = Error::from(Kind::MethodNotAllowed).into_response();
    let allowed: Vec<&str> = allowed.into_iter().collect();
    if let Ok(allow) = HeaderValue::try_from(allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Returns the methods of every path template that matches a path, which is given without its first slash.
fn methods(path: &str) -> BTreeSet<&'static str> {
    let fits = |template: &str| {
        let (mut parts, mut given) = (template.split('/').skip(1), path.split('/'));
        loop {
            match (parts.next(), given.next()) {
                (None, None) => return true,
                (Some(part), Some(given)) if part == given || (part.starts_with('{') && !given.is_empty()) => {}
                _ => return false,
            }
        }
    };
    PATHS.iter().filter(|(template, _)| fits(template)).flat_map(|(_, methods)| *methods).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_takes_the_methods_of_every_template_that_it_is_one_of() {
        for (path, expected) in [
            ("v1/sessions", "DELETE GET HEAD POST"),
            ("v1/users/ana", "GET HEAD"),
            // `POST /v1/registrations/link` and `GET /v1/registrations/{flow}`
            ("v1/registrations/link", "GET HEAD POST"),
            ("v1/sign-ins/x/verify", "POST"),
            ("openapi.json", "GET HEAD"),
            ("", "GET HEAD"),
        ] {
            assert_eq!(methods(path).into_iter().collect::<Vec<_>>().join(" "), expected, "{path}");
        }
        for path in ["v1", "v1/users", "v1/users/", "v1/users/ana/", "/v1/me", "v1//me", "V1/me", "v1/users/a/b", "{path}"] {
            assert!(methods(path).is_empty(), "{path}");
        }
    }
}
