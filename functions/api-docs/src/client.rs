//! The JavaScript client. Every deployment serves the version that matches its API.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::Kind;
use web::{Error, Path, Problems};

use crate::files;

/// Serves the files of the JavaScript client: `stoa.js`, the modules that it imports, and their types. `/docs/client` shows how it is used.
///
/// Frontends at the allowed origins import it from here. A browser checks with each use whether a file has changed, so that the files of
/// two versions are never mixed.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/client/{file}", operation_id = "get_client_file",
    params(("file" = String, Path, max_length = 100, description = "The name of a file.", example = "stoa.js")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, description = "The file.", content_type = "text/javascript", body = String,
            headers(("ETag" = String, description = "Identifies the version of the file and its compression.")), example = "…"),
        (status = 304, description = "The file has not changed since the version in `If-None-Match`."),
        Problems,
    )
)]
pub async fn get_client_file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    // TypeScript has no media type of its own.
    let content_type = match name.as_str() {
        "stoa.js" | "core.js" | "support.js" | "shop.js" | "checkout.js" | "account.js" => "text/javascript",
        "stoa.d.ts" | "support.d.ts" | "shop.d.ts" | "checkout.d.ts" | "account.d.ts" | "core.d.ts" | "api.d.ts" | "frames.d.ts" => {
            "text/plain; charset=utf-8"
        }
        _ => return Err(Kind::NotFound.into()),
    };
    let mut response = files::file(&name, content_type, "public, no-cache", &headers)?;
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{BUNDLE, MODULES};

    #[test]
    fn what_a_file_imports_is_served() {
        let is_served = |name: &str| files::file(name, "text/plain", "no-store", &HeaderMap::new()).is_ok();
        // The bundle imports only `core.js`.
        assert!(
            [BUNDLE, "core.js", "support.js", "shop.js", "checkout.js", "account.js"].into_iter().all(is_served)
                && !include_str!("../client/core.js").contains("import ")
        );
        for name in MODULES.iter().filter(|name| **name != BUNDLE) {
            assert!(!is_served(name), "{name} is a part of {BUNDLE}");
        }
        let types = [
            include_str!("../client/stoa.d.ts"),
            include_str!("../client/support.d.ts"),
            include_str!("../client/shop.d.ts"),
            include_str!("../client/checkout.d.ts"),
            include_str!("../client/account.d.ts"),
            include_str!("../client/core.d.ts"),
            include_str!("../client/frames.d.ts"),
        ];
        let imports = |source: &'static str| source.split(" from \"./").skip(1).filter_map(|rest| rest.split('"').next());
        for name in types.into_iter().flat_map(imports) {
            assert!(is_served(&name.replace(".js", ".d.ts")), "{name}");
        }
    }
}
