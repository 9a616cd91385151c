//! S3: s3s and s3s-fs over a folder, with the policies, the clock, the cross-origin rules and the notifications of the template.
//!
//! s3s verifies signatures, in headers and in presigned links, with the checksums, types and lengths that they cover. It checks the age of
//! a signature by the real time. So its tolerance is set to the maximum, and the age of links is checked here by the local cloud's clock.
//! s3s-fs stores objects as files, so no key may be a folder of another key.

mod access;
mod browse;
mod conditions;
mod cors;
mod lifecycle;
mod notify;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, extract::Request, response::Response};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use kernel::{Sys, Time};
use s3s::{
    auth::SimpleAuth,
    config::{S3Config, StaticConfigProvider},
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;

use super::{
    call::{lost, request_id},
    calls::Capacity,
    iam::Need,
    service::{AwsError, Service, escape, xml_reply},
    sigv4,
};
use crate::{
    Core, StartError,
    storage::damaged,
    template::{BucketSpec, Template},
};
use access::{Access, RequestFacts, RequestNote};
pub use browse::{FileContent, FileFacts};
use conditions::Conditions;

/// The longest validity of a presigned link.
const MAX_LINK_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The buckets of one local cloud.
pub struct S3 {
    root: PathBuf,
    files: FileSystem,
    notifications: notify::Notifications,
    /// Deletes the folder at the end, if it is temporary.
    _temporary: Option<TempDir>,
}

impl S3 {
    /// Opens the folder, or a temporary one, and creates the buckets.
    ///
    /// # Errors
    /// If the folder cannot be used, or the template has notifications that are not supported.
    pub fn open(folder: Option<&Path>, template: &Template) -> Result<Self, StartError> {
        let failed = || damaged::<io::Error>(folder);
        let temporary = if folder.is_none() { Some(tempfile::tempdir().map_err(failed())?) } else { None };
        let root = folder.or(temporary.as_ref().map(TempDir::path)).unwrap_or(Path::new(".")).to_owned();
        fs::create_dir_all(&root).map_err(failed())?;
        for bucket in &template.buckets {
            fs::create_dir_all(root.join(&bucket.name)).map_err(failed())?;
        }
        let files = file_system(&root)?;
        Ok(Self { root, files, notifications: notify::Notifications::new(template)?, _temporary: temporary })
    }

    /// Returns the folder with one folder for each bucket. An object is the file at its key.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the file of an object. `None` for a key that leads out of the bucket.
    fn file_of(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let path = Path::new(bucket).join(key);
        path.components().all(|part| matches!(part, Component::Normal(_))).then(|| self.root.join(path))
    }

    /// Deletes an object, whether it exists or not.
    fn remove(&self, bucket: &str, key: &str) {
        let Some(file) = self.file_of(bucket, key) else { return };
        match fs::remove_file(file) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => tracing::warn!(error = %e, "an object cannot be deleted"),
            _ => self.forget(bucket, key),
        }
    }

    /// Makes a hard link to the file of an object that is about to be replaced. `None` if there is no such object. The link has a name of
    /// s3s-fs's temporary files, which are deleted at the next start.
    fn backup(&self, bucket: &str, key: &str, sys: &Sys) -> Option<PathBuf> {
        let backup = self.root.join(format!(".tmp.{}.internal.part", sigv4::hex(&sys.bytes::<8>())));
        fs::hard_link(self.file_of(bucket, key)?, &backup).ok().map(|()| backup)
    }

    /// Undoes a replacement that was refused afterwards: restores the former object, if there was one.
    fn undo(&self, bucket: &str, key: &str, backup: Option<&Path>) {
        match backup.zip(self.file_of(bucket, key)) {
            None => self.remove(bucket, key),
            Some((backup, file)) => {
                if let Err(e) = fs::rename(backup, file) {
                    tracing::warn!(error = %e, "an object cannot be restored");
                }
            }
        }
    }

    /// Deletes the attributes of an object. s3s-fs keeps them, and a new object with the same key would inherit them.
    fn forget(&self, bucket: &str, key: &str) {
        let name = |kind: &str| {
            format!(".bucket-{}.object-{}.{kind}.json", BASE64_URL_SAFE_NO_PAD.encode(bucket), BASE64_URL_SAFE_NO_PAD.encode(key))
        };
        for kind in ["metadata", "internal"] {
            match fs::remove_file(self.root.join(name(kind))) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => tracing::warn!(error = %e, "an object's attributes cannot be deleted"),
                _ => {}
            }
        }
    }
}

