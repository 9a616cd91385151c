//! The bucket: presigned links for clients, and the operations of the functions. No type of the AWS SDK leaves this module.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::{Duration, UNIX_EPOCH},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation, StalledStreamProtectionConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    presigning::{PresignedRequest, PresigningConfig},
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier},
};
use function::Aws;
use kernel::{Problem, Time, Timestamp, env::Reader};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Format, disposition};

/// The maximum number of keys in a `DeleteObjects` (S3).
pub(crate) const DELETE_MAX: usize = 1000;
/// The time after which a body that does not arrive is given up.
const STALLED: Duration = Duration::from_secs(5);

/// A client of S3 that is created on first use. Its creation takes as much CPU time as a request, and most requests use no file.
type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

/// A bucket. Cloning shares the client.
#[derive(Clone)]
pub struct Bucket {
    client: Arc<LazyClient>,
    name: Arc<str>,
}

/// A presigned request, which a client without AWS credentials can send unchanged until it expires.
#[derive(Clone, Debug)]
pub struct Link {
    /// The URL.
    pub url: String,
    /// The signed headers. Without them, or with other values, S3 answers 403.
    pub headers: BTreeMap<String, String>,
}

/// The method of an upload.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum UploadMethod {
    /// The only method that the link accepts.
    Put,
}

/// A link for the upload of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUpload<Id> {
    /// The id, with which clients read the state of the upload, and by which a message names its files.
    id: Id,
    /// The method to send the file with.
    method: UploadMethod,
    /// The address to send the file to. It needs no access token.
    #[schema(format = "uri")]
    url: String,
    /// Headers that must be sent exactly like this. (Browsers set `content-length` themselves, and ignore it here.)
    headers: BTreeMap<String, String>,
    /// When the link expires.
    expires_at: Timestamp,
}

impl Link {
    /// Returns the response with this link for an upload.
    #[must_use]
    pub fn created<Id>(self, id: Id, expires_at: Time) -> CreatedUpload<Id> {
        CreatedUpload { id, method: UploadMethod::Put, url: self.url, headers: self.headers, expires_at: expires_at.into() }
    }
}

/// The file that an upload link accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The media type.
    pub media_type: &'a str,
    /// The exact length in bytes.
    pub bytes: u32,
    /// The SHA-256, in base64.
    pub sha256: &'a str,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The key.
    pub key: String,
    /// When it was written.
    pub written_at: Time,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The objects, by key.
    pub objects: Vec<Object>,
    /// The key after which the next page begins, if there is one.
    pub next: Option<String>,
}

/// A request to the bucket failed.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Throttled, timed out or not reachable, after the retries of the client.
    #[error("the bucket does not answer: {0}")]
    Unavailable(String),
    /// S3 refused the request: the object or a permission is missing, or the code has a defect.
    #[error("the bucket refused the request: {0}")]
    Refused(String),
    /// The object is larger than allowed.
    #[error("the object is larger than it may be")]
    TooLarge,
    /// A request to the table failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

impl Bucket {
    /// Returns the bucket in the variable `BUCKET_NAME`.
    #[must_use]
    pub fn from_env(r: &mut Reader<'_>, aws: &Aws) -> Self {
        Self::new(aws, &r.need("BUCKET_NAME"))
    }

    /// Returns the bucket with this name.
    #[must_use]
    pub fn new(aws: &Aws, name: &str) -> Self {
        let aws = aws.clone();
        Self { client: Arc::new(LazyLock::new(Box::new(move || Self::client(&aws)))), name: name.into() }
    }

