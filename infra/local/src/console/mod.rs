//! The console: pages for people, and JSON under `/_local/…` for programs. Only on this machine, only for development.
//!
//! | route | |
//! |---|---|
//! | `GET /_local/inbox?to=&after=&wait=` | messages, waiting up to `wait` seconds for the first one |
//! | `DELETE /_local/inbox` | deletes them |
//! | `GET`, `POST /_local/clock` | reads and moves the clock |
//! | `GET`, `POST /_local/limits` | whether the rate limits are lifted, and lifting them: `{"lifted": true}` |
//! | `POST /_local/members` | makes members who are signed in: `{"usernames": ["ana"]}` |
//! | `GET /_local/schedules`, `POST /_local/schedules/{name}/run` | the schedules, and running one now |
//! | `GET /_local/connections`, `DELETE …/{id}` | open sockets, and closing one |
//! | `GET /_local/requests?q=&failed=`, `GET …/{id}` | the last requests, and one with its calls of AWS and log lines |
//! | `GET /_local/events?q=` | the last events on the buses, with their consumers and attempts |
//! | `GET /_local/files?bucket=&prefix=&after=`, `GET …/{bucket}/{key}` | the objects of the buckets |
//! | `GET /_local/tables`, `GET …/{table}?kind=&pk=&q=&limit=&cursor=` | the stored items |
//! | `GET`, `POST`, `DELETE /_local/faults`, `DELETE …/{id}` | the faults of the next calls of a service |
//! | `GET /_local/calls` | the AWS calls of the functions |
//! | `GET`, `POST /_local/breached-passwords` | the breached passwords, the requests for them, and the mode of the stand-in |
//! | `GET`, `POST /_local/captcha` | the mode of the stand-in for captchas, and how many tokens it was asked about |
//! | `GET`, `POST /_local/stripe` | the payments, events and requests of the stand-in for Stripe, paying by hand, and its mode |
//! | `GET /_local/dead-letters`, `POST …/{id}/redrive` | the dead letters, and redriving one |
//! | `GET /_local/alarms`, `POST …/{name}` | the alarms, and raising or ending one: `{"state": "ALARM"}` |

mod alarms;
mod breached;
mod calls;
mod captcha;
mod clock;
mod connections;
mod dead_letters;
mod events;
mod faults;
mod files;
mod guard;
mod inbox;
mod limits;
mod members;
mod overview;
mod pages;
mod requests;
mod schedules;
mod stripe;
pub mod tables;

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::Core;

/// Returns the router of the console.
pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .merge(pages::routes(&core.urls))
        .merge(overview::routes())
        .merge(inbox::routes())
        .merge(clock::routes())
        .merge(limits::routes())
        .merge(members::routes())
        .merge(schedules::routes())
        .merge(connections::routes())
        .merge(requests::routes())
        .merge(events::routes())
        .merge(files::routes())
        .merge(tables::routes())
        .merge(faults::routes())
        .merge(calls::routes())
        .merge(breached::routes())
        .merge(captcha::routes())
        .merge(stripe::routes())
        .merge(dead_letters::routes())
        .merge(alarms::routes())
        .fallback(|| async { ConsoleError::not_found() })
        .layer(middleware::from_fn(guard::guard))
        .with_state(core)
}

/// An error for a program or a page: `{"error": "…"}`.
struct ConsoleError(StatusCode, String);

impl ConsoleError {
    fn not_found() -> Self {
        Self(StatusCode::NOT_FOUND, "There is nothing here".to_owned())
    }

    fn bad_request(why: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, why.to_string())
    }

    fn internal(why: impl ToString) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    }
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
