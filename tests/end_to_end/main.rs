//! End-to-end tests over real HTTP and WebSocket against the local cloud: one file per feature, one cloud per test. `PROMISES.md`
//! lists the promises that tests name as `Promise: …`.

#![expect(clippy::too_many_lines, reason = "a test tells a story from beginning to end, however long it is")]

mod addresses;
mod admin;
mod api_docs;
mod attachments;
mod bodies;
mod browser;
mod chat;
mod chats;
mod client;
mod codes;
mod console;
mod contacts;
mod countries;
mod deletion;
mod delivery;
mod digests;
mod edge;
mod everything;
mod explained;
mod export;
mod friends;
mod gateway;
mod groups;
mod invites;
mod items;
mod keys;
mod killed;
mod limits;
mod local_cloud;
mod login;
mod matrix;
mod messages;
mod mfa;
mod moderation;
mod notices;
mod notifications;
mod pace;
mod pages;
mod passkeys;
mod password;
mod people;
mod phone_login;
mod picture;
mod profile;
mod registration;
mod repeated;
mod rooms;
mod second_step;
mod security;
mod soak;
mod socket;
mod support;
mod sweep;
