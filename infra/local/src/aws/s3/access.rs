//! Authorization of S3 requests. s3s calls it after it has verified the signature and found the operation.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use http::{HeaderName, StatusCode};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    dto::DeleteObjectsInput,
};

use crate::{
    Core,
    aws::{
        faults::Fault,
        iam::Need,
        service::Service,
        sigv4::{self, Scope, SignatureError},
    },
    template::REGION,
};

/// The most keys of one `DeleteObjects`.
const MAX_DELETED: usize = 1_000;

/// The template's policies and the scripted faults.
pub(super) struct Access(pub(super) Arc<Core>);

/// Collects facts about a request while s3s handles it. Stored in the request's extensions.
#[derive(Clone, Default)]
pub(super) struct RequestNote(Arc<Mutex<RequestFacts>>);

#[derive(Default)]
pub(super) struct RequestFacts {
    /// The calling function. Empty if the caller is not known.
    pub(super) function: String,
    pub(super) operation: String,
    pub(super) bucket: String,
    /// The keys of its objects. For `DeleteObjects`, those that may be deleted.
    pub(super) keys: Vec<String>,
    /// The keys of objects that the caller may not delete.
    pub(super) denied: Vec<String>,
    /// Whether the reply to `DeleteObjects` lists only the denied keys.
    pub(super) quiet: bool,
    /// A hard link to the object that is being replaced.
    pub(super) backup: Option<PathBuf>,
    /// Whether a scripted fault cuts the reply off.
    pub(super) lost: bool,
}

impl RequestNote {
    pub(super) fn take(&self) -> RequestFacts {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn function(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).function.clone()
    }

    fn write(&self, write: impl FnOnce(&mut RequestFacts)) {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let function = self.caller(cx)?;
        let operation = cx.s3_op().name().to_owned();
        let bucket = cx.s3_path().get_bucket_name().unwrap_or_default().to_owned();
        let key = cx.s3_path().get_object_key().map(str::to_owned);
        let source = cx.headers().get("x-amz-copy-source").and_then(|s| s.to_str().ok()).map(str::to_owned);
        let note = cx.extensions_mut().get::<RequestNote>().cloned().unwrap_or_default();
        note.write(|facts| {
            facts.function.clone_from(&function);
            facts.operation.clone_from(&operation);
            facts.bucket.clone_from(&bucket);
            facts.keys.extend(key.clone());
        });
        let prefix = cx.uri().query().and_then(|q| sigv4::query_value(q, "prefix"));
        for need in needs(&operation, &bucket, key.as_deref(), source.as_deref(), prefix.as_deref()) {
            self.permit(&function, &need)?;
        }
        self.apply_fault(&function, &operation, &note).await?;
        if let Some(key) = key.filter(|_| operation == "PutObject") {
            note.write(|facts| facts.backup = self.0.aws.s3.backup(&bucket, &key, &self.0.sys));
        }
        Ok(())
    }

