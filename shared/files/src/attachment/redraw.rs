//! Pictures of messages: re-encoded, upright and in sRGB, with a preview.
//!
//! JPEGs stay JPEGs and PNGs stay PNGs. A WebP becomes a PNG if it is transparent, and otherwise a JPEG. A GIF keeps its encoded frames,
//! and loses everything else.

use fast_image_resize::ResizeOptions;
use gif::{ColorOutput, DecodeOptions, Encoder};
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder as _, RgbaImage,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
};
use messaging::{
    attachment::{AttachmentRefusal, Pixels},
    file::FileType,
};

use super::Redrawn;
use crate::{
    Format, UploadRefusal, colour,
    decode::{self, Decoded},
    format::is_polyglot,
    picture::{on_white, resize},
};

/// The maximum number of pixels of the longer side of a stored picture. Larger pictures are scaled down.
const SIDE_MAX: u32 = 4096;
/// The maximum number of pixels of the longer side of a preview.
const PREVIEW_MAX: u32 = 640;
/// The quality of stored JPEGs, and of previews.
const QUALITY: u8 = 88;
const PREVIEW_QUALITY: u8 = 75;
/// The maximum number of frames of a GIF.
const FRAMES_MAX: usize = 2_000;

pub(super) fn redraw(bytes: &[u8], declared: FileType) -> Result<Redrawn, AttachmentRefusal> {
    if declared == FileType::Gif { animation(bytes) } else { still(bytes, declared) }
}

fn still(bytes: &[u8], declared: FileType) -> Result<Redrawn, AttachmentRefusal> {
    let format = Format::of(bytes).ok_or(AttachmentRefusal::OtherType)?;
    if format.media_type() != declared.media_type() {
        return Err(AttachmentRefusal::OtherType);
    }
    if is_polyglot(bytes) {
        return Err(AttachmentRefusal::Polyglot);
    }
    let Decoded { pixels, profile, orientation } = decode::decode(bytes, format)?;
    let reduced = fitted(pixels, SIDE_MAX)?;
    let mut upright = in_srgb(reduced, profile.as_ref());
    upright.apply_orientation(orientation);
    let file_type = match format {
        Format::Png => FileType::Png,
        Format::Webp if upright.color().has_alpha() => FileType::Png,
        Format::Jpeg | Format::Webp => FileType::Jpeg,
    };
    let pixels = Pixels { width: upright.width(), height: upright.height() };
    let file = if file_type == FileType::Png { png(&upright)? } else { jpeg(&upright, QUALITY)? };
    Ok(Redrawn { file_type, file, preview: preview(upright)?, pixels })
}

/// Scales a picture down, if its longer side has more than this many pixels.
fn fitted(picture: DynamicImage, most: u32) -> Result<DynamicImage, UploadRefusal> {
    let longer = picture.width().max(picture.height());
    if longer <= most {
        return Ok(picture);
    }
    let scaled = |side: u32| {
        let side = u64::from(side).saturating_mul(most.into()).checked_div(longer.into()).unwrap_or(1);
        u32::try_from(side).unwrap_or(most).max(1)
    };
    resize(&picture, (scaled(picture.width()), scaled(picture.height())), ResizeOptions::new())
}

/// Converts a picture to sRGB, and keeps its transparency.
fn in_srgb(picture: DynamicImage, profile: Option<&moxcms::ColorProfile>) -> DynamicImage {
    if !picture.color().has_alpha() {
        return colour::to_srgb(picture, profile).into();
    }
    let mut transparent: RgbaImage = picture.to_rgba8();
    let colours = colour::to_srgb(picture.into_rgb8().into(), profile);
    for (pixel, colour) in transparent.pixels_mut().zip(colours.pixels()) {
        let ([r, g, b], [.., alpha]) = (colour.0, pixel.0);
        pixel.0 = [r, g, b, alpha];
    }
    transparent.into()
}

fn preview(picture: DynamicImage) -> Result<Vec<u8>, UploadRefusal> {
    jpeg(&on_white(fitted(picture, PREVIEW_MAX)?).into_rgb8().into(), PREVIEW_QUALITY)
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, UploadRefusal> {
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, quality);
    let size = (picture.width(), picture.height());
    encoder.write_image(picture.as_bytes(), size.0, size.1, ExtendedColorType::Rgb8).map_err(|_| UploadRefusal::Damaged)?;
    Ok(file)
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>, UploadRefusal> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive);
    let color = picture.color().into();
    encoder.write_image(picture.as_bytes(), picture.width(), picture.height(), color).map_err(|_| UploadRefusal::Damaged)?;
    Ok(file)
}

/// Copies the frames of a GIF into a new file, without comments, other extensions and data after the end. The first frame is decoded for
/// the preview.
fn animation(bytes: &[u8]) -> Result<Redrawn, AttachmentRefusal> {
    if !(bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")) {
        return Err(AttachmentRefusal::OtherType);
    }
    if is_polyglot(bytes) {
        return Err(AttachmentRefusal::Polyglot);
    }
    let canvas = first_frame(bytes)?;
    let pixels = Pixels { width: canvas.width(), height: canvas.height() };
    Ok(Redrawn { file_type: FileType::Gif, file: frames(bytes)?, preview: preview(canvas.into())?, pixels })
}

fn damaged<E>(_: E) -> UploadRefusal {
    UploadRefusal::Damaged
}

/// Returns the canvas with the first frame on it.
fn first_frame(bytes: &[u8]) -> Result<RgbaImage, UploadRefusal> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.check_frame_consistency(true);
    let mut decoder = options.read_info(bytes).map_err(damaged)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    decode::check_size(width, height)?;
    let frame = decoder.read_next_frame().map_err(damaged)?.ok_or(UploadRefusal::Damaged)?;
    let size = (u32::from(frame.width), u32::from(frame.height));
    let drawn = RgbaImage::from_raw(size.0, size.1, frame.buffer.to_vec()).ok_or(UploadRefusal::Damaged)?;
    let mut canvas = RgbaImage::new(width, height);
    image::imageops::replace(&mut canvas, &drawn, frame.left.into(), frame.top.into());
    Ok(canvas)
}

/// Returns a new file with the encoded frames.
fn frames(bytes: &[u8]) -> Result<Vec<u8>, UploadRefusal> {
    let mut options = DecodeOptions::new();
    options.skip_frame_decoding(true);
    options.check_frame_consistency(true);
    let mut decoder = options.read_info(bytes).map_err(damaged)?;
    let palette = decoder.global_palette().unwrap_or_default().to_vec();
    let mut encoder = Encoder::new(Vec::new(), decoder.width(), decoder.height(), &palette).map_err(damaged)?;
    // The number of repetitions is stored before the first frame.
    encoder.set_repeat(decoder.repeat()).map_err(damaged)?;
    let mut copied = 0_usize;
    while let Some(frame) = decoder.read_next_frame().map_err(damaged)? {
        copied = copied.saturating_add(1);
        if copied > FRAMES_MAX {
            return Err(UploadRefusal::TooManyPixels);
        }
        encoder.write_lzw_pre_encoded_frame(frame).map_err(damaged)?;
    }
    encoder.into_inner().map_err(damaged)
}
