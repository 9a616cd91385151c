//! Profile pictures: which are accepted, how they are encoded, and their keys in the bucket.

use std::io::Cursor;

pub use accounts::picture::Size;
use fast_image_resize::{IntoImageView as _, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder as _, ImageEncoder as _, ImageError, ImageReader, Limits, RgbImage,
    codecs::jpeg::JpegEncoder, metadata::Orientation,
};
use kernel::{
    Id as _,
    id::{PictureId, UploadId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::format::{Format, is_polyglot, jpeg_scans};

/// The most pixels on either side.
pub const SIDE_MAX: u32 = 4096;
/// The most memory for decoding, in bytes: the largest picture with four channels of 16 bits, and as much again for the decoder.
const MEMORY_MAX: u64 = 256 * 1024 * 1024;
/// The most scans. Progressive JPEGs have about ten, thumbnails included.
const SCANS_MAX: usize = 100;
/// The quality of the JPEGs that we write.
const QUALITY: u8 = 75;

/// Why an upload did not become a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Refusal)]
pub enum UploadRefusal {
    /// It is no JPEG, PNG or WebP.
    NotAPicture,
    /// It is a picture of another type than declared.
    OtherType,
    /// It is also a page, a script, a document or an archive.
    Polyglot,
    /// It has more than 4096 pixels on a side, or takes too much memory or work to decode.
    TooManyPixels,
    /// It cannot be decoded.
    Damaged,
    /// A newer upload of the same person was published first.
    Superseded,
    /// The account is not active any more.
    AccountClosed,
    /// Nothing was uploaded while the link was valid.
    Expired,
}

/// The picture of an upload, which has the same ULID.
#[must_use]
pub fn of_upload(upload: UploadId) -> PictureId {
    PictureId::from_ulid(upload.ulid())
}

/// The upload of a picture.
#[must_use]
pub fn to_upload(picture: PictureId) -> UploadId {
    UploadId::from_ulid(picture.ulid())
}

/// The key of a published picture.
#[must_use]
pub fn key(picture: PictureId, size: Size) -> String {
    format!("pictures/{picture}/{}.jpg", size.pixels())
}

/// The key of a picture in the trash.
#[must_use]
pub fn trash_key(picture: PictureId, size: Size) -> String {
    format!("trash/{picture}/{}.jpg", size.pixels())
}

/// Encodes a picture anew in every size, as upright squares cut from its middle, with its pixels and no metadata.
///
/// Takes up to a second of CPU time: not for an async task.
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
    if format == Format::Jpeg && jpeg_scans(bytes) > SCANS_MAX {
        return Err(UploadRefusal::TooManyPixels);
    }
    let (square, orientation) = middle(bytes, format)?;
    Size::ALL.into_iter().map(|size| Ok((size, encode(&square, orientation, size)?))).collect()
}

/// Decodes the middle of a picture within the limits. The middle is the same in every orientation, so the picture is turned
/// last, when it is small.
fn middle(bytes: &[u8], format: Format) -> Result<(RgbImage, Orientation), UploadRefusal> {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(SIDE_MAX), Some(SIDE_MAX), Some(MEMORY_MAX));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.codec());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| upload_refusal(&e))?;
    // Some containers have two sizes. The one that the decoder would allocate counts.
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(UploadRefusal::Damaged);
    }
    if width > SIDE_MAX || height > SIDE_MAX || decoder.total_bytes() > MEMORY_MAX {
        return Err(UploadRefusal::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).map_err(|e| upload_refusal(&e))?;
    let side = width.min(height);
    let half = |rest: u32| rest.checked_div(2).unwrap_or(0);
    let square = whole.crop_imm(half(width.saturating_sub(side)), half(height.saturating_sub(side)), side, side);
    Ok((on_white(square), orientation))
}

