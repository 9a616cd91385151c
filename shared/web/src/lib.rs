//! HTTP functions: an axum router within the layers of every response, as a [`function::Function`].
//!
//! ```text
//! event ─▶ the gateway's route ─▶ request id, language, client ─▶ deadline ─▶ panic guard ─▶ router ─▶ problem documents ─▶ headers ─▶ event
//! ```
//!
//! Handlers take extractors and return `Result<T, web::Error>`. All errors become problem documents in one place.

mod accept;
mod admits;
mod client;
mod conditional;
mod edge;
mod error;
mod extract;
mod files;
mod idempotency;
mod lambda;
mod layers;
mod list;
mod operations;
mod page;
mod problems;
mod rate;
mod reason;
mod reply;
mod route;

pub use admits::{API_KEY, Admits, BEARER, STEP_UP};
pub use client::{Client, Language, RequestId, access_token, api_key, set_profile_language};
pub use conditional::{IF_MATCH_PATTERN, IfMatch, cached, is_known};
pub use error::Error;
pub use extract::{Json, Path, Query};
pub use files::{File, file};
pub use idempotency::IdempotencyKey;
pub use lambda::function;
pub use layers::log_user;
pub use list::PageQuery;
#[doc(hidden)]
pub use operations::{describe, route};
pub use page::{ButtonPage, LOGO, LinkPage, Page, PasswordField, STYLE, Site, TOOL_STYLE, Widget, about_kind, escaped};
#[doc(hidden)]
pub use pastey::paste;
pub use problems::Problems;
pub use rate::{CLIENT_RATE, LIFTED};
pub use reason::Reason;
pub use reply::{Accepted, Created, NoContent, Versioned};