fn file_system(root: &Path) -> Result<FileSystem, StartError> {
    FileSystem::new(root).map_err(|e| StartError::State(format!("buckets: {e:?}")))
}

/// Returns the s3s service behind the endpoint.
pub(super) fn service(core: &Arc<Core>) -> Result<S3Service, StartError> {
    let mut auth = SimpleAuth::new();
    for credential in core.credentials.iter() {
        auth.register(credential.access_key.clone(), credential.secret_key.clone().into());
    }
    let mut config = S3Config::default();
    config.presigned_url_max_skew_time_secs = u32::MAX;
    let mut builder = S3ServiceBuilder::new(file_system(core.aws.s3.root())?);
    builder.set_auth(auth);
    builder.set_access(Access(Arc::clone(core)));
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    Ok(builder.build())
}

/// Answers a request, signed or from a browser.
pub(super) async fn answer(core: &Arc<Core>, service: &S3Service, mut request: Request) -> Response {
    let origin = cors::Origin::of(&request);
    let rules = bucket(core, request.uri().path()).map_or(&[][..], |b| &b.cors);
    let id = request_id(&core.sys);
    if request.method() == Method::OPTIONS {
        return cors::preflight(rules, &request, &id);
    }
    if let Some(refusal) = request.uri().query().and_then(|q| link_error(q, core.clock.now())) {
        return origin.allow(rules, Service::S3.refuse(&refusal, &id));
    }
    let trace = request.headers().get(function::trace::HEADER).and_then(|t| t.to_str().ok()).map(str::to_owned);
    let note = RequestNote::default();
    request.extensions_mut().insert(note.clone());
    let conditions = Conditions::of(request.headers());
    let called = service.call(request.map(s3s::Body::http_body_unsync)).await;
    // What follows from it counts as pending, also if nobody waits for the answer any more.
    let _pending = core.activity.begin();
    let response = match called {
        Ok(response) => response.map(Body::new),
        Err(e) => {
            tracing::error!(error = ?e, "S3 failed");
            Service::S3.refuse(&AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "S3 failed"), &id)
        }
    };
    let facts = note.take();
    let response = conditions.apply(&facts.operation, response, &id);
    let response = finish(core, &facts, trace.as_deref(), response, &id).await;
    origin.allow(rules, response)
}