    fn client(aws: &Aws) -> Client {
        let endpoint = aws.endpoint("AWS_ENDPOINT_URL_S3");
        let mut config = Builder::from(aws.sdk())
            .interceptor(aws.interceptor())
            .retry_partition(aws.retries("s3"))
            // The timeout of an attempt ends with the head of a reply whose body is streamed.
            .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALLED).build())
            // Only S3's own endpoint has host names for buckets.
            .force_path_style(endpoint.is_some())
            // By default the SDK would sign the checksum of an empty body into links. Our own uploads are protected by TLS.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        config.set_endpoint_url(endpoint);
        Client::from_conf(config.build())
    }

    /// Returns a link that accepts exactly the declared file: its type, length and checksum are signed.
    ///
    /// Computed without a call to S3. (`PutObject` and not a form: the SDK signs no forms, and a form cannot demand a
    /// checksum.)
    ///
    /// # Errors
    /// [`FilesError::Refused`] if it cannot be signed.
    pub async fn upload_link(&self, key: &str, file: Expected<'_>, from: Time, life: Duration) -> Result<Link, FilesError> {
        let request = self
            .client
            .put_object()
            .bucket(&*self.name)
            .key(key)
            .content_type(file.media_type)
            .content_length(file.bytes.into())
            .checksum_sha256(file.sha256);
        request.presigned(presigning(from, life)?).await.map(|r| link(&r)).map_err(|e| FilesError::from_sdk(&e))
    }

    /// Returns a link that downloads an object. Computed without a call to S3.
    ///
    /// # Errors
    /// [`FilesError::Refused`] if it cannot be signed.
    pub async fn download_link(&self, key: &str, from: Time, life: Duration) -> Result<Link, FilesError> {
        let request = self.client.get_object().bucket(&*self.name).key(key);
        request.presigned(presigning(from, life)?).await.map(|r| link(&r)).map_err(|e| FilesError::from_sdk(&e))
    }

    /// Returns a link that downloads a file of a message, of this type and under this name. Browsers save it instead of showing it, and
    /// keep no copy. Computed without a call to S3.
    ///
    /// # Errors
    /// [`FilesError::Refused`] if it cannot be signed.
    pub async fn file_link(&self, key: &str, media_type: &str, name: &str, from: Time, life: Duration) -> Result<Link, FilesError> {
        let request = self
            .client
            .get_object()
            .bucket(&*self.name)
            .key(key)
            .response_content_type(media_type)
            .response_content_disposition(disposition::attachment(name))
            .response_cache_control("private, no-store");
        request.presigned(presigning(from, life)?).await.map(|r| link(&r)).map_err(|e| FilesError::from_sdk(&e))
    }

    /// `length` bytes of an object, from the position `from` on. The caller ensures that all of them exist.
    ///
    /// # Errors
    /// The errors of [`Bucket::read`].
    pub async fn read_part(&self, key: &str, from: u32, length: u32) -> Result<Vec<u8>, FilesError> {
        let last = from.saturating_add(length).saturating_sub(1);
        let get = self.client.get_object().bucket(&*self.name).key(key).range(format!("bytes={from}-{last}"));
        Self::body(get.send().await.map_err(|e| FilesError::from_sdk(&e))?, length).await
    }

    /// Returns the bytes of an object. An object with more than `max` bytes is an error.
    ///
    /// # Errors
    /// [`FilesError`]. An object that does not exist is [`FilesError::Refused`], because S3 does not distinguish it from a
    /// forbidden one without the permission to list.
    pub async fn read(&self, key: &str, max: u32) -> Result<Vec<u8>, FilesError> {
        Self::body(self.client.get_object().bucket(&*self.name).key(key).send().await.map_err(|e| FilesError::from_sdk(&e))?, max).await
    }

    async fn body(object: GetObjectOutput, max: u32) -> Result<Vec<u8>, FilesError> {
        if object.content_length.is_none_or(|length| length > i64::from(max)) {
            return Err(FilesError::TooLarge);
        }
        let body = object.body.collect().await.map_err(|e| FilesError::Unavailable(e.to_string()))?;
        Ok(body.to_vec())
    }

    /// Writes a picture. The object with this key never changes.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn write_picture(&self, key: &str, jpeg: Vec<u8>) -> Result<(), FilesError> {
        let put = self.client.put_object().bucket(&*self.name).key(key).body(ByteStream::from(jpeg));
        put.content_type(Format::Jpeg.media_type())
            .content_disposition("inline")
            .cache_control("private, max-age=31536000, immutable")
            .send()
            .await
            .map(drop)
            .map_err(|e| FilesError::from_sdk(&e))
    }

    /// Writes a file of a message, of this type. The object with this key never changes.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn write_file(&self, key: &str, media_type: &str, file: Vec<u8>) -> Result<(), FilesError> {
        let put = self.client.put_object().bucket(&*self.name).key(key).body(ByteStream::from(file));
        put.content_type(media_type)
            .content_disposition("attachment")
            .cache_control("private, no-store")
            .send()
            .await
            .map(drop)
            .map_err(|e| FilesError::from_sdk(&e))
    }

    /// Writes an object unless one with this key exists. Returns whether it was written. `sha256` is its checksum in base64, which S3
    /// requires for locked objects.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn write_once(&self, key: &str, media_type: &str, bytes: Vec<u8>, sha256: &str) -> Result<bool, FilesError> {
        let put = self.client.put_object().bucket(&*self.name).key(key).body(ByteStream::from(bytes));
        match put.content_type(media_type).checksum_sha256(sha256).if_none_match("*").send().await {
            Ok(_) => Ok(true),
            // `ConditionalRequestConflict` (409) means that another request is writing the object.
            Err(e) if matches!(e.code(), Some("PreconditionFailed" | "ConditionalRequestConflict")) => Ok(false),
            Err(e) => Err(FilesError::from_sdk(&e)),
        }
    }

    /// Begins to write an archive, which browsers save under this name. Makes no request yet.
    #[must_use]
    pub fn archive(&self, key: &str, name: &str) -> ArchiveWriter {
        let disposition = format!("attachment; filename=\"{name}\"");
        ArchiveWriter {
            bucket: self.clone(),
            key: key.to_owned(),
            disposition,
            waiting: Vec::new(),
            upload: None,
            parts: Vec::new(),
            bytes: 0,
        }
    }

    /// Copies an object with its metadata.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn copy(&self, from: &str, to: &str) -> Result<(), FilesError> {
        let copy = self.client.copy_object().copy_source(format!("{}/{from}", self.name)).bucket(&*self.name).key(to);
        copy.send().await.map(drop).map_err(|e| FilesError::from_sdk(&e))
    }

    /// Returns the next thousand objects with a prefix, after this key.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listed, FilesError> {
        let list = self.client.list_objects_v2().bucket(&*self.name).prefix(prefix).set_start_after(after.map(str::to_owned));
        let page = list.send().await.map_err(|e| FilesError::from_sdk(&e))?;
        let more = page.is_truncated.unwrap_or_default();
        let object = |object: aws_sdk_s3::types::Object| {
            // S3 always sends the key and the time.
            let written_at = object.last_modified.and_then(|at| at.to_millis().ok()).map_or(Time::ZERO, Time::from_millis);
            object.key.map(|key| Object { key, written_at })
        };
        let objects: Vec<Object> = page.contents.unwrap_or_default().into_iter().filter_map(object).collect();
        let next = objects.last().filter(|_| more).map(|last| last.key.clone());
        Ok(Listed { objects, next })
    }

    /// Deletes objects, whether or not they exist. One request for every 1,000.
    ///
    /// # Errors
    /// [`FilesError`], also if S3 could not delete one of them.
    pub async fn delete(&self, keys: impl IntoIterator<Item = String>) -> Result<(), FilesError> {
        let objects = keys.into_iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect::<Result<Vec<_>, _>>();
        let objects = objects.map_err(|e| FilesError::Refused(e.to_string()))?;
        for chunk in objects.chunks(DELETE_MAX) {
            let delete = Delete::builder().quiet(true).set_objects(Some(chunk.to_vec())).build();
            let delete = delete.map_err(|e| FilesError::Refused(e.to_string()))?;
            let answer = self.client.delete_objects().bucket(&*self.name).delete(delete).send().await;
            let kept = answer.map_err(|e| FilesError::from_sdk(&e))?.errors.unwrap_or_default();
            if let Some(first) = kept.first() {
                return Err(FilesError::Unavailable(format!("{} not deleted: {}", kept.len(), first.code().unwrap_or_default())));
            }
        }
        Ok(())
    }
}

