//! Countries as data: their codes, names, calling codes and flags, and what their postal codes look like.
//!
//! [`Country`] and [`Postcode`] are parsed once, at the edge: a value of these types is a country that exists, and a code that has the
//! form of its country. `data/README.md` says where the data is from. Which countries a deployment excludes is a setting ([`Blocked`]).

mod country;
mod order;
mod postcode;

pub use country::{Blocked, Country};
pub use postcode::{Postcode, Postcodes};
