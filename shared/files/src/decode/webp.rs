//! WebP (RFC 9649).

use std::{borrow::Cow, io::Cursor};

use image::{DynamicImage, ImageDecoder as _, ImageError, codecs::webp::WebPDecoder, metadata::Orientation};

use super::{Decoded, check_size, orientation};
use crate::{UploadRefusal, colour};

/// The position of the flags of an extended file: after the headers of the file and of its first chunk (section 2.7).
const FLAGS: usize = 20;
const TRANSPARENT: u8 = 0x10;
const ANIMATED: u8 = 0x02;

/// Decodes the picture, or the first frame of an animation on its canvas.
///
/// # Errors
/// The errors of [`super::decode`].
pub(super) fn decode(file: &[u8]) -> Result<Decoded, UploadRefusal> {
    let file = declaring_transparency(file);
    let mut decoder = WebPDecoder::new(Cursor::new(&*file)).map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let profile = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    Ok(Decoded {
        pixels: DynamicImage::from_decoder(decoder).map_err(refusal)?,
        profile: profile.and_then(|icc| colour::profile(&icc)),
        orientation: exif.as_deref().and_then(orientation).unwrap_or(Orientation::NoTransforms),
    })
}

/// Sets the flag for transparency in the file, if it may have transparent pixels. The decoder relies on the flag: without it transparent
/// pixels become black, and so does the canvas around a small frame.
fn declaring_transparency(file: &[u8]) -> Cow<'_, [u8]> {
    let flags = match file.get(12..=FLAGS) {
        Some([b'V', b'P', b'8', b'X', .., flags]) => *flags,
        _ => return Cow::Borrowed(file),
    };
    let transparent = chunks(file).any(|(kind, body)| match &kind {
        b"ALPH" => true,
        // The flag is after the signature and two sizes of 14 bits (section 3.4).
        b"VP8L" => body.get(4).is_some_and(|byte| byte & 0x10 != 0),
        _ => false,
    });
    let mut file = Cow::Borrowed(file);
    if (flags & ANIMATED != 0 || transparent)
        && let Some(declared) = file.to_mut().get_mut(FLAGS)
    {
        *declared |= TRANSPARENT;
    }
    file
}

/// Returns the chunks of the file and their bodies (section 2.3).
fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = file.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (kind, behind) = rest.split_first_chunk()?;
        let (length, behind) = behind.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (body, _) = behind.split_at_checked(length)?;
        // Bodies with an odd length have one byte of padding.
        rest = behind.get(length.checked_next_multiple_of(2)?..).unwrap_or_default();
        Some((*kind, body))
    })
}

fn refusal(error: ImageError) -> UploadRefusal {
    if matches!(error, ImageError::Limits(_)) { UploadRefusal::TooManyPixels } else { UploadRefusal::Damaged }
}
