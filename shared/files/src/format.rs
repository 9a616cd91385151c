//! The format of a file. It is detected from its bytes, never from its name or its declared type.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// The formats of uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Webp];

    /// Returns the media type, exactly as a client must send it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// Returns the format of a media type in exactly this spelling, without parameters.
    #[must_use]
    pub fn from_media_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.media_type() == text)
    }

    /// Returns the format by the first bytes of a file.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// The media types, for the API document.
impl ToSchema for Format {
    fn name() -> Cow<'static, str> {
        "PictureType".into()
    }
}

impl PartialSchema for Format {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).description(Some("The type of a picture."));
        text.enum_values(Some(Self::ALL.map(Self::media_type))).into()
    }
}

/// The beginnings of HTML pages, SVG drawings and scripts.
const PAGES: [&[u8]; 6] = [b"<html", b"<script", b"<!doctype", b"<svg ", b"<?php", b"<iframe"];

fn begins_with(bytes: &[u8], tag: &[u8]) -> bool {
    bytes.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
}

/// Returns whether a text begins like an HTML page or an XML document, so that browsers would treat it as one.
pub(crate) fn begins_as_markup(text: &[u8]) -> bool {
    const OTHERS: [&[u8]; 6] = [b"<svg", b"<?xml", b"<!--", b"<head", b"<body", b"<style"];
    PAGES.iter().chain(&OTHERS).any(|tag| begins_with(text, tag))
}

/// Returns whether the file is a polyglot: also a page, a script, a document or an archive, which another program would open.
///
/// Pictures are re-encoded, so other content of a file is never published; polyglots are refused anyway. Bytes after the end of a picture
/// are allowed, because phones append videos and depth maps.
#[must_use]
pub fn is_polyglot(bytes: &[u8]) -> bool {
    // PDF readers look for the header in the first kilobyte.
    let head = bytes.get(..1024).unwrap_or(bytes);
    let markup = bytes.iter().enumerate().filter(|(_, b)| **b == b'<').any(|(at, _)| {
        let rest = bytes.get(at..).unwrap_or_default();
        PAGES.iter().any(|page| begins_with(rest, page))
    });
    markup || contains(head, b"%PDF-") || ends_as_zip(bytes)
}

/// Returns whether the file ends like a ZIP archive. Archives are read from the end: the last record has the length of the comment after it
/// (APPNOTE 4.3.16).
pub(crate) fn ends_as_zip(bytes: &[u8]) -> bool {
    const RECORD: usize = 22;
    const COMMENT_MAX: usize = 65_535;
    let from = bytes.len().saturating_sub(COMMENT_MAX.saturating_add(RECORD));
    let tail = bytes.get(from..).unwrap_or_default();
    tail.windows(RECORD).enumerate().any(|(at, record)| match record {
        [b'P', b'K', 5, 6, .., low, high] => {
            let comment = usize::from(u16::from_le_bytes([*low, *high]));
            at.saturating_add(RECORD).saturating_add(comment) == tail.len()
        }
        _ => false,
    })
}

pub(crate) fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_one_spelling() {
        for wrong in ["image/png, text/html", "image/PNG", "image/png;a=b", " image/png", "image/gif", "image/svg+xml", "text/html", ""] {
            assert_eq!(Format::from_media_type(wrong), None, "{wrong}");
        }
        assert_eq!(Format::from_media_type("image/webp"), Some(Format::Webp));
    }

    #[test]
    fn other_formats_are_not_recognised() {
        for other in [&b"GIF89a"[..], b"<svg xmlns=", b"%PDF-1.7", b"<!doctype html>", b"PK\x03\x04", b"RIFF\0\0\0\0WAVE", b"\xFF\xD8", b""]
        {
            assert_eq!(Format::of(other), None);
        }
    }

    #[test]
    fn polyglots_are_recognised() {
        let with = |tail: &[u8]| [b"\xFF\xD8\xFF\xE0 pixels ".as_slice(), tail].concat();
        assert!(is_polyglot(&with(b"<ScRiPt>alert(1)</script>")));
        assert!(is_polyglot(&with(b"<svg onload=x>")));
        assert!(is_polyglot(&with(b"%PDF-1.4")));
        assert!(is_polyglot(&with(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0ab")));
        // A video after the picture, and a record that does not end at the end of the file.
        assert!(!is_polyglot(&with(b"\xFF\xD9ftypmp42 <x:xmpmeta xmlns:x='adobe:ns:meta/'>")));
        assert!(!is_polyglot(&with(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0ab")));
    }
}
