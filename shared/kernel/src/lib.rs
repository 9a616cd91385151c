//! The vocabulary of all other crates: time, ids, configuration, secrets, languages, problems.
//!
//! This crate depends on neither AWS nor HTTP. All code takes times, randomness and ids from [`Sys`], and configuration from [`Env`].

pub mod audit;
pub mod client;
pub mod clock;
pub mod conversation;
pub mod crypto;
pub mod env;
mod field_error;
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
mod timestamp;

pub use client::{Client, Origin};
pub use clock::Sys;
pub use env::{ConfigError, Env};
pub use field_error::FieldError;
pub use fields::{Fields, PAGE, PAGE_MAX, page_limit};
pub use id::Id;
pub use locale::{Locale, Messages};
pub use origins::Origins;
pub use patch::{PatchMember, not_null};
pub use problem::{Kind, Problem};
pub use secret::Secret;
pub use timestamp::{Time, Timestamp};
