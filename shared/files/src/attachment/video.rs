//! Checks of videos by their beginning and their end. They are stored as they were uploaded.

use messaging::{attachment::AttachmentRefusal, file::FileType};

use crate::format::{contains, ends_as_zip, is_polyglot};

/// The number of bytes at the beginning of a video that are read.
pub const HEAD: u32 = 64 * 1024;
/// The number of bytes at the end of a video that are read: the maximum length of the end of a ZIP archive, to find polyglots.
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

/// Returns whether the file begins with a file type box (ISO/IEC 14496-12, section 4.3) that has a brand of MP4. Other formats, such as
/// HEIC and `QuickTime`, have such a box too.
fn is_mp4(head: &[u8]) -> bool {
    const VIDEOS: [&[u8]; 14] =
        [b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"];
    const OTHERS: [&[u8]; 6] = [b"qt  ", b"heic", b"heix", b"mif1", b"avif", b"M4A "];
    let [a, b, c, d, b'f', b't', b'y', b'p', ..] = *head else { return false };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(0);
    let (Some(major), Some(compatible)) = (head.get(8..12), head.get(16..length)) else { return false };
    let video = |brand: &[u8]| VIDEOS.contains(&brand);
    !OTHERS.contains(&major) && (video(major) || compatible.chunks_exact(4).any(video))
}

/// Returns whether the file begins with an EBML header (RFC 8794) with the document type `webm`.
fn is_webm(head: &[u8]) -> bool {
    const DOC_TYPE: &[u8] = b"\x42\x82\x84webm";
    head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) && contains(head.get(..64).unwrap_or(head), DOC_TYPE)
}