/// JPEG has no transparency, so that transparent parts become white.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, alpha] = from.0;
        to.0 = [r, g, b].map(|c| over_white(c, alpha));
    }
    rgb
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let missing = u32::from(255_u8.saturating_sub(alpha)).saturating_mul(255);
    let sum = u32::from(colour).saturating_mul(alpha.into()).saturating_add(missing).saturating_add(127);
    sum.checked_div(255).and_then(|c| u8::try_from(c).ok()).unwrap_or(u8::MAX)
}

fn encode(square: &RgbImage, orientation: Orientation, size: Size) -> Result<Vec<u8>, UploadRefusal> {
    let pixels = size.pixels();
    let source = DynamicImage::ImageRgb8(square.clone());
    let kind = source.pixel_type().ok_or(UploadRefusal::Damaged)?;
    let mut small = Image::new(pixels, pixels, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(fast_image_resize::FilterType::Lanczos3));
    Resizer::new().resize(&source, &mut small, &options).map_err(|_| UploadRefusal::Damaged)?;
    let small = RgbImage::from_raw(pixels, pixels, small.into_vec()).ok_or(UploadRefusal::Damaged)?;
    let mut upright = DynamicImage::ImageRgb8(small);
    upright.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    encoder.write_image(upright.as_bytes(), pixels, pixels, ExtendedColorType::Rgb8).map_err(|_| UploadRefusal::Damaged)?;
    Ok(jpeg)
}

