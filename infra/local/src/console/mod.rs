//! The console: pages for people, and under `/_local/…` the same for programs. Only on this machine, only in development.
//!
//! | route | |
//! |---|---|
//! | `GET /_local/inbox?to=&after=&wait=` | messages, waiting up to `wait` seconds for the first one |
//! | `DELETE /_local/inbox` | forgets them |
//! | `GET`, `POST /_local/clock` | reads and moves the clock |
//! | `GET /_local/schedules`, `POST /_local/schedules/{name}/run` | what runs by itself, and running it now |
//! | `GET /_local/connections`, `DELETE …/{id}` | open sockets, and cutting one |
//! | `GET /_local/tables`, `GET …/{table}?kind=&pk=&limit=&cursor=` | what is stored |
//! | `GET /_local/calls` | what the functions asked of AWS |
//! | `GET`, `POST /_local/breached-passwords` | what the stand-in knows and was asked, and what becomes of it |
//! | `GET /_local/dead-letters`, `POST …/{id}/redrive` | what was given up, and sending it again |

mod breached;
mod calls;
mod clock;
mod connections;
mod dead_letters;
mod guard;
mod inbox;
mod overview;
mod pages;
mod schedules;
mod tables;

use std::sync::Arc;

use axum::{
    Json, Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::Core;

/// Everything the console answers.
pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(overview::routes())
        .merge(inbox::routes())
        .merge(clock::routes())
        .merge(schedules::routes())
        .merge(connections::routes())
        .merge(tables::routes())
        .merge(calls::routes())
        .merge(breached::routes())
        .merge(dead_letters::routes())
        .fallback(|| async { Refused::nothing_here() })
        .layer(middleware::from_fn(guard::guard))
        .with_state(core)
}

/// What a program or a page is told instead: `{"error": "…"}`.
struct Refused(StatusCode, String);

impl Refused {
    fn nothing_here() -> Self {
        Self(StatusCode::NOT_FOUND, "There is nothing here".to_owned())
    }

    fn asked_wrong(why: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, why.to_string())
    }

    fn broken(why: impl ToString) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
