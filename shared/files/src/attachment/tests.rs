use std::io::{Cursor, Write as _};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;

const CANARY: &[u8] = b"GPS 52.2297 N, 21.0122 E";

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn flag(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { [220, 20, 20] } else { [20, 20, 220] })).into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Returns a JPEG with EXIF data that have a location, and an orientation that puts its top on the right.
fn photograph() -> Vec<u8> {
    let jpeg = encoded(&flag(640, 480), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    exif.extend(2_u16.to_be_bytes());
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    exif.extend([0x01, 0x0E, 0, 2, 0, 0, 0, 24, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend(CANARY);
    let length = u16::try_from(exif.len()).unwrap().checked_add(2).unwrap();
    [&jpeg[..2], &[0xFF, 0xE1], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
}

/// Returns a GIF of two frames, with a comment, and something behind its end.
fn animation() -> Vec<u8> {
    let mut encoder = gif::Encoder::new(Vec::new(), 40, 20, &[220, 20, 20, 20, 20, 220]).unwrap();
    encoder.set_repeat(gif::Repeat::Infinite).unwrap();
    encoder.write_raw_extension(gif::AnyExtension(gif::Extension::Comment as u8), &[CANARY]).unwrap();
    for color in [0, 1] {
        let pixels = vec![color; 800];
        encoder.write_frame(&gif::Frame { width: 40, height: 20, delay: 7, buffer: pixels.into(), ..gif::Frame::default() }).unwrap();
    }
    [encoder.into_inner().unwrap().as_slice(), CANARY].concat()
}

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn office(part: &str) -> Vec<u8> {
    archive(&[("[Content_Types].xml", b"<Types/>"), (part, b"<document/>")])
}

fn redrawn(file: &[u8], declared: FileType) -> Redrawn {
    match check(file, declared) {
        Ok(Passed::Instead(redrawn)) => redrawn,
        other => panic!("{declared:?}: {other:?}"),
    }
}

fn refusal(file: &[u8], declared: FileType) -> Option<AttachmentRefusal> {
    check(file, declared).err()
}

#[test]
fn a_photograph_is_upright_and_says_nothing_of_its_place() {
    let redrawn = redrawn(&photograph(), FileType::Jpeg);
    assert_eq!((redrawn.file_type, redrawn.pixels), (FileType::Jpeg, Pixels { width: 480, height: 640 }));
    for file in [&redrawn.file, &redrawn.preview] {
        assert!(!holds(file, CANARY) && !holds(file, b"Exif"));
    }
    let picture = image::load_from_memory(&redrawn.file).unwrap().into_rgb8();
    assert!(picture.get_pixel(240, 40)[0] > 180 && picture.get_pixel(240, 600)[2] > 180, "its left side is the top");
    let preview = image::load_from_memory_with_format(&redrawn.preview, ImageFormat::Jpeg).unwrap();
    assert_eq!((preview.width(), preview.height()), (480, 640));
}

#[test]
fn a_large_picture_is_reduced_and_a_transparent_one_stays_transparent() {
    let wide = redrawn(&encoded(&flag(8192, 100), ImageFormat::Png), FileType::Png);
    assert_eq!((wide.file_type, wide.pixels), (FileType::Png, Pixels { width: 4096, height: 50 }));
    let preview = image::load_from_memory_with_format(&wide.preview, ImageFormat::Jpeg).unwrap();
    assert_eq!((preview.width(), preview.height()), (640, 7));
    let glass: DynamicImage = RgbaImage::from_pixel(30, 20, Rgba([220, 20, 20, 0])).into();
    for (format, declared) in [(ImageFormat::Png, FileType::Png), (ImageFormat::WebP, FileType::Webp)] {
        let redrawn = redrawn(&encoded(&glass, format), declared);
        assert_eq!(redrawn.file_type, FileType::Png, "{declared:?}");
        assert_eq!(image::load_from_memory(&redrawn.file).unwrap().into_rgba8().get_pixel(5, 5)[3], 0);
        assert!(image::load_from_memory(&redrawn.preview).unwrap().into_rgb8().get_pixel(5, 5)[1] > 240, "white");
    }
    assert_eq!(redrawn(&encoded(&flag(30, 20), ImageFormat::WebP), FileType::Webp).file_type, FileType::Jpeg);
}

#[test]
fn an_animation_keeps_its_frames_and_loses_its_comments() {
    let redrawn = redrawn(&animation(), FileType::Gif);
    assert_eq!((redrawn.file_type, redrawn.pixels), (FileType::Gif, Pixels { width: 40, height: 20 }));
    assert!(!holds(&redrawn.file, CANARY));
    let mut decoder = gif::DecodeOptions::new().read_info(redrawn.file.as_slice()).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        frames.push((frame.delay, frame.buffer[0]));
    }
    assert_eq!((frames, decoder.repeat()), (vec![(7, 0), (7, 1)], gif::Repeat::Infinite));
    assert!(image::load_from_memory(&redrawn.preview).unwrap().into_rgb8().get_pixel(20, 10)[0] > 180);
}

#[test]
fn documents_are_what_they_are_declared_to_be() {
    for (file, declared) in [
        (b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n".to_vec(), FileType::Pdf),
        ("Zażółć\n\tgęślą jaźń: a < b".into(), FileType::Text),
        ("\u{feff}text".into(), FileType::Text),
        (office("word/document.xml"), FileType::Docx),
        (office("xl/workbook.xml"), FileType::Xlsx),
    ] {
        assert!(matches!(check(&file, declared), Ok(Passed::AsItIs)), "{declared:?}");
    }
}

#[test]
fn what_is_something_else_is_refused() {
    use AttachmentRefusal::{Damaged, OtherType, Polyglot, TooLargeInside};
    let zip = archive(&[("a", b"b")]);
    let png = encoded(&flag(20, 20), ImageFormat::Png);
    let macros = archive(&[("[Content_Types].xml", b"x"), ("word/document.xml", b"x"), ("word/vbaProject.bin", b"x")]);
    let outside = archive(&[("[Content_Types].xml", b"x"), ("word/document.xml", b"x"), ("../../x", b"x")]);
    let many: Vec<String> = (0..10_001).map(|n| format!("word/{n}")).collect();
    let many = archive(&many.iter().map(|name| (name.as_str(), b"".as_slice())).collect::<Vec<_>>());
    for (file, declared, why) in [
        (b"MZ\x90\0\x03".to_vec(), FileType::Png, OtherType),
        (b"MZ\x90\0\x03".to_vec(), FileType::Pdf, OtherType),
        (b"MZ\x90\0\x03".to_vec(), FileType::Text, OtherType),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), FileType::Png, OtherType),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), FileType::Text, Polyglot),
        (b"  \n<!DOCTYPE html><p>".to_vec(), FileType::Text, Polyglot),
        (b"\xEF\xBB\xBF<?xml version='1.0'?>".to_vec(), FileType::Text, Polyglot),
        (b"a\0b".to_vec(), FileType::Text, OtherType),
        (b"\xFF\xFE".to_vec(), FileType::Text, OtherType),
        (b"%PDF-1.7 without an end".to_vec(), FileType::Pdf, Damaged),
        ([b"%PDF-1.7\n%%EOF\n".as_slice(), &zip].concat(), FileType::Pdf, Polyglot),
        ([b"text ".as_slice(), &zip].concat(), FileType::Text, OtherType),
        (zip.clone(), FileType::Docx, OtherType),
        (office("xl/workbook.xml"), FileType::Docx, OtherType),
        (macros, FileType::Docx, OtherType),
        (outside, FileType::Docx, OtherType),
        (many, FileType::Docx, TooLargeInside),
        ([office("word/document.xml").as_slice(), b"more"].concat(), FileType::Docx, Damaged),
        (png.clone(), FileType::Jpeg, OtherType),
        (png.clone(), FileType::Gif, OtherType),
        ([png.as_slice(), &zip].concat(), FileType::Png, Polyglot),
        ([animation().as_slice(), b"<script>"].concat(), FileType::Gif, Polyglot),
        (animation()[..100].to_vec(), FileType::Gif, Damaged),
        (png[..60].to_vec(), FileType::Png, Damaged),
    ] {
        assert_eq!(refusal(&file, declared), Some(why), "{declared:?} {:?}", String::from_utf8_lossy(&file[..20.min(file.len())]));
    }
}

