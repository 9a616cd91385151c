//! The vocabulary of all other crates: time, ids, configuration, secrets, languages, problems.
//!
//! This crate does no I/O and depends on neither AWS nor HTTP. The clock and the random source are in [`Sys`], from which all
//! code takes times, randomness and ids.

pub mod audit;
pub mod client;
pub mod clock;
pub mod conversation;
pub mod crypto;
pub mod env;
pub mod fields;
pub mod id;
pub mod json;
pub mod locale;
pub mod mask;
pub mod opaque;
pub mod origins;
pub mod patch;
pub mod problem;
pub mod secret;
pub mod text;

pub use client::{Client, Origin};
pub use clock::{Sys, Time, Timestamp};
pub use env::{ConfigError, Env};
pub use fields::{FieldError, Fields, PAGE, PAGE_MAX, page_limit};
pub use id::Id;
pub use locale::{Locale, Messages};
pub use origins::Origins;
pub use patch::PatchMember;
pub use problem::{Kind, Problem};
pub use secret::Secret;
