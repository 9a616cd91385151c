#![expect(clippy::arithmetic_side_effects, reason = "an overflow would fail the test")]

use image::{
    DynamicImage, GrayImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};
use moxcms::{ColorProfile, ToneReprCurve};

use super::*;
use pictures::{
    ANIMATED, EOI, LOSSY, LOSSY_TRANSPARENT, PROGRESSIVE, RESTARTS, Scans, animation, crc32, flat_jpeg, flat_lossless, png_chunk,
    riff_chunk, segment, webp, webp_header,
};

#[path = "../../tests/pictures/mod.rs"]
mod pictures;

const RED: [u8; 3] = [220, 20, 20];
const BLUE: [u8; 3] = [20, 20, 220];
const WHITE: [u8; 3] = [255; 3];

/// Left half red, right half blue.
fn flag(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { RED } else { BLUE })).into()
}

/// Left half red, right half transparent.
fn glass(width: u32, height: u32) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, _| Rgba(if x < width / 2 { [220, 20, 20, 255] } else { [0; 4] })).into()
}

fn plain([r, g, b]: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(40, 40, Rgb([r, g, b])).into()
}

fn bytes(image: &DynamicImage, format: Format) -> Vec<u8> {
    with_metadata(image, format, None, None)
}

/// Returns a file with a colour profile and EXIF data.
fn with_metadata(image: &DynamicImage, format: Format, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) -> Vec<u8> {
    fn write(mut encoder: impl ImageEncoder, image: &DynamicImage, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) {
        if let Some(icc) = icc {
            encoder.set_icc_profile(icc).unwrap();
        }
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(image.as_bytes(), image.width(), image.height(), image.color().into()).unwrap();
    }
    let mut out = Vec::new();
    match format {
        Format::Jpeg => write(JpegEncoder::new_with_quality(&mut out, 95), image, icc, exif),
        Format::Png => write(PngEncoder::new(&mut out), image, icc, exif),
        Format::Webp => write(WebPEncoder::new_lossless(&mut out), image, icc, exif),
    }
    out
}

