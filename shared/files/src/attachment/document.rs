//! Checks of documents: their content is of the declared type and of no other type. They are stored as they were uploaded.

use std::{io::Cursor, path::Path};

use messaging::{attachment::AttachmentRefusal, file::FileType};
use zip::ZipArchive;

use crate::format::{begins_as_markup, contains, ends_as_zip};

/// The maximum number of unpacked bytes of all parts of an Office document. Real documents have at most a tenth of that.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;
/// The maximum number of parts of an Office document.
const PARTS_MAX: usize = 10_000;
/// The number of bytes at the end in which PDF readers look for the end mark.
const PDF_TAIL: usize = 1024;

pub(super) fn check(bytes: &[u8], declared: FileType) -> Result<(), AttachmentRefusal> {
    match declared {
        FileType::Pdf => pdf(bytes),
        FileType::Text => text(bytes),
        FileType::Docx => office(bytes, "word/document.xml"),
        FileType::Xlsx => office(bytes, "xl/workbook.xml"),
        _ => Err(AttachmentRefusal::OtherType),
    }
}

fn pdf(bytes: &[u8]) -> Result<(), AttachmentRefusal> {
    if !bytes.starts_with(b"%PDF-") {
        return Err(AttachmentRefusal::OtherType);
    }
    if ends_as_zip(bytes) {
        return Err(AttachmentRefusal::Polyglot);
    }
    let tail = bytes.get(bytes.len().saturating_sub(PDF_TAIL)..).unwrap_or_default();
    if contains(tail, b"%%EOF") { Ok(()) } else { Err(AttachmentRefusal::Damaged) }
}

/// Checks a text: UTF-8 without control characters, and not something that browsers would take for a page.
fn text(bytes: &[u8]) -> Result<(), AttachmentRefusal> {
    let text = str::from_utf8(bytes).map_err(|_| AttachmentRefusal::OtherType)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}')) || text.starts_with("%PDF-") {
        return Err(AttachmentRefusal::OtherType);
    }
    if begins_as_markup(text.trim_start().as_bytes()) || ends_as_zip(bytes) { Err(AttachmentRefusal::Polyglot) } else { Ok(()) }
}

/// Checks an Office document: a ZIP archive with this part (ECMA-376, part 2). Only the list of its parts is read, and nothing is unpacked.
fn office(bytes: &[u8], part: &str) -> Result<(), AttachmentRefusal> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Err(AttachmentRefusal::OtherType);
    }
    if !ends_as_zip(bytes) {
        return Err(AttachmentRefusal::Damaged);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| AttachmentRefusal::Damaged)?;
    if archive.len() > PARTS_MAX {
        return Err(AttachmentRefusal::TooLargeInside);
    }
    let (mut packed, mut unpacked) = (0_u64, 0_u64);
    for n in 0..archive.len() {
        let entry = archive.by_index_raw(n).map_err(|_| AttachmentRefusal::Damaged)?;
        if entry.encrypted() || entry.enclosed_name().is_none_or(|name| is_macro(&name)) {
            return Err(AttachmentRefusal::OtherType);
        }
        packed = packed.saturating_add(entry.compressed_size());
        unpacked = unpacked.saturating_add(entry.size());
    }
    // Overlapping parts can make a small archive unpack to a huge one, so the packed sizes must fit into the file.
    if unpacked > UNPACKED_MAX || packed > u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(AttachmentRefusal::TooLargeInside);
    }
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("[Content_Types].xml") && has(part) { Ok(()) } else { Err(AttachmentRefusal::OtherType) }
}

/// Returns whether a part contains macros, which documents of these types do not have.
fn is_macro(name: &Path) -> bool {
    name.file_name().is_some_and(|name| name.eq_ignore_ascii_case("vbaProject.bin"))
}
