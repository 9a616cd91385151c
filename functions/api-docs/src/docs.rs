//! The pages of the documentation. The page of operations is Swagger UI without its top bar.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Kind, Locale};
use web::{Error, Language, Path, Problems};

use crate::files::file;

/// Allows only files of this origin: no inline script, no inline style, nothing from other origins. (The pictures in Swagger UI's style
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

/// Serves the page with the documentation of the API, on which operations can be tried out.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/docs", operation_id = "get_docs",
    responses(
        (status = 200, description = "The page.", content_type = "text/html", body = String,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = "<!doctype html>"),
        (status = 304, description = "The page has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_docs(Language(locale): Language, headers: HeaderMap) -> Result<Response, Error> {
    page("docs", locale, &headers)
}

/// Returns a page in a language.
fn page(name: &str, locale: Locale, headers: &HeaderMap) -> Result<Response, Error> {
    let mut response = file(&format!("{name}.{}.html", locale.tag()), "text/html; charset=utf-8", "public, max-age=300", headers)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// Serves the files of the pages. `/docs/flows` shows registration and sign-in as sequence diagrams, `/docs/client` is the guide to the
/// JavaScript client, `/docs/from` lists the operations that replace functions of other projects.
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
        page_name if !page_name.contains('.') => return page(page_name, locale, &headers),
        "docs.js" | "flows.js" | "language.js" | "swagger-ui-bundle.js" => "text/javascript",
        words if is_translation(words) => "text/javascript",
        "docs.css" | "flows.css" | "from.css" | "palette.css" | "stoa.css" | "swagger-ui.css" => "text/css",
        "logo.svg" => "image/svg+xml",
        _ => return Err(Kind::NotFound.into()),
    };
    let mut response = file(&name, content_type, "public, max-age=86400", &headers)?;
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// Returns whether a script has the texts of a page in a language, such as `flows.pl.js`. In languages without such a script the page is in
/// English.
fn is_translation(name: &str) -> bool {
    let parts = name.strip_suffix(".js").and_then(|name| name.split_once('.'));
    parts.is_some_and(|(page, tag)| ["docs", "flows"].contains(&page) && Locale::ALL.into_iter().any(|locale| locale.tag() == tag))
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use kernel::Messages;

    use super::*;

    const TEXTS: Messages = Messages::new(kernel::in_every_language!("docs.ftl"));

    #[test]
    fn every_text_is_in_every_language_and_used() {
        assert_eq!(TEXTS.faults(), [""; 0]);
        let templates = [
            include_str!("../assets/client.html"),
            include_str!("../assets/docs.html"),
            include_str!("../assets/flows.html"),
            include_str!("../assets/from.html"),
            include_str!("../assets/head.html"),
            include_str!("../assets/header.html"),
        ]
        .concat();
        // The build puts these into rows and links.
        let built = |key: &str| ["language", "from-frame", "from-setting"].contains(&key) || key.ends_with("-name");
        for key in TEXTS.keys(Locale::En) {
            assert!(built(&key) || templates.contains(&format!("{{{{{key}}}}}")), "{key} is not used");
        }
        assert!(!templates.contains("<style") && !templates.contains("style=") && !templates.contains("<script>"));
    }

    #[test]
    fn every_page_about_a_project_is_in_every_language_and_served() {
        let folder = |path: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut pages = 0;
        for entry in std::fs::read_dir(folder("projects")).unwrap() {
            let path = entry.unwrap().path();
            let (name, rows) = (path.file_stem().unwrap().to_str().unwrap(), std::fs::read_to_string(&path).unwrap());
            let mut wanted: Vec<String> = vec!["about".to_owned(), "title".to_owned()];
            let rows: Vec<&str> = rows.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
            wanted.extend(rows.iter().flat_map(|key| [(*key).to_owned(), format!("{key}-here")]));
            wanted.sort();
            for locale in Locale::ALL {
                let texts = std::fs::read_to_string(folder(&format!("locales/{}/{name}.ftl", locale.tag()))).unwrap();
                let lines = texts.lines().filter(|line| !line.starts_with('#'));
                let mut keys: Vec<String> = lines.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect();
                keys.sort();
                assert_eq!(keys, wanted, "{name} in {}", locale.tag());
                assert_eq!(page(name, locale, &HeaderMap::new()).unwrap().status(), 200, "{name}");
            }
            assert!(rows.len() > 5, "{name}");
            pages += 1;
        }
        assert_eq!(pages, 6);
    }

    #[test]
    fn the_words_in_polish_are_those_of_swagger_ui() {
        let bundle = file("swagger-ui-bundle.js", "text/javascript", "no-store", &HeaderMap::new()).unwrap().into_body();
        let Poll::Ready(Ok(bundle)) = pin!(axum::body::to_bytes(bundle, usize::MAX)).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the file is in memory");
        };
        let bundle = std::str::from_utf8(&bundle).unwrap();
        let words = include_str!("../assets/docs.pl.js").lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\": \""));
        let mut count = 0;
        for (english, _) in words {
            assert!(bundle.contains(&format!("\"{english}\"")), "Swagger UI does not say {english:?}");
            count += 1;
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn every_flow_is_told_in_polish() {
        let (flows, polish) = (include_str!("../assets/flows.js"), include_str!("../assets/flows.pl.js"));
        // `["id", "Title", "About.", [`
        let sentences: Vec<[&str; 2]> = flows
            .lines()
            .filter(|line| line.starts_with("  [\"") && line.ends_with(", ["))
            .filter_map(|line| {
                let mut parts = line.split("\", \"").skip(1);
                Some([parts.next()?, parts.next()?.trim_end_matches("\", [")])
            })
            .collect();
        assert!(sentences.len() > 10, "{sentences:?}");
        for sentence in sentences.into_iter().flatten() {
            assert!(polish.contains(&format!("\"{sentence}\":")), "{sentence}");
        }
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
