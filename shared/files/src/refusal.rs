//! Why uploads do not become pictures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an upload did not become a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Refusal)]
pub enum UploadRefusal {
    /// The file is not a JPEG, PNG or WebP.
    NotAPicture,
    /// The file is a picture of another type than declared.
    OtherType,
    /// The file is also valid as a page, a script, a document or an archive.
    Polyglot,
    /// The picture has more than 50 megapixels (8192 × 6144), more than 16,384 pixels on a side, or takes too much work to decode.
    TooManyPixels,
    /// The picture cannot be decoded.
    Damaged,
    /// A newer upload for the same person or product was published first.
    Superseded,
    /// The account is not active any more.
    AccountClosed,
    /// The product that it was for was deleted.
    ProductGone,
    /// Nothing was uploaded while the link was valid.
    Expired,
}