/// The number of bytes of a part of an archive. The minimum of S3 is 5 MiB, except for the last part, and each part has to arrive within
/// the timeout of a request.
const PART_BYTES: usize = 8 * 1024 * 1024;
const ARCHIVE_TYPE: &str = "application/zip";
const ARCHIVE_CACHE: &str = "private, no-store";

/// A writer that uploads an archive in parts while it is produced, so that it is never completely in memory. The object exists after
/// [`ArchiveWriter::finish`].
pub struct ArchiveWriter {
    bucket: Bucket,
    key: String,
    disposition: String,
    /// The bytes that do not fill a part yet.
    waiting: Vec<u8>,
    /// The id of the multipart upload, if it was begun.
    upload: Option<String>,
    parts: Vec<CompletedPart>,
    bytes: u64,
}

impl ArchiveWriter {
    /// Adds bytes. One request for each full part, and one before the first.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn write(&mut self, mut bytes: Vec<u8>) -> Result<(), FilesError> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.waiting.append(&mut bytes);
        let waiting = std::mem::take(&mut self.waiting);
        let mut parts = waiting.chunks_exact(PART_BYTES);
        for part in &mut parts {
            self.send(part.to_vec()).await?;
        }
        self.waiting = parts.remainder().to_vec();
        Ok(())
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<(), FilesError> {
        let upload = match self.upload.clone() {
            Some(upload) => upload,
            None => self.begin().await?,
        };
        let number = i32::try_from(self.parts.len().saturating_add(1)).unwrap_or(i32::MAX);
        let call = self.bucket.client.upload_part().bucket(&*self.bucket.name).key(&self.key).upload_id(upload).part_number(number);
        let sent = call.body(ByteStream::from(part)).send().await.map_err(|e| FilesError::from_sdk(&e))?;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        Ok(())
    }

