//! Reading the buckets for the console. This needs no permission and is not counted.

use axum::body::Body;
use http::{Extensions, HeaderMap, Method, Uri};
use kernel::{Time, Timestamp};
use s3s::{
    S3 as _, S3Request,
    dto::{GetObjectInput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input},
};
use serde::Serialize;

use super::S3;

/// An object, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct FileFacts {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: i64,
    /// The media type, if it was stored with one.
    pub content_type: Option<String>,
    /// When it was stored, by the local cloud's clock.
    pub at: Option<Timestamp>,
}

/// The content of an object.
pub struct FileContent {
    /// The media type, if it was stored with one.
    pub content_type: Option<String>,
    /// The bytes, as a stream.
    pub body: Body,
}

impl S3 {
    /// Returns at most `limit` objects of a bucket whose keys begin with `prefix`, by key, after the key `after`. `None` if there is no
    /// such bucket. Objects that disappear in the meantime are left out.
    pub async fn list(&self, bucket: &str, prefix: &str, after: &str, limit: u16) -> Option<Vec<FileFacts>> {
        let input = ListObjectsV2Input::builder()
            .bucket(bucket.to_owned())
            .prefix(Some(prefix.to_owned()))
            .start_after(Some(after.to_owned()))
            .max_keys(Some(i32::from(limit)))
            .build()
            .ok()?;
        let found = self.files.list_objects_v2(request(input)).await.ok()?.output.contents.unwrap_or_default();
        let mut files = Vec::new();
        for key in found.into_iter().filter_map(|object| object.key) {
            files.extend(self.facts(bucket, key).await);
        }
        Some(files)
    }

    /// Returns an object's content. `None` if there is none.
    pub async fn content(&self, bucket: &str, key: &str) -> Option<FileContent> {
        let input = GetObjectInput::builder().bucket(bucket.to_owned()).key(key.to_owned()).build().ok()?;
        let found = self.files.get_object(request(input)).await.ok()?.output;
        Some(FileContent { content_type: found.content_type, body: Body::from_stream(found.body?) })
    }

    /// Returns the metadata of an object. `None` if it does not exist.
    pub(super) async fn head(&self, bucket: &str, key: &str) -> Option<HeadObjectOutput> {
        let input = HeadObjectInput::builder().bucket(bucket.to_owned()).key(key.to_owned()).build().ok()?;
        Some(self.files.head_object(request(input)).await.ok()?.output)
    }

    async fn facts(&self, bucket: &str, key: String) -> Option<FileFacts> {
        let head = self.head(bucket, &key).await?;
        let at = head.last_modified.and_then(|at| {
            let since = time::OffsetDateTime::from(at).unix_timestamp_nanos();
            i64::try_from(since.div_euclid(1_000_000)).ok()
        });
        let size = head.content_length.unwrap_or_default();
        Some(FileFacts { key, size, content_type: head.content_type, at: at.map(|ms| Time::from_millis(ms).into()) })
    }
}

/// Returns a request without credentials.
fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::GET,
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}