fn upload_refusal(e: &ImageError) -> UploadRefusal {
    if matches!(e, ImageError::Limits(_)) { UploadRefusal::TooManyPixels } else { UploadRefusal::Damaged }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, RgbaImage};

    use super::*;

    const RED: Rgb<u8> = Rgb([220, 20, 20]);
    const BLUE: Rgb<u8> = Rgb([20, 20, 220]);

    /// Left half red, right half blue.
    fn flag(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_fn(width, height, |x, _| if x < width / 2 { RED } else { BLUE }).into()
    }

    fn bytes(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A JPEG with an EXIF block that has this orientation and a location.
    fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
        exif.extend(2_u16.to_be_bytes());
        exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1]);
        exif.extend(orientation.to_be_bytes());
        exif.extend([0, 0]);
        // ImageDescription, as text elsewhere in the block.
        exif.extend([0x01, 0x0E, 0, 2, 0, 0, 0, 24, 0, 0, 0, 38]);
        exif.extend([0; 4]);
        exif.extend(b"GPS 52.2297 N, 21.0122 E");
        let length = u16::try_from(exif.len()).unwrap().saturating_add(2);
        [&jpeg[..2], &[0xFF, 0xE1], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
    }

    fn decoded(rendered: &[(Size, Vec<u8>)], size: Size) -> RgbImage {
        let (_, jpeg) = rendered.iter().find(|(s, _)| *s == size).unwrap();
        image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap().into_rgb8()
    }

    fn is(pixel: Rgb<u8>, colour: Rgb<u8>) -> bool {
        pixel.0.into_iter().zip(colour.0).all(|(a, b)| a.abs_diff(b) < 25)
    }

    #[test]
    fn every_format_becomes_squares_of_every_size() {
        for (codec, format) in [(ImageFormat::Jpeg, Format::Jpeg), (ImageFormat::Png, Format::Png), (ImageFormat::WebP, Format::Webp)] {
            for (width, height) in [(640, 480), (31, 57), (1, 1), (1, 900)] {
                let rendered = render(&bytes(&flag(width, height), codec), format).unwrap();
                for size in Size::ALL {
                    assert_eq!(decoded(&rendered, size).dimensions(), (size.pixels(), size.pixels()));
                }
            }
        }
    }

    #[test]
    fn the_square_is_cut_from_the_middle() {
        // Three times as wide as high: the outer thirds are green and must be gone.
        let wide = RgbImage::from_fn(900, 300, |x, _| if (300..600).contains(&x) { RED } else { Rgb([0, 255, 0]) });
        let rendered = render(&bytes(&wide.into(), ImageFormat::Png), Format::Png).unwrap();
        let picture = decoded(&rendered, Size::Medium);
        assert!(is(*picture.get_pixel(3, 150), RED) && is(*picture.get_pixel(296, 150), RED));
    }

    #[test]
    fn pictures_are_upright_and_have_no_location() {
        let jpeg = bytes(&flag(400, 300), ImageFormat::Jpeg);
        // Where it is red: left, right, top (turned clockwise), bottom.
        for (orientation, x, y) in [(1, 10, 150), (3, 290, 150), (6, 150, 10), (8, 150, 290)] {
            let sent = with_exif(&jpeg, orientation);
            assert!(sent.windows(3).any(|w| w == b"GPS"));
            let rendered = render(&sent, Format::Jpeg).unwrap();
            assert!(is(*decoded(&rendered, Size::Medium).get_pixel(x, y), RED), "orientation {orientation}");
            for (_, out) in &rendered {
                assert!(!out.windows(3).any(|w| w == b"GPS") && !out.windows(4).any(|w| w == b"Exif"));
            }
        }
    }

    #[test]
    fn transparency_becomes_white() {
        let mut glass = RgbaImage::from_pixel(200, 200, image::Rgba([0, 0, 0, 0]));
        for (x, _, p) in glass.enumerate_pixels_mut() {
            if x < 100 {
                p.0 = [220, 20, 20, 255];
            }
        }
        let rendered = render(&bytes(&glass.into(), ImageFormat::Png), Format::Png).unwrap();
        let picture = decoded(&rendered, Size::Medium);
        assert!(is(*picture.get_pixel(20, 150), RED) && is(*picture.get_pixel(280, 150), Rgb([255, 255, 255])));
    }

    #[test]
    fn other_files_and_other_formats_than_declared_are_refused() {
        for other in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"<!doctype html><p>",
            b"%PDF-1.7\n",
            b"GIF89a\x01\0\x01\0",
            b"PK\x03\x04",
            b"",
        ] {
            assert_eq!(render(other, Format::Png), Err(UploadRefusal::NotAPicture));
        }
        let png = bytes(&flag(8, 8), ImageFormat::Png);
        assert_eq!(render(&png, Format::Jpeg), Err(UploadRefusal::OtherType));
        assert_eq!(render(&[png.as_slice(), b"<script>alert(1)</script>"].concat(), Format::Png), Err(UploadRefusal::Polyglot));
        assert_eq!(render(&png[..40], Format::Png), Err(UploadRefusal::Damaged));
        assert_eq!(render(b"\xFF\xD8\xFF\xE0 nothing", Format::Jpeg), Err(UploadRefusal::Damaged));
    }

    #[test]
    fn a_decompression_bomb_is_refused_before_it_is_decoded() {
        // 30,000 × 30,000 pixels in a few bytes: only the header counts.
        let mut png = bytes(&flag(1, 1), ImageFormat::Png);
        png[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(render(&png, Format::Png), Err(UploadRefusal::TooManyPixels));
        // One pixel too wide.
        for (codec, format) in [(ImageFormat::Jpeg, Format::Jpeg), (ImageFormat::Png, Format::Png), (ImageFormat::WebP, Format::Webp)] {
            assert_eq!(render(&bytes(&flag(4097, 1), codec), format), Err(UploadRefusal::TooManyPixels));
            assert!(render(&bytes(&flag(4096, 1), codec), format).is_ok());
        }
        // Ten thousand scans.
        let jpeg = bytes(&flag(8, 8), ImageFormat::Jpeg);
        assert_eq!(render(&[jpeg, b"\xFF\xDA".repeat(10_000)].concat(), Format::Jpeg), Err(UploadRefusal::TooManyPixels));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes
            .iter()
            .fold(u32::MAX, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 }))
    }
}
