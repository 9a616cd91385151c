//! Cells of the earth: geohashes of six characters, about 0.6 km high and at most 1.2 km wide.
//!
//! A position is replaced by its cell before anything is computed, so no result depends on more than the cell. All computations use
//! integers, with the same result on every machine.
//!
//! <https://en.wikipedia.org/wiki/Geohash>

use kernel::FieldError;
use serde::{Deserialize, Serialize};

/// The characters of geohashes, by their values.
const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
/// How many characters the geohash of a cell has.
const LENGTH: u32 = 6;
/// How many bits the row of a cell has, and how many its column.
const BITS: u32 = 15;
/// How many rows of cells there are from pole to pole, and how many columns around the earth.
const CELLS: i64 = 1 << BITS;
/// A millionth of a degree.
const MICRO: i64 = 1_000_000;
/// Metres from pole to pole, and around the equator (WGS 84).
const METRES: (i64, i64) = (20_003_931, 40_075_017);
/// The cosines of 0 to 90 degrees, in ten-thousandths.
const COSINES: [i64; 91] = [
    10000, 9998, 9994, 9986, 9976, 9962, 9945, 9925, 9903, 9877, 9848, 9816, 9781, 9744, 9703, 9659, 9613, 9563, 9511, 9455, 9397, 9336,
    9272, 9205, 9135, 9063, 8988, 8910, 8829, 8746, 8660, 8572, 8480, 8387, 8290, 8192, 8090, 7986, 7880, 7771, 7660, 7547, 7431, 7314,
    7193, 7071, 6947, 6820, 6691, 6561, 6428, 6293, 6157, 6018, 5878, 5736, 5592, 5446, 5299, 5150, 5000, 4848, 4695, 4540, 4384, 4226,
    4067, 3907, 3746, 3584, 3420, 3256, 3090, 2924, 2756, 2588, 2419, 2250, 2079, 1908, 1736, 1564, 1392, 1219, 1045, 872, 698, 523, 349,
    175, 0,
];
/// How many people must share their location in a cell for distances to be computed to this cell. With fewer, they are computed to the
/// cell of five characters around it.
pub const PRECISE_FROM: usize = 3;

/// An angle in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Degrees(i64);

impl Degrees {
    /// Parses an angle between `-most` and `most` degrees.
    ///
    /// # Errors
    /// `range`
    pub fn parse(degrees: f64, most: i64) -> Result<Self, FieldError> {
        let range = || FieldError::RANGE.with("min", format!("-{most}")).with("max", most);
        // Converted through its decimal digits, without floating-point arithmetic.
        let micro: i64 = format!("{degrees:.6}").replace('.', "").parse().map_err(|_| range())?;
        if micro.abs() <= most.saturating_mul(MICRO) { Ok(Self(micro)) } else { Err(range()) }
    }
}

/// A cell: its row from the south pole and its column from the 180th meridian, eastwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cell {
    row: i64,
    column: i64,
}

/// The middle of an area, in half rows and half columns of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Middle {
    row: i64,
    column: i64,
}

impl Cell {
    /// Returns the cell of a position.
    #[must_use]
    pub fn of(latitude: Degrees, longitude: Degrees) -> Self {
        let part = |angle: i64, whole: i64| angle.saturating_mul(CELLS).checked_div(whole.saturating_mul(MICRO)).unwrap_or_default();
        let row = part(latitude.0.saturating_add(90 * MICRO), 180).min(CELLS - 1);
        Self { row, column: part(longitude.0.saturating_add(180 * MICRO), 360).rem_euclid(CELLS) }
    }

    /// Returns the first characters of the geohashes of the areas of this size around the cell: its own and those next to it.
    #[must_use]
    pub fn around(self, size: Size) -> Vec<String> {
        let (rows, columns) = size.bits();
        let (row, column) = (self.row >> (BITS - rows), self.column >> (BITS - columns));
        let near = |of: i64| of.saturating_sub(1)..=of.saturating_add(1);
        let there = near(row).filter(|row| (0..1 << rows).contains(row));
        let mut areas: Vec<String> =
            there.flat_map(|row| near(column).map(move |column| geohash(row, column.rem_euclid(1 << columns), size.0))).collect();
        areas.sort_unstable();
        areas.dedup();
        areas
    }