/// Counts a call after it was executed or refused, and sends its notifications.
async fn finish(core: &Core, facts: &RequestFacts, trace: Option<&str>, response: Response, id: &str) -> Response {
    if facts.function.is_empty() {
        // Without a known caller nothing was executed.
        return response;
    }
    core.aws.calls.count(trace, &facts.function, Service::S3, &facts.operation, Capacity::default());
    let (mut response, wrong_checksum) = find_wrong_checksum(response, &facts.operation).await;
    if wrong_checksum {
        facts.keys.iter().for_each(|key| core.aws.s3.undo(&facts.bucket, key, facts.backup.as_deref()));
    }
    if let Some(backup) = &facts.backup {
        // The link no longer exists if it was used to restore the object.
        fs::remove_file(backup).unwrap_or_default();
    }
    if response.status().is_success() && facts.operation == "DeleteObjects" {
        response = deleted(facts, id);
    }
    if response.status().is_success() {
        if facts.operation.starts_with("DeleteObject") {
            facts.keys.iter().for_each(|key| core.aws.s3.forget(&facts.bucket, key));
        }
        for key in &facts.keys {
            core.aws.s3.date(&facts.operation, &facts.bucket, key, core.clock.now());
            core.aws.s3.notifications.created(core, &facts.operation, &facts.bucket, key).await;
        }
    }
    let list = Need::new("s3:ListBucket", format!("arn:aws:s3:::{}", facts.bucket));
    if response.status() == StatusCode::NOT_FOUND && !facts.keys.is_empty() && !core.aws.may(&facts.function, &list) {
        // Without the permission to list, a caller must not learn that an object does not exist.
        return Service::S3.refuse(&AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"), id);
    }
    if facts.lost { lost() } else { response }
}

/// Returns the response of `DeleteObjects`: a line for each key, or with `quiet` only for those that may not be deleted.
fn deleted(facts: &RequestFacts, id: &str) -> Response {
    let mut xml = String::from("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    // Writing to a String cannot fail.
    for key in facts.keys.iter().filter(|_| !facts.quiet) {
        let _written = write!(xml, "<Deleted><Key>{}</Key></Deleted>", escape(key));
    }
    for key in &facts.denied {
        let _written = write!(xml, "<Error><Key>{}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", escape(key));
    }
    xml.push_str("</DeleteResult>");
    xml_reply(StatusCode::OK, &xml, id)
}

/// Returns the response, and whether it refuses an object because of its checksum. s3s-fs stores such an object nevertheless.
async fn find_wrong_checksum(response: Response, operation: &str) -> (Response, bool) {
    if operation != "PutObject" || response.status() != StatusCode::BAD_REQUEST {
        return (response, false);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    // `BadDigest` is for a wrong checksum, `InvalidArgument` for one that is not valid.
    let wrong_checksum = ["BadDigest", "InvalidArgument"].iter().any(|code| text.contains(&format!("<Code>{code}</Code>")));
    (Response::from_parts(parts, Body::from(body)), wrong_checksum)
}

fn bucket<'a>(core: &'a Core, path: &str) -> Option<&'a BucketSpec> {
    let name = path.trim_start_matches('/').split('/').next()?;
    core.template.buckets.iter().find(|b| b.name == name)
}

/// Returns why a presigned link is not valid. `None` for a valid one, and for a request without one.
fn link_error(query: &str, now: Time) -> Option<AwsError> {
    let denied = |message: &str| Some(AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    let signed = sigv4::query_value(query, "X-Amz-Date")?;
    let invalid =
        || Some(AwsError::new(StatusCode::BAD_REQUEST, "AuthorizationQueryParametersError", "X-Amz-Date and X-Amz-Expires must be valid"));
    let age = sigv4::query_value(query, "X-Amz-Expires").and_then(|e| e.parse().ok()).map(Duration::from_secs);
    let (Some(signed), Some(age)) = (sigv4::parse_date(&signed), age.filter(|a| *a <= MAX_LINK_AGE)) else { return invalid() };
    if signed.since(now) > sigv4::MAX_SKEW {
        return denied("Request is not valid yet");
    }
    if now > signed + age {
        return denied("Request has expired");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_expires_after_its_validity() {
        let query = "X-Amz-Date=20300101T120000Z&X-Amz-Expires=600";
        let signed = sigv4::parse_date("20300101T120000Z").expect("date");
        let code = |query: &str, now: Time| link_error(query, now).map(|r| (r.status.as_u16(), r.message));
        assert_eq!(code(query, signed), None);
        assert_eq!(code(query, signed + Duration::from_secs(600)), None);
        assert_eq!(code(query, signed + Duration::from_millis(600_001)), Some((403, "Request has expired".into())));
        assert_eq!(code(query, signed - Duration::from_secs(901)), Some((403, "Request is not valid yet".into())));
        assert_eq!(code("X-Amz-Date=20300101T120000Z&X-Amz-Expires=604801", signed).map(|(s, _)| s), Some(400));
        assert_eq!(code("list-type=2", signed), None);
    }
}
