//! Uploads of pictures for clients: the declaration of a file, the link for it, and the state of the upload.

use std::time::Duration;

use accounts::picture::{Links, Picture};
use kernel::{
    Fields, Problem, Sys, Time,
    id::{ProductId, UploadId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Bucket, CreatedUpload, Declared, UPLOAD_MAX_BYTES, Upload, UploadRefusal, UploadState as Outcome};

/// How long a link accepts an upload.
const LINK_LIFE: Duration = Duration::from_secs(300);

/// The declaration of the file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUpload {
    /// The type of the file.
    #[schema(value_type = crate::Format)]
    content_type: String,
    /// The exact number of bytes, up to 25 MiB.
    #[schema(minimum = 1, maximum = 26_214_400, examples(204_800))]
    bytes: i64,
    /// The SHA-256 of the file, in base64.
    #[schema(examples("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="), min_length = 44, max_length = 44, pattern = "^[A-Za-z0-9+/]{43}=$")]
    sha256: String,
}

impl CreateUpload {
    /// Returns the declared file.
    ///
    /// # Errors
    /// [`Kind::Invalid`](kernel::Kind::Invalid) with the wrong fields.
    pub fn parse(&self) -> Result<Declared, Problem> {
        let mut fields = Fields::new();
        let format = fields.take("/content_type", Declared::format(&self.content_type));
        let bytes = fields.take("/bytes", Declared::bytes(self.bytes));
        let sha256 = fields.take("/sha256", Declared::sha256(&self.sha256));
        match (format, bytes, sha256) {
            (Some(format), Some(bytes), Some(sha256)) => Ok(Declared { format, bytes, sha256 }),
            _ => Err(fields.problem()),
        }
    }
}

/// Creates the item of an upload and the link for it. The upload is for the picture of a product, or of the person. The link is computed
/// without a request. The caller stores the item.
///
/// # Errors
/// If the link cannot be signed.
pub async fn announce(
    bucket: &Bucket,
    sys: &Sys,
    user: UserId,
    product: Option<ProductId>,
    declared: Declared,
) -> Result<(Upload, CreatedUpload<UploadId>), Problem> {
    let (now, id) = (sys.now(), sys.id());
    let link = bucket.upload_link(&Upload::incoming_key(user, id), declared.expected(), now, LINK_LIFE).await?;
    let link_ends_at = now + LINK_LIFE;
    let upload =
        Upload { user, id, product, declared, state: Outcome::Waiting, refusal: None, created_at: now, link_ends_at, retired_at: None };
    Ok((upload, link.created(id, link_ends_at)))
}

const _: () = assert!(UPLOAD_MAX_BYTES == 26_214_400, "what the description says");

/// The state of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadStatus {
    /// The id of the upload.
    id: UploadId,
    /// The stage of the upload.
    #[serde(flatten)]
    state: UploadState,
}

/// The stage of an upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UploadState {
    /// No file has arrived yet, or it is being checked. Ask again in a second.
    Waiting,
    /// The file became the picture. A newer picture may have replaced it.
    Published {
        /// The picture. Absent after it was replaced or removed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        picture: Option<Picture>,
    },
    /// The file was refused.
    Refused {
        /// Why it was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        reason: Option<UploadRefusal>,
    },
}

impl UploadStatus {
    /// Returns the state at this time.
    #[must_use]
    pub fn of(upload: &Upload, links: &Links, now: Time) -> Self {
        let (state, reason) = upload.outcome(now);
        let state = match state {
            Outcome::Waiting => UploadState::Waiting,
            Outcome::Published => {
                let picture = Some(upload.picture()).filter(|_| upload.retired_at.is_none());
                UploadState::Published { picture: picture.map(|p| links.of(Some(p))) }
            }
            Outcome::Refused => UploadState::Refused { reason },
        };
        Self { id: upload.id, state }
    }
}
