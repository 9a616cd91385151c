//! The page about a kind of problem, to which the `type` of every problem document leads (RFC 9457 §3.1.1).

use axum::response::{IntoResponse as _, Response};
use http::header;
use kernel::Kind;
use web::{Error, Language, Path, Problems};

use crate::docs::POLICY;

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
    // Titles and codes are our own texts: nothing of the request is written into the page.
    let page = format!(
        include_str!("../assets/problem.html"),
        language = locale.tag(),
        title = locale.text(kind.code(), &[]),
        status = kind.status(),
        code = kind.code()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Ok((headers, page).into_response())
}
