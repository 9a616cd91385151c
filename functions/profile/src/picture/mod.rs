//! Profile pictures: uploading, showing, removing.

pub mod remove;
pub mod show;
pub mod upload;

pub use accounts::picture::{Links, Picture};
