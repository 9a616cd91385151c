//! Pictures of products. Staff upload them in the same way as people upload their own: the file is declared, sent to the bucket, checked
//! and encoded anew.

use accounts::{
    audit::Action,
    picture::Picture,
    staff::{self, Role},
};
use axum::extract::State;
use callers::Fresh;
use files::{
    CreatedUpload, Upload,
    announce::{CreateUpload, UploadStatus, announce},
};
use kernel::{
    Kind,
    id::{ProductId, UploadId},
};
use serde::Deserialize;
use store::{
    Tx,
    limits::{self, HOUR, Quota},
};
use web::{Created, Error, Json, NoContent, Path, Problems, Reason, RequestId};

use crate::{
    State as Shop,
    manage::{Manager, entry},
    shown::read,
};

/// How many uploads one member of staff may declare.
const UPLOADS: Quota = Quota::window("product_picture_upload", 100, HOUR, "for an account");

/// Returns a link for the upload of a picture of a product.
///
/// For administrators with a recent proof by a second factor, and for programs with an API key of one that has the scope
/// `products:write`.
///
/// As for the caller's own picture: send the file with `PUT` to `url`, with the `headers`. It is then checked and re-encoded, and
/// replaces the former picture of the product. `GET` of the `Location` returns whether it has been published.
///
/// AWS calls: the caller and their roles in one; a read of the product; a counter; a transaction. The link is computed here.
#[utoipa::path(post, path = "/v1/products/{product}/picture/uploads",
    request_body(
        content = CreateUpload,
        example = json!({"content_type": "image/jpeg", "bytes": 204_800, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="})
    ),
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([UPLOADS]))),
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
pub async fn create_product_picture_upload(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Manager>,
    request: RequestId,
    Path(product): Path<ProductId>,
    Json(body): Json<CreateUpload>,
) -> Result<Created<CreatedUpload<UploadId>>, Error> {
    let (me, declared) = (caller.user, body.parse()?);
    let product = read(&s, product).await?.id;
    limits::take(&s.table, s.sys.now(), &[UPLOADS.of(me)]).await?;
    let (upload, created) = announce(&s.bucket, &s.sys, me, Some(product), declared).await?;
    let mut tx = Tx::new();
    tx.create(&upload);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = entry(&s, &caller, &request, Action::ProductChanged, product);
    s.audit.add(&mut tx, &entry.changed("picture", (), upload.picture()));
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    Ok(Created(format!("/v1/products/{product}/picture/uploads/{}", upload.id), created))
}

/// An upload in a path.
#[derive(Deserialize)]
pub struct OfProduct {
    product: ProductId,
    upload: UploadId,
}

/// Reads the state of the caller's upload for a product.
///
/// For administrators, and for programs with an API key of one that has the scope `products:write`.
///
/// AWS calls: the caller and their roles in one; a read.
#[utoipa::path(get, path = "/v1/products/{product}/picture/uploads/{upload}",
    params(("product" = ProductId, Path, description = "The product."),
        ("upload" = inline(UploadId), Path, description = "The `id` that the request for the upload link returned.", example = "upl_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (status = 200, body = UploadStatus, example = json!({"id": "upl_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "state": "published", "picture": Picture::example()})),
        Problems,
    )
)]
pub async fn get_product_picture_upload(
    State(s): State<Shop>,
    caller: Manager,
    Path(OfProduct { product, upload }): Path<OfProduct>,
) -> Result<Json<UploadStatus>, Error> {
    let upload = s.table.get::<Upload>(Upload::key_of(caller.user, upload)).await?;
    let upload = upload.filter(|upload| upload.product == Some(product)).ok_or(Kind::NotFound)?;
    Ok(Json(UploadStatus::of(&upload, &s.links, s.sys.now())))
}

/// Removes the picture of a product. No effect if there is none. People have to state a `Reason`; programs may.
///
/// For administrators with a recent proof by a second factor, and for programs with an API key of one that has the scope
/// `products:write`.
///
/// AWS calls: the caller and their roles in one; a read; a transaction, if there is a picture.
#[utoipa::path(delete, path = "/v1/products/{product}/picture",
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "The product has no picture."), Problems))]
pub async fn delete_product_picture(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Manager>,
    request: RequestId,
    reason: Option<Reason>,
    Path(product): Path<ProductId>,
) -> Result<NoContent, Error> {
    let reason = Reason::if_asked(reason, caller.key.is_none())?;
    let (me, product) = (caller.user, read(&s, product).await?);
    let Some(picture) = product.picture else { return Ok(NoContent) };
    let mut tx = Tx::new();
    product.change_picture(&mut tx, &s.sys, None);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = entry(&s, &caller, &request, Action::ProductChanged, product.id).because(reason);
    s.audit.add(&mut tx, &entry.changed("picture", picture, ()));
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    Ok(NoContent)
}