    async fn begin(&mut self) -> Result<String, FilesError> {
        let call = self.bucket.client.create_multipart_upload().bucket(&*self.bucket.name).key(&self.key);
        let call = call.content_type(ARCHIVE_TYPE).content_disposition(&self.disposition).cache_control(ARCHIVE_CACHE);
        let begun = call.send().await.map_err(|e| FilesError::from_sdk(&e))?;
        let upload = begun.upload_id.ok_or_else(|| FilesError::Refused("an upload without an id".to_owned()))?;
        self.upload = Some(upload.clone());
        Ok(upload)
    }

    /// Writes the rest, and returns the number of bytes of the archive. One request for an archive that fits into a part, otherwise two.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn finish(&mut self) -> Result<u64, FilesError> {
        let rest = std::mem::take(&mut self.waiting);
        if self.upload.is_none() {
            let put = self.bucket.client.put_object().bucket(&*self.bucket.name).key(&self.key).body(ByteStream::from(rest));
            let put = put.content_type(ARCHIVE_TYPE).content_disposition(&self.disposition).cache_control(ARCHIVE_CACHE);
            put.send().await.map_err(|e| FilesError::from_sdk(&e))?;
            return Ok(self.bytes);
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        let all = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone())).build();
        let call = self.bucket.client.complete_multipart_upload().bucket(&*self.bucket.name).key(&self.key);
        let call = call.set_upload_id(self.upload.clone()).multipart_upload(all);
        call.send().await.map_err(|e| FilesError::from_sdk(&e))?;
        Ok(self.bytes)
    }

    /// Deletes the parts of an archive that could not be finished. A lifecycle rule deletes remaining parts after a day.
    ///
    /// # Errors
    /// [`FilesError`]
    pub async fn abandon(self) -> Result<(), FilesError> {
        let Some(upload) = self.upload else { return Ok(()) };
        let call = self.bucket.client.abort_multipart_upload().bucket(&*self.bucket.name).key(&self.key).upload_id(upload);
        call.send().await.map(drop).map_err(|e| FilesError::from_sdk(&e))
    }
}

fn presigning(from: Time, life: Duration) -> Result<PresigningConfig, FilesError> {
    let start = UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(from.millis()).unwrap_or(0))).unwrap_or(UNIX_EPOCH);
    PresigningConfig::builder().start_time(start).expires_in(life).build().map_err(|e| FilesError::Refused(e.to_string()))
}

/// Returns the URL and only the signed headers. The SDK also lists headers that it adds to its own requests, such as the trace. Browsers
/// would send a preflight request for them, which the bucket's CORS rules refuse.
fn link(request: &PresignedRequest) -> Link {
    let url = request.uri();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let signed = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap_or_default();
    let signed: Vec<&str> = signed.split("%3B").collect();
    let headers = request.headers().filter(|(name, _)| signed.contains(name)).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Link { url: url.to_owned(), headers: headers.collect() }
}

