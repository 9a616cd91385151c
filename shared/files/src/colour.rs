//! Conversion of colours to sRGB. Published pictures have no colour profile, so viewers assume sRGB.

use std::borrow::Cow;

use image::{DynamicImage, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Parses a profile (ICC.1:2022). `None` if it is damaged; the picture then counts as sRGB, as in browsers.
pub(crate) fn profile(icc: &[u8]) -> Option<ColorProfile> {
    ColorProfile::new_from_slice(icc).ok()
}

/// Converts a grey or RGB picture to sRGB. Colours that sRGB does not have become the nearest ones. A profile for another kind of
/// pixels, such as CMYK, is ignored.
pub(crate) fn to_srgb(picture: DynamicImage, profile: Option<&ColorProfile>) -> RgbImage {
    profile.and_then(|p| convert(&picture, p)).unwrap_or_else(|| picture.into_rgb8())
}

fn convert(picture: &DynamicImage, profile: &ColorProfile) -> Option<RgbImage> {
    let (layout, samples) = match (profile.color_space, picture) {
        (DataColorSpace::Gray, DynamicImage::ImageLuma8(grey)) => (Layout::Gray, Cow::Borrowed(grey.as_raw())),
        (DataColorSpace::Rgb, DynamicImage::ImageRgb8(rgb)) => (Layout::Rgb, Cow::Borrowed(rgb.as_raw())),
        (DataColorSpace::Rgb, other) => (Layout::Rgb, Cow::Owned(other.to_rgb8().into_raw())),
        _ => return None,
    };
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()?;
    let mut converted = RgbImage::new(picture.width(), picture.height());
    transform.transform(&samples, &mut converted).ok()?;
    Some(converted)
}
