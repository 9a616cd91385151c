//! The item of an upload, from its declaration until its last object is deleted.

use std::time::Duration;

use accounts::{Resource, user::partition};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kernel::{
    FieldError, Time,
    id::{PictureId, ProductId, UploadId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Update, field};

use crate::{
    Expected, Format, UploadRefusal,
    picture::{self, Size},
};

/// The maximum number of bytes of an upload: a JPEG of 50 megapixels with four bits for each pixel.
pub const UPLOAD_MAX_BYTES: u32 = 25 * 1024 * 1024;
/// How long the item of an upload without a published picture is kept: longer than a failed event waits for a redrive.
const KEPT: Duration = Duration::from_secs(31 * 24 * 3600);
/// How long after the expiry of its link an upload still counts as pending, because it may be on its way or unprocessed.
const PATIENCE: Duration = Duration::from_secs(600);

/// The file that a client declares. All attributes are signed into the link, so that the client cannot upload anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The format.
    pub format: Format,
    /// The exact length in bytes.
    pub bytes: u32,
    /// The SHA-256, in base64.
    pub sha256: String,
}

impl Declared {
    /// Returns the file that the link accepts.
    #[must_use]
    pub fn expected(&self) -> Expected<'_> {
        Expected { media_type: self.format.media_type(), bytes: self.bytes, sha256: &self.sha256 }
    }

    /// Parses the media type.
    ///
    /// # Errors
    /// `file_type`
    pub fn format(text: &str) -> Result<Format, FieldError> {
        Format::from_media_type(text).ok_or(FieldError::FILE_TYPE)
    }

    /// Parses the length.
    ///
    /// # Errors
    /// `file_size`
    pub fn bytes(number: i64) -> Result<u32, FieldError> {
        let wrong = || FieldError::file_size(UPLOAD_MAX_BYTES);
        u32::try_from(number).ok().filter(|n| (1..=UPLOAD_MAX_BYTES).contains(n)).ok_or_else(wrong)
    }

    /// Parses the checksum: 32 bytes in canonical base64.
    ///
    /// # Errors
    /// `checksum`
    pub fn sha256(text: &str) -> Result<String, FieldError> {
        let good = BASE64_STANDARD.decode(text).is_ok_and(|hash| hash.len() == 32);
        if good { Ok(text.to_owned()) } else { Err(FieldError::CHECKSUM) }
    }
}

/// The state of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Waiting for the file or for its processing.
    Waiting,
    /// The file is, or was, the picture.
    Published,
    /// The file did not become a picture.
    Refused,
}

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// The person.
    pub user: UserId,
    /// The id of the upload.
    pub id: UploadId,
    /// The product whose picture it is for. Absent for the person's own picture.
    #[serde(default)]
    pub product: Option<ProductId>,
    /// The declared file.
    pub declared: Declared,
    /// The state as stored: see [`Upload::outcome`].
    pub state: UploadState,
    /// Why it was refused, if it was.
    pub refusal: Option<UploadRefusal>,
    /// When it was declared.
    pub created_at: Time,
    /// When its link expires.
    pub link_ends_at: Time,
    /// When its picture was moved to the trash.
    pub retired_at: Option<Time>,
}

impl Upload {
    /// The prefix of the clients' files.
    pub const INCOMING: &'static str = "incoming/";

    /// Returns the key of a person's upload.
    #[must_use]
    pub fn key_of(user: UserId, id: UploadId) -> Key {
        Key::new(partition(user), format!("UPLOAD#{id}"))
    }

    /// Returns the object key of the uploaded file. No part of it is chosen by the client.
    #[must_use]
    pub fn incoming_key(user: UserId, id: UploadId) -> String {
        format!("{}{user}/{id}", Self::INCOMING)
    }

    /// Returns the person and the upload of an object key.
    #[must_use]
    pub fn of_incoming_key(key: &str) -> Option<(UserId, UploadId)> {
        let (user, id) = key.strip_prefix(Self::INCOMING)?.split_once('/')?;
        Some((user.parse().ok()?, id.parse().ok()?))
    }

    /// Returns the id of its picture.
    #[must_use]
    pub fn picture(&self) -> PictureId {
        picture::of_upload(self.id)
    }

    /// Returns every key that an object of the upload may have.
    pub fn every_key(user: UserId, id: UploadId) -> impl Iterator<Item = String> {
        let picture = picture::of_upload(id);
        let published = Size::ALL.into_iter().map(move |s| picture::key(picture, s));
        let trashed = Size::ALL.into_iter().map(move |s| picture::trash_key(picture, s));
        std::iter::once(Self::incoming_key(user, id)).chain(published).chain(trashed)
    }

    /// Returns the state for the client. Includes that nothing was uploaded in time, which is not stored.
    #[must_use]
    pub fn outcome(&self, now: Time) -> (UploadState, Option<UploadRefusal>) {
        let late = self.state == UploadState::Waiting && now >= self.link_ends_at + PATIENCE;
        if late { (UploadState::Refused, Some(UploadRefusal::Expired)) } else { (self.state, self.refusal) }
    }