/// EXIF data with this orientation and a location (Exif 2.32, section 4.6).
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // ImageDescription, as text elsewhere in the block.
    exif.extend([0x01, 0x0E, 0, 2, 0, 0, 0, 24, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend(b"GPS 52.2297 N, 21.0122 E");
    exif
}

/// Returns a PNG with further chunks in front of its pixels, and behind them.
fn png_with(png: &[u8], before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    let (header, rest) = png.split_at(33);
    let (pixels, end) = rest.split_at(rest.len() - 12);
    [header, &before.concat(), pixels, &after.concat(), end].concat()
}

fn decoded(rendered: &[(Size, Vec<u8>)], size: Size) -> RgbImage {
    let (_, jpeg) = rendered.iter().find(|(s, _)| *s == size).unwrap();
    image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// Renders a file in its own format.
fn medium(file: &[u8]) -> Result<RgbImage, UploadRefusal> {
    render(file, Format::of(file).unwrap()).map(|rendered| decoded(&rendered, Size::Medium))
}

/// Returns the colours left and right of the middle, far from the edges.
fn halves(file: &[u8]) -> [[u8; 3]; 2] {
    let picture = medium(file).unwrap();
    [60, 240].map(|x| picture.get_pixel(x, 150).0)
}

fn near(one: [u8; 3], other: [u8; 3], tolerance: u8) -> bool {
    one.into_iter().zip(other).all(|(a, b)| a.abs_diff(b) <= tolerance)
}

fn is(pixel: Rgb<u8>, colour: [u8; 3]) -> bool {
    near(pixel.0, colour, 24)
}

#[test]
fn every_format_becomes_squares_of_every_size() {
    for format in Format::ALL {
        for (width, height) in [(640, 480), (31, 57), (1, 1), (1, 900)] {
            let rendered = render(&bytes(&flag(width, height), format), format).unwrap();
            for size in Size::ALL {
                assert_eq!(decoded(&rendered, size).dimensions(), (size.pixels(), size.pixels()));
            }
        }
    }
}

#[test]
fn the_square_is_cut_from_the_middle() {
    // Three times as wide as high: the outer thirds are green and must be gone.
    let wide = RgbImage::from_fn(900, 300, |x, _| Rgb(if (300..600).contains(&x) { RED } else { [0, 255, 0] }));
    let picture = medium(&bytes(&wide.into(), Format::Png)).unwrap();
    assert!(is(*picture.get_pixel(3, 150), RED) && is(*picture.get_pixel(296, 150), RED));
}

/// The expected values are calculated with the published matrices and curves, and clipped to sRGB.
#[test]
fn colours_are_converted_from_the_profile_of_the_picture() {
    let p3 = || ColorProfile::new_display_p3().encode().unwrap();
    let adobe = || ColorProfile::new_adobe_rgb().encode().unwrap();
    let linear = || {
        let mut linear = ColorProfile::new_srgb();
        linear.cicp = None;
        let curve = Some(ToneReprCurve::Parametric(vec![1.0]));
        (linear.red_trc, linear.green_trc, linear.blue_trc) = (curve.clone(), curve.clone(), curve);
        linear.encode().unwrap()
    };
    // As large as a profile of a printer: more than one segment of a JPEG.
    let long = || [p3(), vec![0; 150_000]].concat();
    let grey_linear = || ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let of_printer = || {
        let mut other = p3();
        other[16..20].copy_from_slice(b"CMYK");
        other
    };
    let grey = |level| DynamicImage::from(GrayImage::from_pixel(40, 40, image::Luma([level])));
    for (what, image, icc, expected) in [
        ("no profile", plain(RED), None, RED),
        ("sRGB", plain(RED), Some(ColorProfile::new_srgb().encode().unwrap()), RED),
        ("Display P3, red", plain(RED), Some(p3()), [240, 0, 0]),
        ("Display P3, green", plain([20, 200, 40]), Some(p3()), [0, 204, 0]),
        ("Display P3, skin", plain([200, 150, 120]), Some(p3()), [209, 147, 115]),
        ("Display P3, white", plain(WHITE), Some(p3()), WHITE),
        ("Display P3 in several segments", plain([200, 150, 120]), Some(long()), [209, 147, 115]),
        ("Adobe RGB", plain([200, 150, 120]), Some(adobe()), [217, 151, 119]),
        ("linear", plain([200, 150, 120]), Some(linear()), [229, 202, 182]),
        ("grey, no profile", grey(128), None, [128; 3]),
        ("grey, linear", grey(128), Some(grey_linear()), [188; 3]),
        ("grey, a linear profile of colours", grey(128), Some(linear()), [188; 3]),
        ("a profile of another kind of pixels", plain(RED), Some(grey_linear()), RED),
        ("a profile of a printer", plain(RED), Some(of_printer()), RED),
        ("half a profile", plain(RED), Some(p3()[..200].to_vec()), RED),
        ("no profile at all", plain(RED), Some(b"no profile".to_vec()), RED),
    ] {
        for format in Format::ALL {
            // A WebP has no grey pixels, to which a profile of grey could belong.
            let image = match format {
                Format::Webp if what == "grey, linear" => continue,
                Format::Webp => image.to_rgb8().into(),
                Format::Jpeg | Format::Png => image.clone(),
            };
            let [left, right] = halves(&with_metadata(&image, format, icc.clone(), None));
            assert!(near(left, expected, 4) && near(right, expected, 4), "{what} in {format:?}: {left:?}, not {expected:?}");
        }
    }
}

#[test]
fn a_profile_is_applied_to_deep_and_to_transparent_pictures() {
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let skin = Rgb([200, 150, 120].map(|c: u16| c * 257));
    let deep = image::ImageBuffer::<Rgb<u16>, _>::from_pixel(40, 40, skin).into();
    let [left, _] = halves(&with_metadata(&deep, Format::Png, Some(p3.clone()), None));
    assert!(near(left, [209, 147, 115], 4), "{left:?}");
    for format in [Format::Png, Format::Webp] {
        let [left, right] = halves(&with_metadata(&glass(80, 40), format, Some(p3.clone()), None));
        assert!(near(left, [240, 0, 0], 4) && near(right, WHITE, 2), "{format:?}: {left:?} {right:?}");
    }
}

/// The order of precedence is that of the PNG specification, third edition, section 4.3.
#[test]
fn the_other_colour_spaces_of_a_png_are_converted_too() {
    let iccp = |profile: ColorProfile| {
        let mut packed = b"p\0\0".to_vec();
        packed.extend(zlib(&profile.encode().unwrap()));
        png_chunk(*b"iCCP", &packed)
    };
    let numbers = |all: &[u32]| all.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    let cicp = |primaries, transfer| png_chunk(*b"cICP", &[primaries, transfer, 0, 1]);
    let srgb = || png_chunk(*b"sRGB", &[0]);
    let gamma = |gamma| png_chunk(*b"gAMA", &numbers(&[gamma]));
    let p3_primaries = || png_chunk(*b"cHRM", &numbers(&[31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]));
    let skin = [200, 150, 120];
    for (what, chunks, expected) in [
        ("Display P3 by code points", vec![cicp(12, 13)], [209, 147, 115]),
        ("sRGB by code points, before a profile", vec![cicp(1, 13), iccp(ColorProfile::new_adobe_rgb())], skin),
        ("unknown code points", vec![cicp(2, 2)], skin),
        ("unknown code points, before a profile", vec![cicp(2, 2), iccp(ColorProfile::new_display_p3())], [209, 147, 115]),
        ("a profile before a gamma", vec![gamma(100_000), iccp(ColorProfile::new_display_p3())], [209, 147, 115]),
        ("sRGB before a gamma", vec![srgb(), gamma(100_000)], skin),
        ("a linear gamma", vec![gamma(100_000)], [229, 202, 182]),
        ("a gamma of 1.8", vec![gamma(55_556)], [210, 167, 139]),
        ("the gamma and the primaries of Display P3", vec![gamma(45_455), p3_primaries()], [209, 147, 115]),
        ("a gamma of zero", vec![gamma(0)], skin),
    ] {
        let [left, _] = halves(&png_with(&bytes(&plain(skin), Format::Png), &chunks, &[]));
        assert!(near(left, expected, 5), "{what}: {left:?}, not {expected:?}");
    }
}

/// Compresses as zlib does, but in stored blocks (RFC 1950, RFC 1951 section 3.2.4).
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let checksum = (b << 16 | a).to_be_bytes();
    [&[0x78, 0x01, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes, &checksum].concat()
}

/// Returns how ImageMagick and ExifTool write EXIF data in older PNG files: as hexadecimal digits in a text.
fn raw_profile(exif: &[u8]) -> Vec<u8> {
    let digits: String = exif.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<&str> = digits.as_bytes().chunks(72).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("\nexif\n{:8}\n{}\n", exif.len(), lines.join("\n")).into_bytes()
}

#[test]
fn pictures_are_upright_and_have_no_location() {
    let with_prefix = |orientation| [b"Exif\0\0".to_vec(), exif(orientation)].concat();
    let png = bytes(&flag(400, 300), Format::Png);
    let lossless = bytes(&flag(400, 300), Format::Webp).split_off(12);
    let text = |kind, keyword: &str, rest: &[u8]| png_chunk(kind, &[keyword.as_bytes(), &[0], rest].concat());
    let webp_of = |exif: &[u8]| webp(&[webp_header(0x08, 400, 300), lossless.clone(), riff_chunk(*b"EXIF", exif)]);
    // Where it is red: left, right, top (turned clockwise), bottom.
    for (orientation, x, y) in [(1, 10, 150), (3, 290, 150), (6, 150, 10), (8, 150, 290)] {
        let raw = raw_profile(&with_prefix(orientation));
        for (what, file) in [
            ("JPEG", with_metadata(&flag(400, 300), Format::Jpeg, None, Some(exif(orientation)))),
            ("PNG", with_metadata(&flag(400, 300), Format::Png, None, Some(exif(orientation)))),
            ("PNG, behind the pixels", png_with(&png, &[], &[png_chunk(*b"eXIf", &exif(orientation))])),
            ("PNG, with the prefix of a JPEG", png_with(&png, &[png_chunk(*b"eXIf", &with_prefix(orientation))], &[])),
            ("PNG, tEXt", png_with(&png, &[text(*b"tEXt", "Raw profile type exif", &raw)], &[])),
            ("PNG, tEXt behind the pixels", png_with(&png, &[], &[text(*b"tEXt", "Raw profile type exif", &raw)])),
            ("PNG, tEXt of ImageMagick", png_with(&png, &[text(*b"tEXt", "Raw profile type APP1", &raw)], &[])),
            ("PNG, zTXt", png_with(&png, &[text(*b"zTXt", "Raw profile type exif", &[&[0], &*zlib(&raw)].concat())], &[])),
            (
                "PNG, zTXt behind the pixels",
                png_with(&png, &[], &[text(*b"zTXt", "Raw profile type APP1", &[&[0], &*zlib(&raw)].concat())]),
            ),
            ("PNG, iTXt", png_with(&png, &[text(*b"iTXt", "Raw profile type exif", &[&[0; 4], &*raw].concat())], &[])),
            ("PNG, packed iTXt", png_with(&png, &[], &[text(*b"iTXt", "Raw profile type exif", &[&[1, 0, 0, 0], &*zlib(&raw)].concat())])),
            (
                "PNG, XMP in front of it",
                png_with(
                    &png,
                    &[text(*b"tEXt", "Raw profile type APP1", b"\nxmp\n 4\n41424344\n"), text(*b"tEXt", "Raw profile type exif", &raw)],
                    &[],
                ),
            ),
            ("WebP", webp_of(&exif(orientation))),
            ("WebP, with the prefix of a JPEG", webp_of(&with_prefix(orientation))),
        ] {
            let rendered = render(&file, Format::of(&file).unwrap()).unwrap();
            assert!(is(*decoded(&rendered, Size::Medium).get_pixel(x, y), RED), "{what}, orientation {orientation}");
            for (_, out) in &rendered {
                assert!(!out.windows(3).any(|w| w == b"GPS") && !out.windows(4).any(|w| w == b"Exif"), "{what}");
            }
        }
    }
}

#[test]
fn damaged_metadata_is_ignored() {
    let png = bytes(&flag(400, 300), Format::Png);
    let text = |rest: &[u8]| png_chunk(*b"tEXt", &[b"Raw profile type exif\0", rest].concat());
    for (what, file) in [
        ("EXIF", with_metadata(&flag(400, 300), Format::Jpeg, None, Some(exif(6)[..16].to_vec()))),
        ("an unknown orientation", with_metadata(&flag(400, 300), Format::Jpeg, None, Some(exif(9)))),
        ("no digits", png_with(&png, &[text(b"\nexif\n4\nwxyz\n")], &[])),
        ("half a digit", png_with(&png, &[text(b"\nexif\n4\n4d4\n")], &[])),
        ("no lines", png_with(&png, &[text(b"")], &[])),
        ("text that is not packed", png_with(&png, &[png_chunk(*b"zTXt", b"Raw profile type exif\0\0text")], &[])),
    ] {
        let [left, right] = halves(&file);
        assert!(near(left, RED, 24) && near(right, BLUE, 24), "{what}: {left:?} {right:?}");
    }
}

#[test]
fn transparency_becomes_white() {
    let lossless = bytes(&glass(80, 60), Format::Webp).split_off(12);
    let whole = [0, 0, 80, 60];
    let animated =
        |flags, frame: &[u8], place, blended| webp(&[vec![webp_header(flags, 80, 60)], animation(frame, place, blended).to_vec()].concat());
    let mut undeclared = LOSSY_TRANSPARENT.to_vec();
    undeclared[20] &= !0x10;
    for (what, file) in [
        ("PNG", bytes(&glass(80, 60), Format::Png)),
        ("WebP", bytes(&glass(80, 60), Format::Webp)),
        ("lossy WebP", LOSSY_TRANSPARENT.to_vec()),
        ("lossy WebP that does not declare it", undeclared),
        ("extended WebP", webp(&[webp_header(0x10, 80, 60), lossless.clone()])),
        ("extended WebP that does not declare it", webp(&[webp_header(0, 80, 60), lossless.clone()])),
        ("animated", animated(0x12, &lossless, whole, false)),
        ("animated, blended", animated(0x12, &lossless, whole, true)),
        ("animated, not declared", animated(0x02, &lossless, whole, false)),
        ("animated, not declared, blended", animated(0x02, &lossless, whole, true)),
        ("animated, a small first frame", animated(0x02, &flat_lossless(40, 60, [220, 20, 20, 255]), [0, 0, 40, 60], false)),
        ("animated, a small opaque first frame", ANIMATED.to_vec()),
    ] {
        let [left, right] = halves(&file);
        assert!(near(left, RED, 24) && near(right, WHITE, 2), "{what}: {left:?} {right:?}");
    }
}

#[test]
fn other_files_and_other_formats_than_declared_are_refused() {
    for other in
        [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"<!doctype html><p>", b"%PDF-1.7\n", b"GIF89a\x01\0\x01\0", b"PK\x03\x04", b""]
    {
        assert_eq!(render(other, Format::Png), Err(UploadRefusal::NotAPicture));
    }
    let png = bytes(&flag(8, 8), Format::Png);
    assert_eq!(render(&png, Format::Jpeg), Err(UploadRefusal::OtherType));
    assert_eq!(render(&[png.as_slice(), b"<script>alert(1)</script>"].concat(), Format::Png), Err(UploadRefusal::Polyglot));
    assert_eq!(render(&png[..40], Format::Png), Err(UploadRefusal::Damaged));
    assert_eq!(render(b"\xFF\xD8\xFF\xE0 nothing", Format::Jpeg), Err(UploadRefusal::Damaged));
}

/// JPEGs of every structure, with the colours of their halves.
fn jpegs() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = bytes(&flag(120, 90), Format::Jpeg);
    // Behind its first segment.
    let (start, rest) = encoded.split_at(20);
    vec![
        ("sequential", encoded.clone()),
        ("grey", bytes(&flag(120, 90).into_luma8().into(), Format::Jpeg)),
        ("restarts", RESTARTS.to_vec()),
        ("progressive", PROGRESSIVE.to_vec()),
        ("a scan for each component", flat_jpeg(120, 90, 3, Scans::EachComponent)),
        ("flat", flat_jpeg(120, 90, 3, Scans::One)),
        ("flat and progressive", flat_jpeg(120, 90, 3, Scans::Progressive(1))),
        ("four components", flat_jpeg(120, 90, 4, Scans::One)),
        ("bytes between the segments", [start, &[0; 9], rest].concat()),
        ("fill bytes in front of a marker", [start, &[0xFF; 5], rest].concat()),
        ("a thumbnail with its own end", [start, &segment(0xE1, &encoded), rest].concat()),
    ]
}

#[test]
fn half_a_picture_is_damaged() {
    let mut pictures = jpegs();
    pictures.push(("PNG", bytes(&flag(120, 90), Format::Png)));
    pictures.push(("WebP", bytes(&flag(120, 90), Format::Webp)));
    pictures.push(("lossy WebP", LOSSY.to_vec()));
    pictures.push(("lossy, transparent WebP", LOSSY_TRANSPARENT.to_vec()));
    for (what, whole) in pictures {
        assert_eq!(medium(&whole).err(), None, "{what}");
        for percent in [50, 70, 90, 97] {
            let part = &whole[..whole.len() * percent / 100];
            assert_eq!(medium(part).err(), Some(UploadRefusal::Damaged), "{percent} % of {what}");
            // A program that mends files has added an end.
            if Format::of(part) == Some(Format::Jpeg) {
                let mended = [part, &EOI].concat();
                assert_eq!(medium(&mended).err(), Some(UploadRefusal::Damaged), "{percent} % of {what}, with an end");
            }
        }
    }
}

/// The last rows of a flat picture have few bits, which a decoder has read before it decodes them.
#[test]
fn a_whole_jpeg_of_any_size_is_not_damaged() {
    for side in 1..50 {
        for scans in [Scans::One, Scans::Progressive(1)] {
            for components in [1, 3] {
                let picture = medium(&flat_jpeg(side, 50 - side, components, scans));
                assert!(picture.is_ok_and(|p| is(*p.get_pixel(150, 150), [128; 3])), "{side} × {}, {components} × {scans:?}", 50 - side);
            }
        }
    }
}

#[test]
fn bytes_behind_the_end_of_a_jpeg_are_ignored() {
    let jpeg = bytes(&flag(120, 90), Format::Jpeg);
    let other = bytes(&plain([0, 255, 0]), Format::Jpeg);
    for (what, tail) in [
        ("zeros", vec![0; 5000]),
        ("a video, in which everything occurs", (0..60_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_be_bytes()).collect()),
        ("starts of scans", b"\xFF\xDA".repeat(10_000)),
        ("ends", EOI.repeat(100)),
        ("another picture, such as a depth map", other.clone()),
        ("half of another picture", other[..other.len() / 2].to_vec()),
        ("one byte", vec![0xFF]),
    ] {
        let [left, right] = halves(&[jpeg.clone(), tail].concat());
        assert!(near(left, RED, 24) && near(right, BLUE, 24), "{what}: {left:?} {right:?}");
    }
}

#[test]
fn a_decompression_bomb_is_refused_before_it_is_decoded() {
    // 30,000 × 30,000 pixels in a few bytes: only the header counts.
    let mut png = bytes(&flag(1, 1), Format::Png);
    png[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(medium(&png).err(), Some(UploadRefusal::TooManyPixels));
    assert_eq!(medium(&flat_jpeg(30_000, 30_000, 1, Scans::One)).err(), Some(UploadRefusal::TooManyPixels));
    // Ten thousand scans.
    let jpeg = bytes(&flag(8, 8), Format::Jpeg);
    let (picture, end) = jpeg.split_at(jpeg.len() - 2);
    assert_eq!(medium(&[picture, &segment(0xDA, &[]).repeat(10_000), end].concat()).err(), Some(UploadRefusal::TooManyPixels));
}

#[test]
fn pictures_of_50_megapixels_are_accepted_and_larger_ones_refused() {
    let png = |width: u16, height: u16| bytes(&DynamicImage::new_luma8(width.into(), height.into()), Format::Png);
    let jpeg = |width, height| flat_jpeg(width, height, 1, Scans::One);
    let webp_of = |width: u16, height: u16| webp(&[flat_lossless(width.into(), height.into(), [128, 128, 128, 255])]);
    for (width, height, accepted) in [
        // 12, 48 and 50 megapixels of phones, upright too, and a panorama.
        (4032, 3024, true),
        (8064, 6048, true),
        (6120, 8160, true),
        (8192, 6144, true),
        (16_383, 3072, true),
        (8193, 6144, false),
        (8192, 6145, false),
        // 200 megapixels of a phone.
        (16_320, 12_240, false),
    ] {
        // Encoding a PNG takes longer than everything else, and is not needed for each of them.
        let mut files = vec![jpeg(width, height), webp_of(width, height)];
        if (6144..7000).contains(&height) {
            files.push(png(width, height));
        }
        for file in files {
            let rendered = medium(&file);
            let format = Format::of(&file).unwrap();
            assert_eq!(rendered.err(), (!accepted).then_some(UploadRefusal::TooManyPixels), "{width} × {height} in {format:?}");
        }
    }
    for (width, accepted) in [(16_384, true), (16_385, false)] {
        assert_eq!(medium(&jpeg(width, 1)).is_ok(), accepted, "{width}");
        assert_eq!(medium(&png(width, 1)).is_ok(), accepted, "{width}");
    }
}