    /// Checks the permission for each object, because this is the only operation whose objects are named in the body. Each gets an answer
    /// of its own.
    async fn delete_objects(&self, request: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        let note = request.extensions.get::<RequestNote>().cloned().unwrap_or_default();
        let (function, bucket, delete) = (note.function(), &request.input.bucket, &mut request.input.delete);
        if !(1..=MAX_DELETED).contains(&delete.objects.len()) {
            return Err(S3Error::with_message(
                S3ErrorCode::MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        }
        let (mut keys, mut denied) = (Vec::new(), Vec::new());
        delete.objects.retain(|object| {
            let permitted = self.permit(&function, &object_need("s3:DeleteObject", bucket, &object.key)).is_ok();
            if permitted { &mut keys } else { &mut denied }.push(object.key.clone());
            permitted
        });
        note.write(|facts| {
            (facts.keys, facts.denied) = (keys, denied);
            facts.quiet = delete.quiet.unwrap_or_default();
        });
        Ok(())
    }
}

impl Access {
    /// Returns the function that signed the request, if the signature covers all required headers.
    fn caller(&self, cx: &S3AccessContext<'_>) -> S3Result<String> {
        let Some(credentials) = cx.credentials() else {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"));
        };
        let Some(credential) = self.0.credentials.by_access_key(&credentials.access_key) else {
            return Err(S3Error::new(S3ErrorCode::InvalidAccessKeyId));
        };
        let in_query = cx.uri().query().and_then(|q| sigv4::query_value(q, "X-Amz-Security-Token"));
        let in_header = cx.headers().get("x-amz-security-token").and_then(|t| t.to_str().ok());
        if in_header.or(in_query.as_deref()) != Some(&credential.session_token) {
            return Err(S3Error::with_message(S3ErrorCode::InvalidToken, SignatureError::UnknownKey.to_string()));
        }

        if let Some(error) = elsewhere(cx) {
            return Err(error);
        }
        let names = cx.headers().keys().map(HeaderName::as_str);
        if !unsigned(cx.uri().query().unwrap_or_default(), names).is_empty() {
            return Err(S3Error::with_message(
                S3ErrorCode::AccessDenied,
                "There were headers present in the request which were not signed",
            ));
        }
        Ok(credential.function.clone())
    }

    /// Applies the scripted fault of a call, if there is one.
    async fn apply_fault(&self, function: &str, operation: &str, note: &RequestNote) -> S3Result<()> {
        let Some(fault) = self.0.aws.faults.fault_for(function, Service::S3, operation) else { return Ok(()) };
        match (fault, fault.error_of(Service::S3)) {
            (_, Some(refusal)) => {
                let mut error = S3Error::with_message(
                    S3ErrorCode::from_bytes(refusal.code.as_bytes()).unwrap_or(S3ErrorCode::InternalError),
                    refusal.message,
                );
                error.set_status_code(refusal.status);
                return Err(error);
            }
            (Fault::Slow(delay), None) => self.0.aws.faults.wait(delay).await,
            (_, None) => note.write(|facts| facts.lost = true),
        }
        Ok(())
    }

    fn permit(&self, function: &str, need: &Need) -> S3Result<()> {
        let aws = &self.0.aws;
        aws.permit(function, need).map_err(|denied| {
            S3Error::with_message(S3ErrorCode::AccessDenied, Service::S3.denied(&aws.caller_arn(function), &denied).message)
        })
    }
}

/// Returns the error for a request that was signed for another region.
fn elsewhere(cx: &S3AccessContext<'_>) -> Option<S3Error> {
    let scope = Scope::claimed(cx.headers(), cx.uri()).filter(|scope| scope.region != REGION)?;
    let (code, what) = if cx.headers().contains_key(http::header::AUTHORIZATION) {
        (S3ErrorCode::AuthorizationHeaderMalformed, "The authorization header is malformed")
    } else {
        (S3ErrorCode::AuthorizationQueryParametersError, "Error parsing the X-Amz-Credential parameter")
    };
    let mut error = S3Error::with_message(code, format!("{what}; the region '{}' is wrong; expecting '{REGION}'", scope.region));
    error.set_status_code(StatusCode::BAD_REQUEST);
    Some(error)
}

/// Returns the headers of a presigned request that are S3's own and that its signature does not cover. S3 demands every `x-amz-*` header of
/// the request in `X-Amz-SignedHeaders`: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>. Otherwise the
/// holder of a link could add what it does not contain: tags, another storage class, the source of a copy.
fn unsigned<'a>(query: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let Some(signed) = sigv4::query_value(query, "X-Amz-SignedHeaders") else { return Vec::new() };
    names.filter(|name| name.starts_with("x-amz-") && !signed.split(';').any(|signed| signed == *name)).collect()
}

fn object_need(action: &str, bucket: &str, key: &str) -> Need {
    Need::new(action, format!("arn:aws:s3:::{bucket}/{key}"))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn needs(operation: &str, bucket: &str, key: Option<&str>, source: Option<&str>, prefix: Option<&str>) -> Vec<Need> {
    let on_object = |action: &str| vec![object_need(action, bucket, key.unwrap_or_default())];
    let on_bucket = |action: &str| vec![Need::new(action, format!("arn:aws:s3:::{bucket}"))];
    match operation {
        "GetObject" | "HeadObject" => on_object("s3:GetObject"),
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => on_object("s3:PutObject"),
        "CopyObject" => {
            let source = percent_encoding::percent_decode_str(source.unwrap_or_default()).decode_utf8_lossy().into_owned();
            let (from, key) = source.trim_start_matches('/').split_once('/').unwrap_or_default();
            [object_need("s3:GetObject", from, key)].into_iter().chain(on_object("s3:PutObject")).collect()
        }
        "DeleteObject" => on_object("s3:DeleteObject"),
        // Checked in `delete_objects`, when the keys are known.
        "DeleteObjects" => Vec::new(),
        "ListObjects" | "ListObjectsV2" => {
            let context = prefix.map(|prefix| ("s3:prefix", vec![prefix.to_owned()])).into_iter().collect();
            vec![Need { context, ..Need::new("s3:ListBucket", format!("arn:aws:s3:::{bucket}")) }]
        }
        "HeadBucket" => on_bucket("s3:ListBucket"),
        other if key.is_some() => on_object(&format!("s3:{other}")),
        other => on_bucket(&format!("s3:{other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{needs, unsigned};

    #[test]
    fn a_link_must_cover_all_amz_headers() {
        let of = |query: &str| unsigned(query, ["host", "x-amz-tagging", "x-amzn-trace-id", "content-type"].into_iter());
        assert_eq!(of("X-Amz-SignedHeaders=content-type%3Bhost"), ["x-amz-tagging"]);
        assert_eq!(of("X-Amz-SignedHeaders=host%3Bx-amz-tagging-directive"), ["x-amz-tagging"]);
        assert!(of("X-Amz-SignedHeaders=host%3Bx-amz-tagging").is_empty());
        assert!(of("list-type=2").is_empty(), "no link");
    }

    #[test]
    fn each_operation_names_its_actions_and_resources() {
        let show = |operation, key, source| {
            needs(operation, "b", key, source, None).into_iter().map(|n| format!("{} {}", n.action, n.resource)).collect::<Vec<_>>()
        };
        assert_eq!(show("HeadObject", Some("a/x"), None), ["s3:GetObject arn:aws:s3:::b/a/x"]);
        assert_eq!(
            show("CopyObject", Some("t/x"), Some("/b/a%2Fx")),
            ["s3:GetObject arn:aws:s3:::b/a/x", "s3:PutObject arn:aws:s3:::b/t/x"]
        );
        assert_eq!(show("ListObjectsV2", None, None), ["s3:ListBucket arn:aws:s3:::b"]);
        assert_eq!(show("PutBucketPolicy", None, None), ["s3:PutBucketPolicy arn:aws:s3:::b"]);
        assert!(show("DeleteObjects", None, None).is_empty());
        let list = needs("ListObjectsV2", "b", None, None, Some("incoming/"));
        assert_eq!(list.first().map(|need| need.context.as_slice()), Some([("s3:prefix", vec!["incoming/".to_owned()])].as_slice()));
    }
}
