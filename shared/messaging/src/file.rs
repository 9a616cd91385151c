//! Files that can be attached to messages: their types, maximum sizes and names.

use std::fmt;

use kernel::FieldError;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

/// The maximum number of characters of a file's name.
pub const NAME_MAX_CHARS: usize = 120;
/// The maximum number of characters of a name that a client sends. Longer ones are refused, shorter ones are cut to [`NAME_MAX_CHARS`].
pub const SENT_NAME_MAX_CHARS: usize = 1_000;
/// The maximum number of bytes of a file's name in UTF-8: the limit of common file systems.
const NAME_MAX_BYTES: usize = 255;
const MIB: u32 = 1024 * 1024;

/// The kind of a file, as people distinguish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture, re-encoded without metadata. It has a preview.
    Image,
    /// A video, as it was uploaded.
    Video,
    /// A document, as it was uploaded.
    Document,
}

impl FileKind {
    /// Returns the maximum number of bytes of a file of this kind.
    #[must_use]
    pub const fn max_bytes(self) -> u32 {
        match self {
            Self::Image => 10 * MIB,
            Self::Video => 100 * MIB,
            Self::Document => 25 * MIB,
        }
    }
}

/// The type of a file that can be attached, written as its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum FileType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
    /// GIF.
    #[serde(rename = "image/gif")]
    Gif,
    /// MP4.
    #[serde(rename = "video/mp4")]
    Mp4,
    /// WebM.
    #[serde(rename = "video/webm")]
    Webm,
    /// PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// Plain text in UTF-8.
    #[serde(rename = "text/plain")]
    Text,
    /// A document of Word.
    #[serde(rename = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    Docx,
    /// A workbook of Excel.
    #[serde(rename = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")]
    Xlsx,
}

impl FileType {
    /// Every type.
    pub const ALL: [Self; 10] =
        [Self::Jpeg, Self::Png, Self::Webp, Self::Gif, Self::Mp4, Self::Webm, Self::Pdf, Self::Text, Self::Docx, Self::Xlsx];

    /// Parses a media type in exactly this spelling, without parameters.
    ///
    /// # Errors
    /// `attachment_type`
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|known| known.media_type() == text).ok_or(FieldError::ATTACHMENT_TYPE)
    }

    /// Returns the media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Returns the kind of files of this type.
    #[must_use]
    pub const fn kind(self) -> FileKind {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif => FileKind::Image,
            Self::Mp4 | Self::Webm => FileKind::Video,
            Self::Pdf | Self::Text | Self::Docx | Self::Xlsx => FileKind::Document,
        }
    }

    /// Returns the file name extensions of this type, the usual one first.
    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Webp => &["webp"],
            Self::Gif => &["gif"],
            Self::Mp4 => &["mp4", "m4v"],
            Self::Webm => &["webm"],
            Self::Pdf => &["pdf"],
            Self::Text => &["txt"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
        }
    }

    /// Parses the length of a file of this type.
    ///
    /// # Errors
    /// `file_size`
    pub fn bytes(self, number: i64) -> Result<u32, FieldError> {
        let max = self.kind().max_bytes();
        let wrong = || FieldError::file_size(max);
        u32::try_from(number).ok().filter(|n| (1..=max).contains(n)).ok_or_else(wrong)
    }
}