    /// Returns the middle of the cell.
    #[must_use]
    pub const fn middle(self) -> Middle {
        Middle { row: (self.row << 1) | 1, column: (self.column << 1) | 1 }
    }

    /// Returns the middle of the cell of five characters around it, which is eight rows high and four columns wide.
    #[must_use]
    pub const fn coarse_middle(self) -> Middle {
        Middle { row: ((self.row >> 3) << 4) | 8, column: ((self.column >> 2) << 3) | 4 }
    }

    /// Returns the latitude in whole degrees, without its sign.
    fn latitude(row: i64) -> usize {
        let degrees = row.saturating_mul(180).checked_div(CELLS << 1).unwrap_or_default().saturating_sub(90);
        usize::try_from(degrees.abs()).unwrap_or_default()
    }
}

fn cosine(row: i64) -> i64 {
    COSINES.get(Cell::latitude(row)).copied().unwrap_or_default()
}

impl Middle {
    /// Returns the approximate distance to another middle, in metres. It treats the earth as flat between the two places.
    #[must_use]
    pub fn metres_to(self, other: Self) -> i64 {
        let around = CELLS << 1;
        let north = self.row.saturating_sub(other.row).abs().saturating_mul(METRES.0) >> (BITS + 1);
        let columns = self.column.saturating_sub(other.column).abs();
        let east = columns.min(around.saturating_sub(columns)).saturating_mul(METRES.1) >> (BITS + 1);
        let between = self.row.saturating_add(other.row) >> 1;
        let east = east.saturating_mul(cosine(between)).checked_div(10_000).unwrap_or_default();
        north.saturating_mul(north).saturating_add(east.saturating_mul(east)).isqrt()
    }
}

/// The size of an area, by the characters of its geohash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(u32);

impl Size {
    /// Returns the smallest size of areas for which the area around a cell and its eight neighbours cover this distance in every direction.
    /// Not at the poles.
    #[must_use]
    pub fn reaching(kilometres: u32, cell: Cell) -> Self {
        let metres = i64::from(kilometres).saturating_mul(1000);
        let reaches = |size: &Self| {
            let (rows, columns) = size.bits();
            let width = (METRES.1 >> columns).saturating_mul(cosine(cell.middle().row)).checked_div(10_000).unwrap_or_default();
            METRES.0 >> rows >= metres && width >= metres
        };
        [5, 4, 3].map(Self).into_iter().find(reaches).unwrap_or(Self(2))
    }

    /// Returns how many bits the row of the area has, and how many its column.
    const fn bits(self) -> (u32, u32) {
        let bits = self.0 * 5;
        (bits / 2, bits - bits / 2)
    }
}

/// Returns the geohash of an area: the bits of column and row alternate, the column's first.
fn geohash(row: i64, column: i64, length: u32) -> String {
    let (rows, columns) = Size(length).bits();
    let bit = |of: i64, bits: u32, at: u32| (of >> bits.saturating_sub(at).saturating_sub(1)) & 1;
    let bits: Vec<i64> = (0..length * 5).map(|n| if n % 2 == 0 { bit(column, columns, n / 2) } else { bit(row, rows, n / 2) }).collect();
    let value = |five: &[i64]| five.iter().fold(0_usize, |value, bit| (value << 1) | usize::from(*bit == 1));
    bits.chunks(5).filter_map(|five| ALPHABET.get(value(five)).copied().map(char::from)).collect()
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&geohash(self.row, self.column, LENGTH))
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        cell.to_string()
    }
}

/// The text is not a geohash of six characters.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a cell")]
pub struct InvalidGeohash;

impl TryFrom<String> for Cell {
    type Error = InvalidGeohash;

