//! Uploading a picture: the client declares the file, gets a link for exactly that file, uploads the file to the bucket, and asks for
//! the result.

use accounts::audit::{Action, Audit, AuditEntry};
use axum::extract::State;
use callers::{Member, MemberWith};
use files::{
    Bucket, CreatedUpload, Upload,
    announce::{CreateUpload, UploadStatus, announce},
};
use kernel::{Kind, Sys, id::UploadId};
use store::{
    Table, Tx,
    limits::{self, HOUR, Quota},
};
use web::{Created, Error, Json, Problems, RequestId};

use super::{Links, Picture};

/// How many uploads one person may declare.
const UPLOADS: Quota = Quota::window("picture_upload", 20, HOUR, "for an account");

/// Returns a link for the upload of a new picture.
///
/// Send the file with `PUT` to `url`, with the `headers`: type, length and checksum are part of the signature, so that no other
/// file is accepted. It is then checked and re-encoded: of up to 50 megapixels, the square in the middle, upright, in sRGB, and on
/// white. `GET` of the `Location` returns whether it has been published.
///
/// AWS calls: three, the batch that authenticates the caller, the counter before anything is stored, and the transaction of the item
/// that the processor compares the file with and an entry of the audit. A further upload within the hour takes a fourth, for its
/// counter. The link is computed here.
#[utoipa::path(
    post, path = "/v1/me/picture/uploads", operation_id = "create_picture_upload",
    request_body(
        content = CreateUpload,
        example = json!({"content_type": "image/jpeg", "bytes": 204_800, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="})
    ),
    extensions(("x-problems" = json!(["invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([UPLOADS]))),
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
    State(audit): State<Audit>,
    request: RequestId,
    Json(body): Json<CreateUpload>,
) -> Result<Created<CreatedUpload<UploadId>>, Error> {
    let declared = body.parse()?;
    let (now, user) = (sys.now(), member.user.id);
    limits::take(&table, now, &[UPLOADS.of(user)]).await?;
    let (upload, created) = announce(&bucket, &sys, user, None, declared).await?;
    let mut tx = Tx::new();
    tx.create(&upload);
    let entry = AuditEntry::of_own(&sys, user, &request.0, Action::PictureUploaded);
    audit.add(&mut tx, &entry.changed("picture", (), upload.picture()));
    table.commit(tx).await?;
    Ok(Created(format!("/v1/me/picture/uploads/{}", upload.id), created))
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
    let upload = caller.resource.filter(|upload| upload.product.is_none()).ok_or(Kind::NotFound)?;
    Ok(Json(UploadStatus::of(&upload, &links, sys.now())))
}
