//! Files: links with which clients upload to and download from the bucket directly, the processing of pictures, and the item of every
//! upload from its declaration until its last object is deleted.
//!
//! ```text
//! incoming/<user>/<upload>        the upload of a client; only the processor reads it, and deletes it afterwards
//! pictures/<picture>/<size>.jpg   a checked and newly encoded picture; downloaded by short-lived links only
//! trash/<picture>/<size>.jpg      a replaced or removed picture; the lifecycle rule of the bucket deletes it
//! incoming/<user>/<attachment>    as above, a file for a message
//! attachments/<attachment>/…      a checked file of a message, and the preview of a picture; downloaded by short-lived links only
//! exports/<user>/<export>.zip     the export of a person's data, kept for a day; downloaded by short-lived links only
//! ```
//!
//! Files never pass through functions that answer clients. Pictures are re-encoded from their pixels, so that the uploaded file is never
//! given to another client. Videos and documents of messages are given to others as they were uploaded, but only for saving. An upload and
//! its picture have the same ULID, so that all objects of both are found from the [`Upload`] item, and repeated processing writes the same
//! keys.

pub mod announce;
pub mod attachment;
mod bucket;
mod colour;
mod decode;
mod disposition;
pub mod export;
mod format;
pub mod picture;
pub mod purge;
mod refusal;
mod upload;

pub use bucket::{ArchiveWriter, Bucket, CreatedUpload, Expected, FilesError, Link, Listed, Object};
pub use format::Format;
pub use refusal::UploadRefusal;
pub use upload::{Declared, UPLOAD_MAX_BYTES, Upload, UploadState};

store::items![export::Export, export::ExportCooldown, upload::Upload];
