//! Uploading a picture: the client declares the file, gets a link for exactly that file, uploads it to the bucket, and asks for
//! the result.

use std::time::Duration;

use axum::extract::State;
use callers::{Member, MemberWith};
use files::{Bucket, CreatedUpload, Declared, UPLOAD_MAX_BYTES, Upload, UploadRefusal, UploadState as Outcome};
use kernel::{Fields, Kind, Problem, Sys, id::UploadId};
use serde::{Deserialize, Serialize};
use store::{
    Table,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Created, Error, Json, Problems};

use super::{Links, Picture};

/// How long a link accepts an upload.
const LINK_LIFE: Duration = Duration::from_secs(300);
/// Uploads that one person may announce.
const UPLOADS: Quota = Quota::window("picture_upload", 20, HOUR, "for an account");

/// The declaration of the file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUpload {
    /// The type of the file.
    #[schema(value_type = files::Format)]
    content_type: String,
    /// The exact number of bytes, up to 25 MiB.
    #[schema(minimum = 1, maximum = 26_214_400, examples(204_800))]
    bytes: i64,
    /// The SHA-256 of the file, in base64.
    #[schema(examples("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="), min_length = 44, max_length = 44, pattern = "^[A-Za-z0-9+/]{43}=$")]
    sha256: String,
}

/// Returns a link for the upload of a new picture.
///
/// Send the file with `PUT` to `url`, with the `headers`: type, length and checksum are part of the signature, so that no other
/// file is accepted. It is then checked and re-encoded: of up to 50 megapixels, the square in the middle, upright, in sRGB, and on
/// white. `GET` of the `Location` returns whether it has been published.
///
/// AWS calls: three, the batch that authenticates the caller, the counter before anything is stored, and the item that the
/// processor compares the file with. A further upload within the hour takes a fourth, for its counter. The link is computed
/// here.
#[utoipa::path(
    post, path = "/v1/me/picture/uploads", operation_id = "create_picture_upload",
    request_body(
        content = CreateUpload,
        example = json!({"content_type": "image/jpeg", "bytes": 204_800, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="})
    ),
    extensions(("x-problems" = json!(["invalid", "too_many_requests"])), ("x-limits" = json!([UPLOADS]))),
    responses(
        (
            status = 201, body = CreatedUpload<UploadId>, headers(("Location" = String, description = "The address of the state of the upload.")),
            example = json!({
                "id": "upl_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH",
                "method": "PUT",
                "url": "https://files.s3.eu-central-1.amazonaws.com/incoming/usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP/upl_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH?X-Amz-Signature=0f3c",
                "headers": {"content-length": "204800", "content-type": "image/jpeg", "x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="},
                "expires_at": "2026-11-21T08:05:00.000Z"
            })
        ),
        Problems,
    )
)]
pub async fn create_picture_upload(
    member: Member,
    State(table): State<Table>,
    State(bucket): State<Bucket>,
    State(sys): State<Sys>,
    Json(body): Json<CreateUpload>,
) -> Result<Created<CreatedUpload<UploadId>>, Error> {
    let declared = parse(&body)?;
    let (now, user, id) = (sys.now(), member.user.id, sys.id());
    limits::take(&table, now, &[UPLOADS.of(user)]).await?;
    let link = bucket.upload_link(&Upload::incoming_key(user, id), declared.expected(), now, LINK_LIFE).await?;
    let link_ends_at = now + LINK_LIFE;
    let upload = Upload { user, id, declared, state: Outcome::Waiting, refusal: None, created_at: now, link_ends_at, retired_at: None };
    table.create(&upload).await?;
    Ok(Created(format!("/v1/me/picture/uploads/{id}"), link.created(id, link_ends_at)))
}

fn parse(body: &CreateUpload) -> Result<Declared, Problem> {
    let mut fields = Fields::new();
    let format = fields.take("/content_type", Declared::format(&body.content_type));
    let bytes = fields.take("/bytes", Declared::bytes(body.bytes));
    let sha256 = fields.take("/sha256", Declared::sha256(&body.sha256));
    match (format, bytes, sha256) {
        (Some(format), Some(bytes), Some(sha256)) => Ok(Declared { format, bytes, sha256 }),
        _ => Err(fields.problem()),
    }
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
    /// It became the picture, which a newer one may have replaced.
    Published {
        /// The picture that was made of it. Absent after it was replaced or removed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        picture: Option<Picture>,
    },
    /// It was refused.
    Refused {
        /// Why it was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        reason: Option<UploadRefusal>,
    },
}

/// Reads the state of an upload.
///
/// The state is kept for a month, and as long as the picture is in use.
///
/// AWS calls: one, a batch that authenticates the caller and reads the upload.
#[utoipa::path(
    get, path = "/v1/me/picture/uploads/{upload}", operation_id = "get_picture_upload",
    params(("upload" = inline(UploadId), Path, description = "The `id` that the request for the upload link returned.", example = "upl_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (
            status = 200, body = UploadStatus,
            examples(
                ("published" = (value = json!({"id": "upl_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "state": "published", "picture": Picture::example()}))),
                ("refused" = (value = json!({"id": "upl_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "state": "refused", "reason": "not_a_picture"}))),
            )
        ),
        Problems,
    )
)]
pub async fn get_picture_upload(
    caller: MemberWith<Upload>,
    State(links): State<Links>,
    State(sys): State<Sys>,
) -> Result<Json<UploadStatus>, Error> {
    let upload = caller.resource.ok_or(Kind::NotFound)?;
    let (state, reason) = upload.outcome(sys.now());
    let state = match state {
        Outcome::Waiting => UploadState::Waiting,
        Outcome::Published => {
            let picture = Some(upload.picture()).filter(|_| upload.retired_at.is_none());
            UploadState::Published { picture: picture.map(|p| links.of(Some(p))) }
        }
        Outcome::Refused => UploadState::Refused { reason },
    };
    Ok(Json(UploadStatus { id: upload.id, state }))
}