    fn try_from(geohash: String) -> Result<Self, InvalidGeohash> {
        let mut cell = Self { row: 0, column: 0 };
        for (n, c) in geohash.bytes().enumerate() {
            let value = ALPHABET.iter().position(|known| *known == c).ok_or(InvalidGeohash)?;
            for (m, shift) in (0..5_u32).rev().enumerate() {
                let bit = i64::from((value >> shift) & 1 == 1);
                let part = if (n.saturating_mul(5).saturating_add(m)) % 2 == 0 { &mut cell.column } else { &mut cell.row };
                *part = (*part << 1) | bit;
            }
        }
        if geohash.len() == 6 { Ok(cell) } else { Err(InvalidGeohash) }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    fn cell(latitude: f64, longitude: f64) -> Cell {
        Cell::of(Degrees::parse(latitude, 90).unwrap(), Degrees::parse(longitude, 180).unwrap())
    }

    #[test]
    fn positions_are_snapped_to_geohashes() {
        // The known geohashes of these places.
        for (latitude, longitude, geohash) in [
            (57.64911, 10.40744, "u4pruy"),
            (52.2297, 21.0122, "u3qcnh"),
            (-25.382_708, -49.265_506, "6gkzwg"),
            (0.0, 0.0, "s00000"),
            (90.0, 179.999, "zzzzzz"),
            (-90.0, -180.0, "000000"),
        ] {
            let cell = cell(latitude, longitude);
            assert_eq!(cell.to_string(), geohash, "{latitude} {longitude}");
            assert_eq!(Cell::try_from(geohash.to_owned()).unwrap(), cell);
        }
        assert_eq!(cell(12.0, 180.0), cell(12.0, -180.0), "one meridian");
        for bad in ["", "u3qcn", "u3qcnhh", "u3qcna", "u3qcnż"] {
            assert!(Cell::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for bad in [90.000_001, -91.0, f64::INFINITY, f64::NAN, 1e300] {
            assert!(Degrees::parse(bad, 90).is_err(), "{bad}");
        }
    }

    #[test]
    fn distances_are_about_right() {
        let metres = |a: Cell, b: Cell| a.middle().metres_to(b.middle());
        let (warsaw, krakow, modlin) = (cell(52.2297, 21.0122), cell(50.0614, 19.9366), cell(52.4511, 20.6518));
        assert_eq!(metres(warsaw, warsaw), 0);
        // 252 km and 35 km.
        assert!((249_000..255_000).contains(&metres(warsaw, krakow)), "{}", metres(warsaw, krakow));
        assert!((34_000..36_000).contains(&metres(modlin, warsaw)), "{}", metres(modlin, warsaw));
        assert!(metres(cell(10.0, 179.99), cell(10.0, -179.99)) < 5000, "across the date line");
        assert!(warsaw.middle().metres_to(warsaw.coarse_middle()) < 3500);
    }

    /// What is within a distance is in one of the areas that are read.
    #[test]
    fn the_areas_reach_as_far_as_they_say() {
        let sys = Sys::real();
        for _ in 0..20_000 {
            let angle = |most: u32| i64::from(sys.below(2 * most * 10_000)) * 100 - i64::from(most) * MICRO;
            let (latitude, longitude) = (angle(80), angle(180));
            let here = Cell::of(Degrees(latitude), Degrees(longitude));
            for kilometres in [1, 2, 5, 10, 20, 50, 100] {
                let step = |n: u32| i64::from(sys.below(2 * n)) - i64::from(n);
                let there = Cell::of(
                    Degrees(latitude + step(kilometres * 9000)),
                    Degrees((longitude + step(kilometres * 50_000)).clamp(-180 * MICRO, 180 * MICRO)),
                );
                let size = Size::reaching(kilometres, here);
                let areas = here.around(size);
                assert!(areas.len() <= 9 && areas.contains(&here.to_string()[..size.0 as usize].to_owned()));
                if here.middle().metres_to(there.middle()) <= i64::from(kilometres) * 990 {
                    assert!(areas.iter().any(|area| there.to_string().starts_with(area)), "{here} {there} {kilometres}");
                }
            }
        }
    }
}