/// A file name that is safe to save: without a path, control characters, invisible characters and direction marks, in NFC, up to
/// [`NAME_MAX_CHARS`] characters, with an extension of its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Makes a safe name from the name that a client sent. Forbidden characters are removed or replaced, and a long name is cut.
    ///
    /// # Errors
    /// `required` if nothing is left, `too_long` beyond [`SENT_NAME_MAX_CHARS`].
    pub fn parse(sent: &str, of: FileType) -> Result<Self, FieldError> {
        if sent.chars().count() > SENT_NAME_MAX_CHARS {
            return Err(FieldError::TOO_LONG.with("max", SENT_NAME_MAX_CHARS));
        }
        let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let spaced = last.nfc().map(|c| if c.is_whitespace() && !c.is_control() { ' ' } else { c });
        let seen = spaced.filter(|c| *c == ' ' || !kernel::text::is_invisible(*c));
        // Windows forbids these characters in names.
        let name: String = seen.map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
        let stem = stem_of(name.trim_end_matches([' ', '.']), of);
        if stem.is_empty() { Err(FieldError::REQUIRED) } else { Ok(Self::with_ending(stem, of)) }
    }

    /// Returns the name of a file whose content was converted to another type.
    #[must_use]
    pub fn converted(&self, from: FileType, to: FileType) -> Self {
        if from == to { self.clone() } else { Self::with_ending(stem_of(&self.0, from), to) }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn with_ending(stem: &str, of: FileType) -> Self {
        let ending = of.endings().first().copied().unwrap_or_default();
        let room = |most: usize| most.saturating_sub(ending.len()).saturating_sub(1);
        let (mut bytes, most) = (0_usize, room(NAME_MAX_BYTES));
        let short = stem.chars().take(room(NAME_MAX_CHARS)).take_while(|c| {
            bytes = bytes.saturating_add(c.len_utf8());
            bytes <= most
        });
        let short: String = short.collect();
        Self(format!("{}.{ending}", short.trim_end_matches([' ', '.'])))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a name without an extension of its type. Other extensions belong to the name.
fn stem_of(name: &str, of: FileType) -> &str {
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if of.endings().iter().any(|known| known.eq_ignore_ascii_case(ending)) => stem,
        _ => name,
    };
    stem.trim_matches([' ', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_spelling_and_a_limit() {
        for known in FileType::ALL {
            assert_eq!(FileType::parse(known.media_type()).ok(), Some(known));
            assert_eq!(serde_json::to_value(known).unwrap(), known.media_type(), "as it is stored and sent");
            let most = i64::from(known.kind().max_bytes());
            assert_eq!([0, 1, most, most + 1, -1].map(|n| known.bytes(n).is_ok()), [false, true, true, false, false]);
        }
        for wrong in ["", "image/JPEG", "image/jpg", "image/svg+xml", "text/html", "text/plain; charset=utf-8", "image/png, text/html"] {
            assert!(FileType::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_cleaned() {
        let named = |sent: &str| FileName::parse(sent, FileType::Png).map(|name| name.0).map_err(|e| e.code);
        for (sent, name) in [
            ("cat.png", "cat.png"),
            ("CAT.PNG", "CAT.png"),
            ("cat", "cat.png"),
            ("cat.exe", "cat.exe.png"),
            ("../../etc/passwd", "passwd.png"),
            ("C:\\Windows\\cat.png", "cat.png"),
            ("cat\r\nSet-Cookie: a=b.png", "catSet-Cookie_ a=b.png"),
            ("cat\u{202e}gnp.exe", "catgnp.exe.png"),
            ("c\u{0}a\u{200b}t\u{7f}.png", "cat.png"),
            ("..cat. .png", "cat.png"),
            ("a\"b<c>d|e?f*g.png", "a_b_c_d_e_f_g.png"),
            ("za\u{17c}o\u{301}\u{142}\u{107}\u{a0}1.png", "za\u{17c}\u{f3}\u{142}\u{107} 1.png"),
        ] {
            assert_eq!(named(sent).as_deref(), Ok(name), "{sent:?}");
        }
        for nothing in ["", ".png", "a/", " . ", "\u{202e}\u{200b}.png", "x/.."] {
            assert_eq!(named(nothing), Err("required"), "{nothing:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_before_its_ending() {
        let endless = FileName::parse(&"x".repeat(SENT_NAME_MAX_CHARS + 1), FileType::Png);
        assert_eq!(endless.unwrap_err().code, "too_long");
        for (letter, chars) in [('x', NAME_MAX_CHARS), ('\u{1f600}', 66)] {
            let name = FileName::parse(&format!("{}.png", letter.to_string().repeat(500)), FileType::Png).unwrap().0;
            assert!(name.rsplit_once('.').is_some_and(|(_, ending)| ending == "png") && name.len() <= NAME_MAX_BYTES, "{}", name.len());
            assert_eq!(name.chars().count(), chars);
        }
    }

    #[test]
    fn a_converted_file_has_another_ending() {
        let name = FileName::parse("cat.webp", FileType::Webp).unwrap();
        assert_eq!(name.converted(FileType::Webp, FileType::Jpeg).as_str(), "cat.jpg");
        assert_eq!(name.converted(FileType::Webp, FileType::Webp).as_str(), "cat.webp");
    }
}
