//! Swagger UI, without its top bar, over our own document.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Kind, Locale};
use web::{Error, Language, Path, Problems};

use crate::files;

/// Only files of this site: no inline script, no inline style, nothing from elsewhere. (The pictures in Swagger UI's style
/// sheet are `data:` URLs.)
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Redirects to the documentation.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/", operation_id = "get_start",
    responses((status = 302, description = "A redirect to the page.", headers(("Location" = String, description = "The page."))), Problems))]
pub async fn get_start() -> impl IntoResponse {
    (StatusCode::FOUND, [(header::LOCATION, "/docs")])
}

/// Serves a page on which the API can be read and tried out.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/docs", operation_id = "get_docs",
    responses((status = 200, description = "The page.", content_type = "text/html", body = String, example = "<!doctype html>"), Problems)
)]
pub async fn get_docs() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, include_str!("../assets/docs.html")).into_response()
}

/// Serves the files of the pages. `/docs/flows` shows registration and sign-in as sequence diagrams, `/docs/client` is the guide to the
/// JavaScript client.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/docs/{file}", operation_id = "get_docs_file",
    params(("file" = String, Path, max_length = 100, description = "The name of a file that one of the pages loads, or of a page.", example = "docs.js")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, description = "The file.", content_type = "text/javascript", body = String,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = "…"),
        (status = 304, description = "The file has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_docs_file(Path(name): Path<String>, Language(locale): Language, headers: HeaderMap) -> Result<Response, Error> {
    let content_type = match name.as_str() {
        "docs.js" | "flows.js" | "flows.pl.js" | "swagger-ui-bundle.js" => "text/javascript",
        "docs.css" | "flows.css" | "palette.css" | "stoa.css" | "swagger-ui.css" => "text/css",
        "logo.svg" => "image/svg+xml",
        "client" | "flows" => "text/html; charset=utf-8",
        _ => return Err(Kind::NotFound.into()),
    };
    let file = match (name.as_str(), locale) {
        ("client", Locale::En) => "client.html",
        ("client", Locale::Pl) => "client.pl.html",
        ("flows", Locale::En) => "flows.html",
        ("flows", Locale::Pl) => "flows.pl.html",
        (file, _) => file,
    };
    let mut response = files::file(file, content_type, "public, max-age=86400", &headers)?;
    if content_type.starts_with("text/html") {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_page_names_only_files_that_there_are() {
        let page = include_str!("../assets/docs.html");
        let named: BTreeSet<&str> = page.split('"').filter_map(|part| part.strip_prefix("/docs/")).collect();
        let there = ["client", "docs.css", "docs.js", "flows", "logo.svg", "palette.css", "swagger-ui-bundle.js", "swagger-ui.css"];
        assert_eq!(named, BTreeSet::from(there));
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
    }

    #[test]
    fn every_flow_is_told_in_polish() {
        let (flows, polish) = (include_str!("../assets/flows.js"), include_str!("../assets/flows.pl.js"));
        // `["id", "Title", "About.", [`
        let told: Vec<[&str; 2]> = flows
            .lines()
            .filter(|line| line.starts_with("  [\"") && line.ends_with(", ["))
            .filter_map(|line| {
                let mut parts = line.split("\", \"").skip(1);
                Some([parts.next()?, parts.next()?.trim_end_matches("\", [")])
            })
            .collect();
        assert!(told.len() > 10, "{told:?}");
        for sentence in told.into_iter().flatten() {
            assert!(polish.contains(&format!("\"{sentence}\":")), "{sentence}");
        }
    }

    #[test]
    fn the_guide_shows_the_same_code_in_each_language() {
        let code = |page: &'static str| page.split("<pre").skip(1).filter_map(|part| part.split("</pre>").next()).collect::<Vec<_>>();
        let (english, polish) = (code(include_str!("../assets/client.html")), code(include_str!("../assets/client.pl.html")));
        assert!(english.len() > 4);
        assert_eq!(english, polish);
    }

    #[test]
    fn the_flows_name_only_operations_that_there_are() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../infra/openapi.json")).unwrap();
        let known = |method: &str, path: &str| {
            let parts = |path: &str| {
                path.split('/').map(|part| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() }).collect::<Vec<_>>()
            };
            let paths = document["paths"].as_object().unwrap();
            paths.iter().any(|(there, item)| parts(there) == parts(path) && item.get(method.to_lowercase()).is_some())
        };
        let calls: Vec<&str> =
            include_str!("../assets/flows.js").split("call(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(calls.len() > 30);
        for call in calls {
            let mut words = call.split([' ', ',']);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            assert!(known(method, path), "{call}");
        }
    }
}
