//! Publishing an uploaded picture of a person or a product.
//!
//! AWS calls: seven, and a read of the product that a picture is for. One batch for the item and the person; the file; concurrently the
//! picture in three sizes; the transaction; one deletion. Each depends on the one before, and three objects are three requests.

use accounts::user::{Status, User};
use commerce::product::{Product, ProductPicture};
use events::{Outbox, files::PictureRetired};
use files::{
    FilesError, UPLOAD_MAX_BYTES, Upload, UploadRefusal, UploadState as Outcome,
    picture::{self, Size},
};
use function::Failure;
use futures_util::future::try_join_all;
use kernel::id::{PictureId, UploadId, UserId};
use store::{Conditional as _, StoreError, Tx};

use crate::{State, load};

/// How often the work is repeated while items change concurrently.
const ATTEMPTS: u32 = 5;

/// Publishes or refuses the file at `key`. A repetition is harmless.
pub async fn publish(s: &State, key: &str) -> Result<(), Failure> {
    let Some((user, id)) = Upload::of_incoming_key(key) else {
        // No signed link has such a key, so an operator has written this object.
        tracing::warn!("an object is not an upload");
        return Ok(());
    };
    let mut rendered = false;
    for _ in 0..ATTEMPTS {
        let (record, owner) = load(s, user, id).await?;
        let upload = match record {
            Some(upload) if upload.state == Outcome::Waiting => upload,
            // The upload was processed already, or the account was deleted with all its items.
            record => return clean_up(s, user, id, record.as_ref()).await,
        };
        let verdict = match may_publish(s, &upload, owner).await? {
            Ok(target) if !rendered => match render(s, &upload).await {
                Ok(verdict) => verdict.map(|()| target),
                // Another delivery of the same event may have finished and deleted the file.
                Err(FilesError::Refused(_)) if !is_pending(s, &upload).await? => continue,
                Err(e) => return Err(e.into()),
            },
            verdict => verdict,
        };
        rendered = verdict.is_ok();
        let settled = match verdict {
            Ok(target) => commit(s, &upload, &target).await?,
            Err(refusal) => refuse(s, &upload, refusal).await?,
        };
        if settled {
            return Ok(());
        }
    }
    Err("an upload changed too often while it was published".into())
}

/// Whose picture an upload becomes.
enum Target {
    /// The person who uploaded it.
    Person(Box<User>),
    /// A product.
    Product(Box<Product>),
}

impl Target {
    fn picture(&self) -> Option<PictureId> {
        match self {
            Self::Person(person) => person.picture,
            Self::Product(product) => product.picture,
        }
    }
}

/// Returns the person or product whose picture this upload may become. The newer of two uploads wins, in any order of processing.
async fn may_publish(s: &State, upload: &Upload, owner: Option<User>) -> Result<Result<Target, UploadRefusal>, StoreError> {
    let Some(owner) = owner.filter(|o| o.status == Status::Active) else { return Ok(Err(UploadRefusal::AccountClosed)) };
    let target = match upload.product {
        None => Target::Person(Box::new(owner)),
        Some(product) => match s.table.get::<Product>(Product::key_of(product)).await? {
            Some(product) => Target::Product(Box::new(product)),
            None => return Ok(Err(UploadRefusal::ProductGone)),
        },
    };
    let superseded = target.picture().is_some_and(|current| current > upload.picture());
    Ok(if superseded { Err(UploadRefusal::Superseded) } else { Ok(target) })
}

/// Reads the file, and writes the picture in all sizes.
async fn render(s: &State, upload: &Upload) -> Result<Result<(), UploadRefusal>, FilesError> {
    let file = match s.bucket.read(&Upload::incoming_key(upload.user, upload.id), UPLOAD_MAX_BYTES).await {
        Err(FilesError::TooLarge) => return Ok(Err(UploadRefusal::Damaged)),
        file => file?,
    };
    let format = upload.declared.format;
    // A decoder panicked on this file: refuse it, so that it is not decoded again.
    let rendered = tokio::task::spawn_blocking(move || picture::render(&file, format)).await.unwrap_or(Err(UploadRefusal::Damaged));
    let sizes = match rendered {
        Ok(sizes) => sizes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let id = upload.picture();
    try_join_all(sizes.into_iter().map(|(size, jpeg)| async move { s.bucket.write_picture(&picture::key(id, size), jpeg).await })).await?;
    Ok(Ok(()))
}

async fn is_pending(s: &State, upload: &Upload) -> Result<bool, FilesError> {
    let (record, _) = load(s, upload.user, upload.id).await?;
    Ok(record.is_some_and(|u| u.state == Outcome::Waiting))
}

/// Sets the picture, marks the upload as published and adds the event that retires the former picture, in one transaction. False if the
/// upload, or its person or product, has changed since it was read.
async fn commit(s: &State, upload: &Upload, target: &Target) -> Result<bool, Failure> {
    let mut tx = Tx::new();
    tx.update(upload.publishing());
    match target {
        Target::Person(owner) => {
            owner.change_picture(&mut tx, Some(upload.picture()));
            if let Some(before) = owner.picture {
                Outbox::add(&mut tx, &s.sys, &PictureRetired { user: owner.id, picture: before });
            }
        }
        Target::Product(product) => {
            product.change_picture(&mut tx, &s.sys, Some(upload.picture()));
        }
    }
    if !s.table.commit(tx).await.applied()? {
        return Ok(false);
    }
    s.bucket.delete([Upload::incoming_key(upload.user, upload.id)]).await?;
    Ok(true)
}

/// Marks the upload as refused and deletes its objects. False if the upload has changed since it was read.
async fn refuse(s: &State, upload: &Upload, why: UploadRefusal) -> Result<bool, Failure> {
    if !s.table.update(upload.refusing(why)).await.applied()? {
        return Ok(false);
    }
    s.bucket.delete(Upload::every_key(upload.user, upload.id)).await?;
    Ok(true)
}

/// Deletes the objects that are not needed after the decision. A published picture is left to `retire`, unless `retire` has run already and
/// a late delivery has written the picture again. A product's picture is kept as long as the product has it, even after the item of its
/// upload was deleted.
async fn clean_up(s: &State, user: UserId, id: UploadId, record: Option<&Upload>) -> Result<(), Failure> {
    let incoming = Upload::incoming_key(user, id);
    let Some(upload) = record.filter(|u| u.state == Outcome::Published) else {
        if record.is_none() && s.table.get::<ProductPicture>(ProductPicture::key_of(picture::of_upload(id))).await?.is_some() {
            return Ok(s.bucket.delete([incoming]).await?);
        }
        return Ok(s.bucket.delete(Upload::every_key(user, id)).await?);
    };
    let in_use = match upload.product {
        None => upload.retired_at.is_none(),
        Some(product) => {
            let product = s.table.get::<Product>(Product::key_of(product)).await?;
            product.is_some_and(|product| product.picture == Some(upload.picture()))
        }
    };
    if in_use {
        return Ok(s.bucket.delete([incoming]).await?);
    }
    let pictures = Size::ALL.into_iter().map(|size| picture::key(upload.picture(), size));
    Ok(s.bucket.delete(pictures.chain([incoming])).await?)
}
