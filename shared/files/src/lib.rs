//! Files: links with which clients upload to and download from the bucket directly, the rules for pictures, and the item of
//! every upload from its declaration until its last object is deleted.
//!
//! ```text
//! incoming/<user>/<upload>        the upload of a client; only the processor reads it, and deletes it afterwards
//! pictures/<picture>/<size>.jpg   a checked and newly encoded picture; downloaded by short-lived links only
//! trash/<picture>/<size>.jpg      a replaced or removed picture; the lifecycle rule of the bucket deletes it
//! exports/<user>/<export>.zip     everything about a person, for a day; downloaded by short-lived links only
//! ```
//!
//! No file passes through a function that answers clients, and no upload is ever given to another client: pictures are encoded
//! anew from their pixels. An upload and its picture have the same ULID, so that all objects of both are found from the
//! [`Upload`] item, and repeated processing writes the same keys.

mod bucket;
mod colour;
mod decode;
pub mod export;
mod format;
pub mod picture;
pub mod purge;
mod upload;

pub use bucket::{Bucket, FilesError, Link, Listed, Object};
pub use format::Format;
pub use picture::UploadRefusal;
pub use upload::{Declared, UPLOAD_MAX_BYTES, Upload, UploadState};

store::items![export::Export, export::Turn, upload::Upload];