/// The list of the parts says that they have a gigabyte.
#[test]
fn a_document_that_is_large_inside_is_refused() {
    let mut file = office("word/document.xml");
    // The unpacked size stands at this place of an entry of the list (APPNOTE 4.3.12).
    let entry = file.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    file[entry + 24..entry + 28].copy_from_slice(&(1024_u32 * 1024 * 1024).to_le_bytes());
    assert_eq!(refusal(&file, FileType::Docx), Some(AttachmentRefusal::TooLargeInside));
}

#[test]
fn a_video_begins_as_one() {
    let mp4 = |major: &[u8], compatible: &[u8]| {
        let length = u32::try_from(16 + compatible.len()).unwrap().to_be_bytes();
        [&length, b"ftyp".as_slice(), major, &[0; 4], compatible, &[0; 64]].concat()
    };
    let webm = [b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm".as_slice(), &[0; 64]].concat();
    let matroska = [b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska".as_slice(), &[0; 64]].concat();
    let right = |video: &[u8], declared| check_video(video, video, declared).err();
    for (video, declared) in
        [(mp4(b"isom", b"iso2avc1"), FileType::Mp4), (mp4(b"xxxx", b"mp42"), FileType::Mp4), (webm.clone(), FileType::Webm)]
    {
        assert_eq!(right(&video, declared), None, "{declared:?}");
    }
    for (video, declared) in [
        (mp4(b"qt  ", b"isom"), FileType::Mp4),
        (mp4(b"avif", b"mif1"), FileType::Mp4),
        (mp4(b"heic", b"isom"), FileType::Mp4),
        (webm.clone(), FileType::Mp4),
        (matroska, FileType::Webm),
        (b"MZ".to_vec(), FileType::Mp4),
        (b"<html>".to_vec(), FileType::Webm),
    ] {
        assert_eq!(right(&video, declared), Some(AttachmentRefusal::OtherType), "{declared:?}");
    }
    assert_eq!(check_video(&webm, &archive(&[("a", b"b")]), FileType::Webm), Err(AttachmentRefusal::Polyglot));
    assert_eq!(check_video(&[webm.as_slice(), b"<script>"].concat(), b"", FileType::Webm), Err(AttachmentRefusal::Polyglot));
}

#[test]
fn keys_name_their_attachment_and_none_is_a_folder_of_another() {
    let sys = kernel::Sys::real();
    let (user, id) = (sys.id(), sys.id());
    assert_eq!(of_incoming_key(&incoming_key(user, id)), Some((user, id)));
    for other in ["incoming/", &Upload::incoming_key(user, sys.id()), &file_key(id), &format!("incoming/{user}/{id}/x")] {
        assert_eq!(of_incoming_key(other), None, "{other}");
    }
    let keys: Vec<String> = every_key(user, id).collect();
    assert!(keys.iter().all(|a| keys.iter().all(|b| !b.starts_with(&format!("{a}/")))));
}
