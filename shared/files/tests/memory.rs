//! The memory that the largest pictures take, against the memory of the function in `template.yaml`. A test of its own process,
//! because the peak of memory is a property of a process.

#![expect(clippy::expect_used, clippy::arithmetic_side_effects, reason = "the helpers of tests are tests too")]
#![cfg(target_os = "linux")]

use std::{fs, time::Instant};

use files::{Format, picture::render};
use pictures::{Scans, animation, flat_jpeg, flat_lossless, webp, webp_header};

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
mod pictures;

/// The sides of the largest picture: 50 megapixels.
const SIDES: (u16, u16) = (8192, 6144);
/// What the function takes without a picture, in MB: its code, clients, the largest upload and a copy of it.
const OWN_MB: u64 = 150;

/// Returns a PNG with four channels of 16 bits.
fn deep_png() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDES.0.into(), SIDES.1.into());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().expect("a header");
    let mut rows = writer.stream_writer().expect("a stream");
    let row = vec![0x80; usize::from(SIDES.0) * 8];
    for _ in 0..SIDES.1 {
        std::io::Write::write_all(&mut rows, &row).expect("a row");
    }
    rows.finish().expect("an end");
    drop(writer);
    file
}

fn animated_webp() -> Vec<u8> {
    let (width, height) = (SIDES.0.into(), SIDES.1.into());
    let frame = animation(&flat_lossless(width, height, [200, 100, 50, 255]), [0, 0, width, height], true);
    webp(&[vec![webp_header(0x12, width, height)], frame.to_vec()].concat())
}

/// Returns the most memory that this process has had, in MB.
fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

/// Returns the memory of the function, in MB.
fn function_mb() -> u64 {
    let template = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).expect("the template");
    let (_, function) = template.split_once("\n  UploadProcessorFunction:\n").expect("the function");
    let (_, memory) = function.split_once("MemorySize: ").expect("its memory");
    memory.split_whitespace().next().expect("a number").parse().expect("a number")
}

#[test]
fn the_largest_pictures_fit_into_the_memory_of_the_function() {
    let (width, height) = SIDES;
    for (what, file) in [
        ("sequential JPEG", flat_jpeg(width, height, 3, Scans::One)),
        ("JPEG with a scan for each component", flat_jpeg(width, height, 3, Scans::EachComponent)),
        ("progressive JPEG", flat_jpeg(width, height, 3, Scans::Progressive(1))),
        ("progressive JPEG with four components and many scans", flat_jpeg(width, height, 4, Scans::Progressive(24))),
        ("PNG", deep_png()),
        ("WebP", webp(&[flat_lossless(width.into(), height.into(), [200, 100, 50, 255])])),
        ("animated WebP", animated_webp()),
    ] {
        let began = Instant::now();
        let rendered = render(&file, Format::of(&file).expect("a picture"));
        let peak = peak_mb();
        println!("{what}: {:.1} s, {peak} MB up to now", began.elapsed().as_secs_f32());
        assert!(rendered.is_ok(), "{what}: {rendered:?}");
        assert!(peak + OWN_MB <= function_mb(), "{what}: {peak} MB");
    }
}
