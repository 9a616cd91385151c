//! The page about a kind of problem. The `type` of every problem document is the address of such a page (RFC 9457 §3.1.1).

use axum::response::Response;
use http::{HeaderValue, header};
use kernel::Kind;
use web::{Error, Language, Path, Problems};

/// Explains a kind of problem.
///
/// AWS calls: none.
#[utoipa::path(
    get, path = "/problems/{code}", operation_id = "get_problem",
    params(("code" = String, Path, max_length = 100, description = "The `code` of a problem document.", example = "version_mismatch")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, description = "The page.", content_type = "text/html", body = String, example = "<!doctype html>"), Problems)
)]
pub async fn get_problem(Path(code): Path<String>, Language(locale): Language) -> Result<Response, Error> {
    let kind = Kind::ALL.iter().find(|k| k.code() == code).ok_or(Kind::NotFound)?;
    let mut page = web::about_kind(*kind, locale);
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(page)
}
