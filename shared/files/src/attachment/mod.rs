//! Files of messages: their checks, the stored versions, and their keys in the bucket.
//!
//! A picture is decoded and re-encoded, so that only its pixels remain. Videos and documents are stored as they were uploaded. Their links
//! make browsers save them instead of showing them.

mod document;
mod redraw;
mod video;

use kernel::id::{AttachmentId, UserId};
use messaging::{
    attachment::{AttachmentRefusal, Pixels},
    file::{FileKind, FileType},
};
pub use video::{HEAD as VIDEO_HEAD, TAIL as VIDEO_TAIL};

use crate::{Upload, UploadRefusal};

/// Returns the object key of the uploaded file. No part of it is chosen by the client.
#[must_use]
pub fn incoming_key(user: UserId, id: AttachmentId) -> String {
    format!("{}{user}/{id}", Upload::INCOMING)
}

/// Returns the person and the attachment of an object key.
#[must_use]
pub fn of_incoming_key(key: &str) -> Option<(UserId, AttachmentId)> {
    let (user, id) = key.strip_prefix(Upload::INCOMING)?.split_once('/')?;
    Some((user.parse().ok()?, id.parse().ok()?))
}

/// Returns the key of a checked file.
#[must_use]
pub fn file_key(id: AttachmentId) -> String {
    format!("attachments/{id}/file")
}

/// Returns the key of the preview of a picture.
#[must_use]
pub fn preview_key(id: AttachmentId) -> String {
    format!("attachments/{id}/preview.jpg")
}

/// Returns every key that an object of the attachment may have.
pub fn every_key(user: UserId, id: AttachmentId) -> impl Iterator<Item = String> {
    [incoming_key(user, id), file_key(id), preview_key(id)].into_iter()
}

/// A picture that was re-encoded.
#[derive(Debug)]
pub struct Redrawn {
    /// Its new type: a WebP becomes a JPEG or a PNG.
    pub file_type: FileType,
    /// The file.
    pub file: Vec<u8>,
    /// The preview, a JPEG.
    pub preview: Vec<u8>,
    /// The size of the picture.
    pub pixels: Pixels,
}

/// A file that passed the check.
#[derive(Debug)]
pub enum Passed {
    /// The file is stored as it was uploaded.
    AsItIs,
    /// The re-encoded picture is stored instead.
    Instead(Redrawn),
}

/// Checks a complete file of a type other than video. For pictures this takes as much time and memory as [`crate::picture::render`].
///
/// # Errors
/// [`AttachmentRefusal`], never a panic of a decoder.
pub fn check(bytes: &[u8], declared: FileType) -> Result<Passed, AttachmentRefusal> {
    match declared.kind() {
        FileKind::Image => redraw::redraw(bytes, declared).map(Passed::Instead),
        FileKind::Document => document::check(bytes, declared).map(|()| Passed::AsItIs),
        FileKind::Video => Err(AttachmentRefusal::Damaged),
    }
}

/// Checks the beginning of a video, of [`VIDEO_HEAD`] bytes, and its end, of [`VIDEO_TAIL`] bytes. Videos are too large to be read
/// completely.
///
/// # Errors
/// [`AttachmentRefusal`]
pub fn check_video(head: &[u8], tail: &[u8], declared: FileType) -> Result<(), AttachmentRefusal> {
    video::check(head, tail, declared)
}

impl From<UploadRefusal> for AttachmentRefusal {
    fn from(refusal: UploadRefusal) -> Self {
        match refusal {
            UploadRefusal::NotAPicture | UploadRefusal::OtherType => Self::OtherType,
            UploadRefusal::Polyglot => Self::Polyglot,
            UploadRefusal::TooManyPixels => Self::TooManyPixels,
            UploadRefusal::Damaged | UploadRefusal::Superseded => Self::Damaged,
            // `ProductGone` does not occur for files of messages.
            UploadRefusal::AccountClosed | UploadRefusal::ProductGone => Self::AccountClosed,
            UploadRefusal::Expired => Self::Expired,
        }
    }
}

#[cfg(test)]
mod tests;
