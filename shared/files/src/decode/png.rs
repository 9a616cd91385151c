//! PNG (W3C, third edition).

use std::io::Cursor;

use image::{ColorType, metadata::Orientation};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients, ToneReprCurve, TransferCharacteristics,
};
use png::{CodingIndependentCodePoints, Decoder, DecodingError, Info, ScaledFloat, SourceChromaticities, Transformations};

use super::{Decoded, check_size, orientation, picture};
use crate::{UploadRefusal, colour};

/// The keywords of text chunks with EXIF data, which ImageMagick and ExifTool wrote before the `eXIf` chunk existed.
const RAW_PROFILES: [&str; 2] = ["Raw profile type exif", "Raw profile type APP1"];
/// The maximum number of bytes of such a text: EXIF data of 64 KB as hexadecimal digits, with white space.
const TEXT_MAX: usize = 256 * 1024;

/// Decodes the picture. Deeper samples are reduced to 8 bits, row by row.
///
/// # Errors
/// The errors of [`super::decode`].
pub(super) fn decode(file: &[u8]) -> Result<Decoded, UploadRefusal> {
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(refusal)?.size();
    check_size(width, height)?;
    let mut reader = decoder.read_info().map_err(refusal)?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or(UploadRefusal::TooManyPixels)?];
    let frame = reader.next_frame(&mut samples).map_err(refusal)?;
    let color = match frame.color_type {
        png::ColorType::Grayscale => ColorType::L8,
        png::ColorType::GrayscaleAlpha => ColorType::La8,
        png::ColorType::Rgb => ColorType::Rgb8,
        png::ColorType::Rgba => ColorType::Rgba8,
        png::ColorType::Indexed => return Err(UploadRefusal::Damaged),
    };
    // Metadata may also come after the pixels. Errors there are ignored.
    drop(reader.finish());
    let info = reader.info();
    let upright = info.exif_metadata.as_deref().and_then(orientation).or_else(|| raw_profiles(info).find_map(|exif| orientation(&exif)));
    Ok(Decoded {
        pixels: picture(width, height, color, samples)?,
        profile: profile(info),
        orientation: upright.unwrap_or(Orientation::NoTransforms),
    })
}

/// Returns the colour space by the chunk with the highest precedence (section 4.3). `None` means sRGB.
fn profile(info: &Info<'_>) -> Option<ColorProfile> {
    let code_points = info.coding_independent_code_points.and_then(of_code_points);
    let embedded = || info.icc_profile.as_deref().and_then(colour::profile);
    let measured = || info.gama_chunk.filter(|_| info.srgb.is_none()).and_then(|gamma| of_gamma(gamma, info.chrm_chunk));
    code_points.or_else(embedded).or_else(measured)
}

/// Returns the colour space of a `cICP` chunk (ITU-T H.273). For high dynamic range another profile of the file is used, because its values
/// would have to be compressed.
fn of_code_points(points: CodingIndependentCodePoints) -> Option<ColorProfile> {
    let transfer = TransferCharacteristics::try_from(points.transfer_function).ok()?;
    if matches!(transfer, TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg) {
        return None;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(points.color_primaries).ok()?,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: points.is_video_full_range_image,
    });
    Some(profile).filter(|p| p.red_trc.is_some())
}

/// Returns the colour space of a `gAMA` chunk, with the primaries of a `cHRM` chunk or those of sRGB.
fn of_gamma(gamma: ScaledFloat, primaries: Option<SourceChromaticities>) -> Option<ColorProfile> {
    let exponent = Some(gamma.into_value().recip()).filter(|e| e.is_finite())?;
    let mut profile = ColorProfile::new_srgb();
    if let Some(SourceChromaticities { white, red, green, blue }) = primaries {
        let [white, red, green, blue] = [white, red, green, blue].map(|(x, y)| Chromaticity::new(x.into_value(), y.into_value()));
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    }
    profile.cicp = None;
    let curve = Some(ToneReprCurve::Parametric(vec![exponent]));
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    Some(profile)
}

/// Returns the EXIF data in text chunks: a name, a length and hexadecimal digits, separated by white space.
fn raw_profiles<'a>(info: &'a Info<'_>) -> impl Iterator<Item = Vec<u8>> + 'a {
    let named = |keyword: &str| RAW_PROFILES.contains(&keyword);
    let plain = info.uncompressed_latin1_text.iter().filter(move |t| named(&t.keyword)).map(|t| Some(t.text.clone()));
    let packed = info.compressed_latin1_text.iter().filter(move |t| named(&t.keyword)).map(|t| {
        let mut text = t.clone();
        text.decompress_text_with_limit(TEXT_MAX).ok()?;
        text.get_text().ok()
    });
    let international = info.utf8_text.iter().filter(move |t| named(&t.keyword)).map(|t| {
        let mut text = t.clone();
        text.decompress_text_with_limit(TEXT_MAX).ok()?;
        text.get_text().ok()
    });
    plain.chain(packed).chain(international).flatten().filter_map(|text| {
        let digits: Vec<u8> = text.split_ascii_whitespace().skip(2).flat_map(str::bytes).collect();
        digits.chunks_exact(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
    })
}

fn refusal(error: DecodingError) -> UploadRefusal {
    if matches!(error, DecodingError::LimitsExceeded) { UploadRefusal::TooManyPixels } else { UploadRefusal::Damaged }
}
