//! The promises, kept over real HTTP and WebSocket against the local cloud: one file per feature, one cloud per test.

mod addresses;
mod admin;
mod api_docs;
mod browser;
mod chat;
mod contacts;
mod deletion;
mod delivery;
mod export;
mod gateway;
mod invites;
mod killed;
mod local_cloud;
mod login;
mod matrix;
mod mfa;
mod passkeys;
mod password;
mod phone_login;
mod picture;
mod profile;
mod registration;
mod rooms;
mod second_step;
mod security;
mod socket;
