//! `/_local/files`: the objects of the buckets.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{Core, aws::s3::FileFacts};

/// How many objects a page has.
const PAGE: u16 = 50;

/// An object is foreign content: no scripts, no requests, and an opaque origin.
const FILE_POLICY: &str = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// The media types that a browser may show. Everything else is downloaded.
const SHOWN: [&str; 6] = ["image/jpeg", "image/png", "image/webp", "image/gif", "text/plain", "application/json"];

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/files", get(list)).route("/_local/files/{bucket}/{*key}", get(view))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesQuery {
    /// The bucket. Without it, the first one of the template.
    bucket: Option<String>,
    /// Only keys that begin with this.
    #[serde(default)]
    prefix: String,
    /// Only keys after this one.
    #[serde(default)]
    after: String,
}

#[derive(Serialize)]
struct Listing {
    /// The names of all buckets.
    buckets: Vec<String>,
    /// The bucket of these files.
    bucket: Option<String>,
    /// By key.
    files: Vec<File>,
    /// The key after which the next page begins, if there is one.
    next: Option<String>,
}

#[derive(Serialize)]
struct File {
    #[serde(flatten)]
    facts: FileFacts,
    /// Whether a browser may show the object. Otherwise it is downloaded.
    shown: bool,
}

async fn list(State(core): State<Arc<Core>>, Query(query): Query<FilesQuery>) -> Result<Json<Listing>, ConsoleError> {
    let buckets: Vec<String> = core.template.buckets.iter().map(|b| b.name.clone()).collect();
    let Some(bucket) = query.bucket.or_else(|| buckets.first().cloned()) else {
        return Ok(Json(Listing { buckets, bucket: None, files: Vec::new(), next: None }));
    };
    if !buckets.contains(&bucket) {
        return Err(ConsoleError::not_found());
    }
    let page = core.aws.s3.list(&bucket, &query.prefix, &query.after, PAGE).await.ok_or_else(ConsoleError::not_found)?;
    let next = page.last().filter(|_| page.len() == usize::from(PAGE)).map(|file| file.key.clone());
    let files = page.into_iter().map(|facts| File { shown: is_shown(facts.content_type.as_deref()), facts });
    Ok(Json(Listing { files: files.collect(), buckets, bucket: Some(bucket), next }))
}

async fn view(State(core): State<Arc<Core>>, Path((bucket, key)): Path<(String, String)>) -> Result<Response, ConsoleError> {
    if !core.template.buckets.iter().any(|b| b.name == bucket) {
        return Err(ConsoleError::not_found());
    }
    let file = core.aws.s3.content(&bucket, &key).await.ok_or_else(ConsoleError::not_found)?;
    let kind = file.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok());
    let shown = is_shown(kind.as_ref().and_then(|kind| kind.to_str().ok()));
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let place = HeaderValue::from_static(if shown { "inline" } else { "attachment" });
    let policy = HeaderValue::from_static(FILE_POLICY);
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, place), (CONTENT_SECURITY_POLICY, policy)], file.body).into_response())
}

fn is_shown(kind: Option<&str>) -> bool {
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    SHOWN.contains(&essence.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_shown;

    #[test]
    fn a_browser_shows_pictures_and_plain_text_only() {
        for kind in ["image/jpeg", "image/PNG", "text/plain; charset=utf-8", "application/json"] {
            assert!(is_shown(Some(kind)), "{kind}");
        }
        for kind in ["text/html", "image/svg+xml", "application/xhtml+xml", "application/zip", "text/javascript", ""] {
            assert!(!is_shown(Some(kind)), "{kind}");
        }
        assert!(!is_shown(None));
    }
}
