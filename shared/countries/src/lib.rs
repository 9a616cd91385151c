//! Countries as data: their codes, names, calling codes, flags and formats of postal codes.
//!
//! A [`Country`] is always an existing country, and a [`Postcode`] always has the format of its country. `data/README.md` names the sources
//! of the data. A deployment can exclude countries ([`Blocked`]).

mod country;
mod order;
mod postcode;
mod postcode_format;

pub use country::{Blocked, Country};
pub use postcode::Postcode;
pub use postcode_format::Postcodes;
