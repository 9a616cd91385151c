//! JPEG (ITU-T T.81).

use image::{ColorType, metadata::Orientation};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Decoded, check_size, orientation, picture};
use crate::{UploadRefusal, colour};

/// The maximum number of scans. Progressive JPEGs have about ten. A scan can have a few bytes, but the decoder processes the whole picture
/// for each.
const SCANS_MAX: usize = 100;

/// The markers that are needed here (table B.1).
mod marker {
    pub(super) const SOI: u8 = 0xD8;
    pub(super) const EOI: u8 = 0xD9;
    pub(super) const SOS: u8 = 0xDA;
    pub(super) const TEM: u8 = 0x01;
    pub(super) const RST: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;
}

/// 256 one bits, to append to coded data, in which a zero byte follows 0xFF (B.1.1.5). No code word consists of ones only (C.2), so a
/// decoder that expects more blocks fails here. Without these bits it would read zeros and produce grey blocks.
const NO_CODE_WORD: [[u8; 2]; 32] = [[0xFF, 0]; 32];

/// Decodes the first picture of the file.
///
/// The decoder needs the memory of the pixels, and for progressive files two bytes for every sample.
///
/// # Errors
/// The errors of [`super::decode`].
pub(super) fn decode(file: &[u8]) -> Result<Decoded, UploadRefusal> {
    // The size is checked below.
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let file = first_picture(file)?;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file.as_slice()), options);
    decoder.decode_headers().map_err(|_| UploadRefusal::Damaged)?;
    let info = decoder.info().ok_or(UploadRefusal::Damaged)?;
    let (width, height) = (info.width.into(), info.height.into());
    check_size(width, height)?;
    // CMYK is converted to RGB, and its profile is ignored.
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (color, space) = if grey { (ColorType::L8, ColorSpace::Luma) } else { (ColorType::Rgb8, ColorSpace::RGB) };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let samples = decoder.decode().map_err(|_| UploadRefusal::Damaged)?;
    Ok(Decoded {
        pixels: picture(width, height, color, samples)?,
        profile: decoder.icc_profile().and_then(|icc| colour::profile(&icc)),
        orientation: info.exif_data.as_deref().and_then(orientation).unwrap_or(Orientation::NoTransforms),
    })
}

/// Returns the file up to the end of its first picture, without stray bytes between segments. Phones append videos, depth maps and further
/// pictures after the end.
///
/// # Errors
/// [`UploadRefusal::Damaged`] if the picture does not end, [`UploadRefusal::TooManyPixels`] if it has too many scans.
fn first_picture(file: &[u8]) -> Result<Vec<u8>, UploadRefusal> {
    let mut picture = Vec::with_capacity(file.len());
    picture.extend([0xFF, marker::SOI]);
    let mut rest = file.get(2..).unwrap_or_default();
    let mut scans = 0_usize;
    loop {
        let (between, marked) = split_at_marker(rest).ok_or(UploadRefusal::Damaged)?;
        if scans > 0 {
            picture.extend(between);
        }
        let (segment, behind, kind) = match marked {
            [_, marker::EOI, ..] => break,
            [_, marker::SOI, ..] => return Err(UploadRefusal::Damaged),
            [_, kind, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (segment, behind) = marked.split_at_checked(length.saturating_add(2)).ok_or(UploadRefusal::Damaged)?;
                (segment, behind, *kind)
            }
            _ => return Err(UploadRefusal::Damaged),
        };
        if kind == marker::SOS {
            scans = scans.saturating_add(1);
        }
        if scans > SCANS_MAX {
            return Err(UploadRefusal::TooManyPixels);
        }
        picture.extend(segment);
        rest = behind;
    }
    picture.extend(NO_CODE_WORD.as_flattened());
    picture.extend([0xFF, marker::EOI]);
    Ok(picture)
}

/// Splits before the next marker that begins a segment or ends the picture. Other markers are part of coded data.
fn split_at_marker(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let begins = |kind: u8| !matches!(kind, 0 | 0xFF | marker::TEM) && !marker::RST.contains(&kind);
    let at = bytes.windows(2).position(|pair| matches!(pair, [0xFF, kind] if begins(*kind)))?;
    bytes.split_at_checked(at)
}
