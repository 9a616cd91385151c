//! Decodes pictures within limits: their pixels, colour space and orientation.

mod jpeg;
mod png;
mod webp;

use image::{ColorType, DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage, metadata::Orientation};
use moxcms::ColorProfile;

use crate::{Format, UploadRefusal};

/// The maximum number of pixels of a picture: 8192 × 6144, the "50 megapixels" of phones.
const PIXELS_MAX: u64 = 8192 * 6144;
/// The maximum number of pixels on a side, about that of WebP, because decoders keep whole rows in memory.
const SIDE_MAX: u32 = 16_384;

/// A decoded picture.
pub(crate) struct Decoded {
    /// The pixels: grey or RGB with 8 bits, with or without transparency.
    pub(crate) pixels: DynamicImage,
    /// The colour space of the pixels. `None` means sRGB.
    pub(crate) profile: Option<ColorProfile>,
    /// How to turn the pixels so that they are upright.
    pub(crate) orientation: Orientation,
}

/// Decodes a file of this format. For an animation, decodes the first frame.
///
/// Memory for 50 megapixels: 0.2 GB for a sequential JPEG, 0.5 GB for a progressive one, and 0.6 GB at most, for an animated WebP.
///
/// # Errors
/// [`UploadRefusal::TooManyPixels`] before pixels are decoded, and [`UploadRefusal::Damaged`] if any of them are missing.
pub(crate) fn decode(file: &[u8], format: Format) -> Result<Decoded, UploadRefusal> {
    match format {
        Format::Jpeg => jpeg::decode(file),
        Format::Png => png::decode(file),
        Format::Webp => webp::decode(file),
    }
}

/// Checks the size that the header declares, before memory is allocated for it.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), UploadRefusal> {
    if width == 0 || height == 0 {
        return Err(UploadRefusal::Damaged);
    }
    let pixels = u64::from(width).saturating_mul(height.into());
    if width > SIDE_MAX || height > SIDE_MAX || pixels > PIXELS_MAX { Err(UploadRefusal::TooManyPixels) } else { Ok(()) }
}

/// Builds a picture from decoded samples.
fn picture(width: u32, height: u32, color: ColorType, samples: Vec<u8>) -> Result<DynamicImage, UploadRefusal> {
    let picture = match color {
        ColorType::L8 => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::La8 => GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::Rgb8 => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorType::Rgba8 => RgbaImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => None,
    };
    picture.ok_or(UploadRefusal::Damaged)
}

/// Returns the orientation in EXIF data, with or without the prefix that only JPEGs have (Exif 2.32, section 4.7.2).
fn orientation(exif: &[u8]) -> Option<Orientation> {
    Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
}
