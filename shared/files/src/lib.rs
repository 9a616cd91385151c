//! Files: links that let clients upload to and download from the bucket directly, what a picture may be, and the record of
//! every upload from its declaration to the day nothing is left of it.
//!
//! ```text
//! incoming/<user>/<upload>        what a client sent; nobody but the processor reads it, and it is gone afterwards
//! pictures/<picture>/<size>.jpg   what was checked and encoded anew; reached by short-lived links only
//! trash/<picture>/<size>.jpg      what was replaced or removed; the bucket's lifecycle rule empties it
//! exports/<user>/<export>.zip     everything about a person, for a day, reached by short-lived links only
//! ```
//!
//! No file travels through a function that answers clients, and nothing that a client sent is ever handed to another one:
//! pictures are drawn anew from their pixels. An upload and the picture it becomes share one ULID, so that whatever is left
//! of either is found from the [`Upload`] record alone, and doing something twice writes the same keys.

mod bucket;
pub mod export;
mod format;
pub mod picture;
pub mod purge;
mod upload;

pub use bucket::{Bucket, FilesError, Link};
pub use format::Format;
pub use picture::Refusal;
pub use upload::{Declared, State, UPLOAD_MAX_BYTES, Upload};

store::items![export::Export, export::Turn, upload::Upload];