    /// Returns the keys of the objects that are deleted with the person's account. The picture of a product stays.
    pub fn own_keys(&self) -> impl Iterator<Item = String> {
        let stays = self.product.is_some() && self.state == UploadState::Published;
        let picture = Self::every_key(self.user, self.id).skip(1).filter(move |_| !stays);
        std::iter::once(Self::incoming_key(self.user, self.id)).chain(picture)
    }

    /// Returns the update that marks the upload as published, if it is still waiting. The item of a person's picture then does not expire.
    /// The item of a product's picture does, because the product has the id of the picture.
    #[must_use]
    pub fn publishing(&self) -> Update {
        let update = Update::of(self.key()).set("state", UploadState::Published).when(field("state").eq(UploadState::Waiting));
        if self.product.is_some() { update } else { update.remove("ttl") }
    }

    /// Returns the update that marks the upload as refused, if it is still waiting.
    #[must_use]
    pub fn refusing(&self, why: UploadRefusal) -> Update {
        Update::of(self.key()).set("state", UploadState::Refused).set("refusal", why).when(field("state").eq(UploadState::Waiting))
    }

    /// Returns the update that records that its picture is in the trash.
    #[must_use]
    pub fn retiring(user: UserId, picture: PictureId, now: Time) -> Update {
        let key = Self::key_of(user, picture::to_upload(picture));
        Update::of(key).set("retired_at", now).expires(now + KEPT).when(Cond::Exists)
    }
}

impl Item for Upload {
    const KIND: &'static str = "upload";
    const ABOUT: About = About::beside_user(
        "UPLOAD#{upload}",
        Personal::Exported(&["id", "product", "declared", "state", "refusal", "created_at", "link_ends_at", "retired_at"]),
    )
    .may_expire()
    .removed_by("files");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.created_at + KEPT)
    }
}

impl Resource for Upload {
    type Path = UploadId;
    fn key_for(caller: UserId, path: UploadId) -> Option<Key> {
        Some(Self::key_of(caller, path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kernel::Sys;

    use super::*;

    #[test]
    fn declarations_are_validated() {
        assert!(Declared::format("image/svg+xml").is_err());
        assert_eq!(
            [0, 1, i64::from(UPLOAD_MAX_BYTES), i64::from(UPLOAD_MAX_BYTES) + 1, -1].map(|n| Declared::bytes(n).is_ok()),
            [false, true, true, false, false]
        );
        let hash = BASE64_STANDARD.encode([7; 32]);
        assert!(Declared::sha256(&hash).is_ok());
        for wrong in [&hash[..43], "", "zz", &BASE64_STANDARD.encode([7; 31]), &format!("{hash}\r\nx: y"), &"0".repeat(64)] {
            assert!(Declared::sha256(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_object_key_identifies_its_upload_and_is_no_prefix_of_another() {
        let sys = Sys::real();
        let (user, id) = (sys.id(), sys.id());
        assert_eq!(Upload::of_incoming_key(&Upload::incoming_key(user, id)), Some((user, id)));
        for wrong in
            ["incoming/", "incoming/a/b", "pictures/x/64.jpg", &format!("incoming/{user}/{id}/x"), &format!("incoming/../{user}/{id}")]
        {
            assert_eq!(Upload::of_incoming_key(wrong), None, "{wrong}");
        }
        let keys: BTreeSet<String> = Upload::every_key(user, id).collect();
        assert_eq!(keys.len(), 7);
        assert!(keys.iter().all(|a| keys.iter().all(|b| !b.starts_with(&format!("{a}/")))));
    }

    #[test]
    fn an_upload_without_a_file_is_refused_as_expired_after_its_link() {
        let sys = Sys::real();
        let now = sys.now();
        let declared = Declared { format: Format::Png, bytes: 1, sha256: String::new() };
        let link_ends_at = now + Duration::from_secs(300);
        let upload = Upload {
            user: sys.id(),
            id: sys.id(),
            product: None,
            declared,
            state: UploadState::Waiting,
            refusal: None,
            created_at: now,
            link_ends_at,
            retired_at: None,
        };
        assert_eq!(upload.outcome(link_ends_at), (UploadState::Waiting, None));
        assert_eq!(upload.outcome(link_ends_at + PATIENCE), (UploadState::Refused, Some(UploadRefusal::Expired)));
        let published = Upload { state: UploadState::Published, ..upload };
        assert_eq!(published.outcome(link_ends_at + KEPT), (UploadState::Published, None));
        assert_eq!(published.own_keys().collect::<Vec<_>>(), Upload::every_key(published.user, published.id).collect::<Vec<_>>());
        let of_product = Upload { product: Some(sys.id()), ..published };
        assert_eq!(of_product.own_keys().collect::<Vec<_>>(), [Upload::incoming_key(of_product.user, of_product.id)]);
    }
}
