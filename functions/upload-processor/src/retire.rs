//! Moves a picture that is no longer used to the trash, which a lifecycle rule of the bucket empties.
//!
//! AWS calls: six. One batch for the item and the person; three concurrent copies; the mark; one deletion. The mark is written
//! between copying and deleting, so that a second run never copies what the first one has deleted.

use commerce::product::Product;
use files::{
    Upload,
    picture::{self, Size},
};
use function::Failure;
use futures_util::future::try_join_all;
use kernel::id::{PictureId, ProductId, UserId};
use store::Conditional as _;

use crate::{State, load};

/// Moves the picture, unless it is in use.
pub async fn retire(s: &State, user: UserId, picture: PictureId) -> Result<(), Failure> {
    let upload = picture::to_upload(picture);
    let (record, owner) = load(s, user, upload).await?;
    if owner.is_some_and(|o| o.picture == Some(picture)) {
        return Ok(());
    }
    // Without an item the account was purged, and no object may stay.
    let mut is_removed = record.is_none();
    if record.is_some_and(|r| r.retired_at.is_none()) {
        let copies =
            Size::ALL.map(|size| async move { s.bucket.copy(&picture::key(picture, size), &picture::trash_key(picture, size)).await });
        try_join_all(copies).await?;
        is_removed = !s.table.update(Upload::retiring(user, picture, s.sys.now())).await.applied()?;
    }
    if is_removed {
        s.bucket.delete(Upload::every_key(user, upload)).await?;
    } else {
        s.bucket.delete(Size::ALL.map(|size| picture::key(picture, size))).await?;
    }
    Ok(())
}

/// Deletes a picture of a product, unless it is in use.
pub async fn retire_of_product(s: &State, product: ProductId, picture: PictureId) -> Result<(), Failure> {
    let current = s.table.get::<Product>(Product::key_of(product)).await?;
    if current.is_some_and(|current| current.picture == Some(picture)) {
        return Ok(());
    }
    Ok(s.bucket.delete(Size::ALL.map(|size| picture::key(picture, size))).await?)
}
