//! Files of messages: what is checked, what is stored of them, and their keys in the bucket.
//!
//! A picture is decoded and encoded anew, so that it has its pixels and nothing else. Films and documents are stored as they were
//! uploaded, and nobody is shown them by the bucket: their links make browsers save them.

mod document;
mod film;
mod redraw;

pub use film::{HEAD as FILM_HEAD, TAIL as FILM_TAIL};
use kernel::id::{AttachmentId, UserId};
use messaging::{
    attachment::{AttachmentRefusal, Pixels},
    file::{FileKind, FileType},
};

use crate::{Upload, UploadRefusal};

/// The object key of the client's file. The client chooses no part of it.
#[must_use]
pub fn incoming_key(user: UserId, id: AttachmentId) -> String {
    format!("{}{user}/{id}", Upload::INCOMING)
}

/// The person and the attachment of an object key.
#[must_use]
pub fn of_incoming_key(key: &str) -> Option<(UserId, AttachmentId)> {
    let (user, id) = key.strip_prefix(Upload::INCOMING)?.split_once('/')?;
    Some((user.parse().ok()?, id.parse().ok()?))
}

/// The key of a checked file.
#[must_use]
pub fn file_key(id: AttachmentId) -> String {
    format!("attachments/{id}/file")
}

/// The key of the preview of a picture.
#[must_use]
pub fn preview_key(id: AttachmentId) -> String {
    format!("attachments/{id}/preview.jpg")
}

/// Every key that an object of the attachment may have.
pub fn every_key(user: UserId, id: AttachmentId) -> impl Iterator<Item = String> {
    [incoming_key(user, id), file_key(id), preview_key(id)].into_iter()
}

/// A picture that was encoded anew.
#[derive(Debug)]
pub struct Redrawn {
    /// The type that it has now: a WebP becomes a JPEG or a PNG.
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
    /// It is stored as it was uploaded.
    AsItIs,
    /// This is stored instead.
    Instead(Redrawn),
}

/// Checks a whole file, which is no film. For pictures this takes as much time and memory as [`crate::picture::render`].
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

/// Checks the beginning of a film, of [`FILM_HEAD`] bytes, and its end, of [`FILM_TAIL`] bytes. Films are too large to read them whole.
///
/// # Errors
/// [`AttachmentRefusal`]
pub fn check_film(head: &[u8], tail: &[u8], declared: FileType) -> Result<(), AttachmentRefusal> {
    film::check(head, tail, declared)
}

impl From<UploadRefusal> for AttachmentRefusal {
    fn from(refusal: UploadRefusal) -> Self {
        match refusal {
            UploadRefusal::NotAPicture | UploadRefusal::OtherType => Self::OtherType,
            UploadRefusal::Polyglot => Self::Polyglot,
            UploadRefusal::TooManyPixels => Self::TooManyPixels,
            UploadRefusal::Damaged | UploadRefusal::Superseded | UploadRefusal::ProductGone => Self::Damaged,
            UploadRefusal::AccountClosed => Self::AccountClosed,
            UploadRefusal::Expired => Self::Expired,
        }
    }
}

#[cfg(test)]
mod tests;
