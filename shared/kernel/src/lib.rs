//! The vocabulary every other crate speaks: time, ids, configuration, secrets, languages, problems.
//!
//! Nothing here does I/O, and nothing here knows AWS or HTTP. The two doors to nondeterminism, the clock and the
//! random source, are [`Sys`]; everything that expires or is drawn takes its time and its randomness from there.

pub mod client;
pub mod clock;
pub mod crypto;
pub mod env;
pub mod fields;
pub mod id;
pub mod locale;
pub mod mask;
pub mod opaque;
pub mod problem;
pub mod secret;

pub use client::Client;
pub use clock::{Sys, Time, Timestamp};
pub use env::{ConfigError, Env};
pub use fields::{FieldError, Fields, page_limit};
pub use id::Id;
pub use locale::{Locale, Messages};
pub use problem::{Kind, Problem};
pub use secret::Secret;
