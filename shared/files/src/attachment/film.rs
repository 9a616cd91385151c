//! Films: their beginning says what they are. They are stored as they were uploaded.

use messaging::{attachment::AttachmentRefusal, file::FileType};

use crate::format::{contains, ends_as_zip, is_polyglot};

/// The bytes at the beginning of a film that are read.
pub const HEAD: u32 = 64 * 1024;
/// The bytes at the end of a film that are read: the longest end of an archive, which other programs would open.
pub const TAIL: u32 = 66 * 1024;

pub(super) fn check(head: &[u8], tail: &[u8], declared: FileType) -> Result<(), AttachmentRefusal> {
    let right = match declared {
        FileType::Mp4 => is_mp4(head),
        FileType::Webm => is_webm(head),
        _ => false,
    };
    if !right {
        return Err(AttachmentRefusal::OtherType);
    }
    if is_polyglot(head) || ends_as_zip(tail) { Err(AttachmentRefusal::Polyglot) } else { Ok(()) }
}

/// The file begins with a box of brands (ISO/IEC 14496-12, section 4.3), of which one is that of a film. Pictures and the films of
/// `QuickTime` have boxes too.
fn is_mp4(head: &[u8]) -> bool {
    const FILMS: [&[u8]; 14] =
        [b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"];
    const OTHERS: [&[u8]; 6] = [b"qt  ", b"heic", b"heix", b"mif1", b"avif", b"M4A "];
    let [a, b, c, d, b'f', b't', b'y', b'p', ..] = *head else { return false };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(0);
    let (Some(major), Some(compatible)) = (head.get(8..12), head.get(16..length)) else { return false };
    let film = |brand: &[u8]| FILMS.contains(&brand);
    !OTHERS.contains(&major) && (film(major) || compatible.chunks_exact(4).any(film))
}

/// The file begins with an EBML header (RFC 8794) whose type of document is `webm`.
fn is_webm(head: &[u8]) -> bool {
    const DOC_TYPE: &[u8] = b"\x42\x82\x84webm";
    head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) && contains(head.get(..64).unwrap_or(head), DOC_TYPE)
}
