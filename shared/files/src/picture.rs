//! Pictures of people and products: how they are encoded, and their keys in the bucket.

pub use accounts::picture::Size;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder as _, Luma, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use kernel::{
    Id as _,
    id::{PictureId, UploadId},
};

use crate::{
    colour,
    decode::{Decoded, decode},
    format::{Format, is_polyglot},
    refusal::UploadRefusal,
};

/// The quality of the JPEGs that we write.
const QUALITY: u8 = 75;

/// Returns the picture of an upload, which has the same ULID.
#[must_use]
pub fn of_upload(upload: UploadId) -> PictureId {
    PictureId::from_ulid(upload.ulid())
}

/// Returns the upload of a picture.
#[must_use]
pub fn to_upload(picture: PictureId) -> UploadId {
    UploadId::from_ulid(picture.ulid())
}

/// Returns the key of a published picture.
#[must_use]
pub fn key(picture: PictureId, size: Size) -> String {
    format!("pictures/{picture}/{}.jpg", size.pixels())
}

/// Returns the key of a picture in the trash.
#[must_use]
pub fn trash_key(picture: PictureId, size: Size) -> String {
    format!("trash/{picture}/{}.jpg", size.pixels())
}

/// Re-encodes a picture in every size: upright squares in sRGB, cut from the middle, without metadata.
///
/// Takes up to two seconds of CPU time and 0.7 GB of memory, for 50 megapixels. So it must not run in an async task, nor for several
/// pictures concurrently. `tests/memory.rs` compares the memory with that of the function.
///
/// # Errors
/// A [`UploadRefusal`], never a panic of a decoder.
pub fn render(bytes: &[u8], declared: Format) -> Result<Vec<(Size, Vec<u8>)>, UploadRefusal> {
    let format = Format::of(bytes).ok_or(UploadRefusal::NotAPicture)?;
    if format != declared {
        return Err(UploadRefusal::OtherType);
    }
    if is_polyglot(bytes) {
        return Err(UploadRefusal::Polyglot);
    }
    let Decoded { pixels, profile, orientation } = decode(bytes, format)?;
    // The remaining steps work on the small square.
    let square = middle(&pixels)?;
    drop(pixels);
    let mut upright = DynamicImage::from(colour::to_srgb(on_white(square), profile.as_ref()));
    upright.apply_orientation(orientation);
    Size::ALL.into_iter().map(|size| Ok((size, encode(&upright, size)?))).collect()
}

/// Returns the square in the middle, scaled down to the largest size. It is the same in every orientation.
fn middle(whole: &DynamicImage) -> Result<DynamicImage, UploadRefusal> {
    let (width, height) = (whole.width(), whole.height());
    let side = width.min(height);
    let half = |rest: u32| f64::from(rest / 2);
    let target = side.min(Size::Large.pixels());
    let (left, top) = (half(width.saturating_sub(side)), half(height.saturating_sub(side)));
    resize(whole, (target, target), ResizeOptions::new().crop(left, top, side.into(), side.into()))
}

/// Returns a copy that is scaled to this width and height.
pub(crate) fn resize(picture: &DynamicImage, (width, height): (u32, u32), options: ResizeOptions) -> Result<DynamicImage, UploadRefusal> {
    let mut resized = DynamicImage::new(width, height, picture.color());
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(picture, &mut resized, &options).map_err(|_| UploadRefusal::Damaged)?;
    Ok(resized)
}

/// Puts a picture on a white background, because JPEG has no transparency.
pub(crate) fn on_white(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageLumaA8(transparent) => GrayImage::from_fn(transparent.width(), transparent.height(), |x, y| {
            let [level, alpha] = transparent.get_pixel(x, y).0;
            Luma([over_white(level, alpha)])
        })
        .into(),
        DynamicImage::ImageRgba8(transparent) => RgbImage::from_fn(transparent.width(), transparent.height(), |x, y| {
            let [r, g, b, alpha] = transparent.get_pixel(x, y).0;
            Rgb([r, g, b].map(|level| over_white(level, alpha)))
        })
        .into(),
        opaque => opaque,
    }
}

fn over_white(level: u8, alpha: u8) -> u8 {
    let missing = u32::from(255_u8.saturating_sub(alpha)).saturating_mul(255);
    let sum = u32::from(level).saturating_mul(alpha.into()).saturating_add(missing).saturating_add(127);
    u8::try_from(sum / 255).unwrap_or(u8::MAX)
}

fn encode(square: &DynamicImage, size: Size) -> Result<Vec<u8>, UploadRefusal> {
    let pixels = size.pixels();
    let picture = resize(square, (pixels, pixels), ResizeOptions::new())?;
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    encoder.write_image(picture.as_bytes(), pixels, pixels, ExtendedColorType::Rgb8).map_err(|_| UploadRefusal::Damaged)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests;