impl FilesError {
    fn from_sdk<E: ProvideErrorMetadata, R>(e: &SdkError<E, R>) -> Self {
        let code = e.code().unwrap_or_default().to_owned();
        match e {
            SdkError::TimeoutError(_) => Self::Unavailable("timed out".to_owned()),
            SdkError::DispatchFailure(d) => Self::Unavailable(format!("{d:?}")),
            SdkError::ResponseError(_) => Self::Unavailable("unreadable answer".to_owned()),
            _ if TRANSIENT.contains(&code.as_str()) => Self::Unavailable(code),
            _ => Self::Refused(format!("{code}: {}", e.message().unwrap_or_default())),
        }
    }
}

/// The error codes after which a retry may succeed (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
const TRANSIENT: &[&str] = &["InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling"];

impl From<FilesError> for Problem {
    #[track_caller]
    fn from(e: FilesError) -> Self {
        match e {
            FilesError::Unavailable(_) => Self::unavailable(e),
            FilesError::Refused(_) | FilesError::TooLarge => Self::internal(e),
            FilesError::Store(e) => e.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use function::Boot;
    use kernel::{Env, Sys};

    use super::*;
    use crate::Declared;

    fn bucket(endpoint: &str) -> Bucket {
        let vars = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_ENDPOINT_URL_S3", endpoint),
        ];
        let env: Env = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let boot = Boot { env, sys: Sys::real(), http: function::http_client().unwrap() };
        Bucket::new(&boot.aws().unwrap(), "files")
    }

    #[tokio::test]
    async fn an_upload_link_demands_exactly_what_was_declared() {
        let file = Declared { format: Format::Png, bytes: 7, sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=".to_owned() };
        // 2030-01-01T12:00:00Z
        let from = Time::from_millis(1_893_499_200_000);
        let link = bucket("").upload_link("incoming/a/b", file.expected(), from, Duration::from_secs(300)).await.unwrap();
        assert!(link.url.starts_with("https://files.s3.eu-central-1.amazonaws.com/incoming/a/b?"), "{}", link.url);
        for part in [
            "X-Amz-Date=20300101T120000Z",
            "X-Amz-Expires=300",
            "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256",
        ] {
            assert!(link.url.contains(part), "{} has no {part}", link.url);
        }
        assert_eq!(told(&link), [("content-length", "7"), ("content-type", "image/png"), ("x-amz-checksum-sha256", &*file.sha256)]);
    }

    fn told(link: &Link) -> Vec<(&str, &str)> {
        link.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Within an invocation the SDK adds the trace to every request, and outside development also data about its environment.
    #[tokio::test]
    async fn a_link_names_no_header_that_is_not_signed() {
        let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let bucket = bucket("");
        let (from, life) = (Time::from_millis(1_893_499_200_000), Duration::from_secs(300));
        for (format, bytes) in [(Format::Png, 1), (Format::Jpeg, 5_000_000), (Format::Webp, 7)] {
            let file = Declared { format, bytes, sha256: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=".to_owned() };
            let upload = bucket.upload_link("incoming/a/b", file.expected(), from, life);
            let link = function::trace::scope(Some(trace.to_owned()), Box::pin(upload)).await.unwrap();
            let (length, sha256) = (bytes.to_string(), &*file.sha256);
            assert_eq!(
                told(&link),
                [("content-length", &*length), ("content-type", format.media_type()), ("x-amz-checksum-sha256", sha256)]
            );
        }
        let download = bucket.download_link("pictures/a/64.jpg", from, life);
        assert!(told(&function::trace::scope(Some(trace.to_owned()), download).await.unwrap()).is_empty());
    }

    #[tokio::test]
    async fn a_download_link_needs_no_headers_and_depends_on_nothing_but_the_time() {
        let bucket = bucket("http://127.0.0.1:9");
        let from = Time::from_millis(1_893_499_200_000);
        let (one, other) = tokio::join!(
            bucket.download_link("pictures/a/64.jpg", from, Duration::from_secs(60)),
            bucket.download_link("pictures/a/64.jpg", from, Duration::from_secs(60))
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.url.starts_with("http://127.0.0.1:9/files/pictures/a/64.jpg?"), "{}", one.url);
        assert!(one.headers.is_empty() && one.url == other.url);
    }
}
