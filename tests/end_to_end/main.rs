//! The promises, kept over real HTTP and WebSocket against the local cloud: one file per feature, one cloud per test.

mod login;
mod registration;
