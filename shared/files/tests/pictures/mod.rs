//! Pictures for tests that no encoder at hand makes, written byte by byte, and flat ones of any size in a few bytes.
//!
//! The files beside this module are 64 × 48 pixels, with noise: the left half is red, and the right half blue or transparent.

/// `progressive.jpg`: a progressive JPEG with half as many chroma samples in both directions.
pub const PROGRESSIVE: &[u8] = include_bytes!("progressive.jpg");
/// `restarts.jpg`: a sequential JPEG with restart markers.
pub const RESTARTS: &[u8] = include_bytes!("restarts.jpg");
/// `lossy.webp`: a lossy WebP.
pub const LOSSY: &[u8] = include_bytes!("lossy.webp");
/// `lossy-transparent.webp`: a lossy WebP whose right half is transparent.
pub const LOSSY_TRANSPARENT: &[u8] = include_bytes!("lossy-transparent.webp");
/// `animated.webp`: its first frame covers only the left half, and its header declares no transparency.
pub const ANIMATED: &[u8] = include_bytes!("animated.webp");

/// The markers of a JPEG (ITU-T T.81, table B.1).
pub const SOI: [u8; 2] = [0xFF, 0xD8];
/// The end of a JPEG.
pub const EOI: [u8; 2] = [0xFF, 0xD9];

/// The parts into which a flat JPEG is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scans {
    /// Sequential, all components in one scan.
    One,
    /// Sequential, a scan for each component.
    EachComponent,
    /// Progressive: the averages of all blocks, then the rest of each component so many times.
    Progressive(usize),
}

/// Returns a JPEG of one colour. Its code words are single zero bits, so that its scans are zeros, with a bit or two for each block.
///
/// Components have one sample for each pixel. Three of them are mid-grey, four are CMYK.
pub fn flat_jpeg(width: u16, height: u16, components: u8, scans: Scans) -> Vec<u8> {
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let progressive = matches!(scans, Scans::Progressive(_));
    let mut file = SOI.to_vec();
    file.extend(segment(0xDB, &[[0].as_slice(), &[1; 64]].concat()));
    let frame = [&[8], &height.to_be_bytes()[..], &width.to_be_bytes(), &[components]].concat();
    let all: Vec<u8> = (1..=components).collect();
    let frame = all.iter().fold(frame, |frame, id| [frame, vec![*id, 0x11, 0]].concat());
    file.extend(segment(if progressive { 0xC2 } else { 0xC0 }, &frame));
    // One code word of one bit, which means zero or the end of the block: for averages, and for the rest.
    for class in [0x00, 0x10] {
        file.extend(segment(0xC4, &[[class, 1].as_slice(), &[0; 15], &[0]].concat()));
    }
    match scans {
        Scans::One => file.extend(scan(&all, 0, 63, blocks * all.len() * 2)),
        Scans::EachComponent => file.extend(all.iter().flat_map(|id| scan(&[*id], 0, 63, blocks * 2))),
        Scans::Progressive(times) => {
            file.extend(scan(&all, 0, 0, blocks * all.len()));
            for _ in 0..times {
                file.extend(all.iter().flat_map(|id| scan(&[*id], 1, 63, blocks)));
            }
        }
    }
    file.extend(EOI);
    file
}

fn scan(components: &[u8], first: u8, last: u8, bits: usize) -> Vec<u8> {
    let header = [vec![u8::try_from(components.len()).unwrap()], components.iter().flat_map(|id| [*id, 0]).collect()].concat();
    [segment(0xDA, &[header, vec![first, last, 0]].concat()), vec![0; bits.div_ceil(8)]].concat()
}

/// Returns a segment of a JPEG.
pub fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &u16::try_from(body.len() + 2).unwrap().to_be_bytes(), body].concat()
}

/// Returns a chunk of a PNG.
pub fn png_chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&kind[..], body].concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

/// Returns the checksum of a PNG's chunk.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 }))
}

/// Returns a WebP of these chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP".to_vec(), chunks.concat()].concat();
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

/// Returns a chunk of a WebP.
pub fn riff_chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [&kind[..], &u32::try_from(body.len()).unwrap().to_le_bytes()[..], body, &padding].concat()
}

/// Returns the header chunk of an extended WebP, with these flags (RFC 9649, section 2.7).
pub fn webp_header(flags: u8, width: u32, height: u32) -> Vec<u8> {
    riff_chunk(*b"VP8X", &[&[flags, 0, 0, 0][..], &[width - 1, height - 1].map(three_bytes).concat()].concat())
}

/// Returns the chunks of an animation with one frame, at this place. It replaces the background, or is blended with it.
pub fn animation(frame: &[u8], [x, y, width, height]: [u32; 4], blended: bool) -> [Vec<u8>; 2] {
    let place = [x / 2, y / 2, width - 1, height - 1, 100].map(three_bytes).concat();
    let flags = if blended { 0 } else { 2 };
    [riff_chunk(*b"ANIM", &[0; 6]), riff_chunk(*b"ANMF", &[&place, &[flags][..], frame].concat())]
}

fn three_bytes(number: u32) -> Vec<u8> {
    number.to_le_bytes()[..3].to_vec()
}

/// Returns the chunk of a lossless picture of one colour. All its code words are empty, so that it has no bits for its pixels.
pub fn flat_lossless(width: u32, height: u32, [red, green, blue, alpha]: [u8; 4]) -> Vec<u8> {
    let mut bits = vec![(0x2F, 8), (width - 1, 14), (height - 1, 14), (1, 1), (0, 3)];
    // No transformation, no colour cache, one group of codes.
    bits.extend([(0, 1); 3]);
    // Codes with one symbol of 8 bits, in the order of the format; the last, for distances, is not used.
    bits.extend([green, red, blue, alpha, 0].into_iter().flat_map(|symbol| [(1, 1), (0, 1), (1, 1), (u32::from(symbol), 8)]));
    let bits: Vec<bool> = bits.into_iter().flat_map(|(value, count)| (0..count).map(move |at| value >> at & 1 == 1)).collect();
    let bytes: Vec<u8> = bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
    riff_chunk(*b"VP8L", &bytes)
}
