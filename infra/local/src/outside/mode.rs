//! The modes of a stand-in: how it answers.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

/// The delay of [`Mode::Slow`]: longer than any function waits.
pub(super) const SLOW: Duration = Duration::from_secs(10);

/// How a service answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The service executes the request and answers.
    #[default]
    Well,
    /// The service waits ten seconds, and then does the same.
    Slow,
    /// The service does nothing, and answers with 503.
    Down,
    /// The service does nothing, and answers with an HTML page.
    Garbled,
    /// The service executes the request, but its answer is lost on the way: the caller gets 500 from a proxy.
    Lost,
    /// The service does nothing, and answers with 500. Stripe repeats this answer for the same idempotency key, for a day.
    FailsBefore,
    /// The service executes the request, and answers with 500. Stripe repeats this answer for the same idempotency key, for a day.
    FailsAfter,
    /// The service does nothing, and answers that the same request is being handled: 409. Stripe also does so in the other modes while it
    /// handles a request with the same idempotency key.
    Busy,
    /// The service does nothing, and answers that there are too many requests: 429.
    Limited,
}

impl Mode {
    /// Returns the answer of a service that does this `work` and has no errors of its own.
    pub(super) async fn answer(self, work: impl FnOnce() -> Response) -> Response {
        match self {
            Self::Well => work(),
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                work()
            }
            Self::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Garbled => garbled(),
            Self::FailsBefore => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Self::Lost | Self::FailsAfter => {
                drop(work());
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Busy => StatusCode::CONFLICT.into_response(),
            Self::Limited => StatusCode::TOO_MANY_REQUESTS.into_response(),
        }
    }
}

/// Returns an HTML page, as a proxy between a client and a service returns it.
pub(super) fn garbled() -> Response {
    Html("<!doctype html><title>Just a moment</title>").into_response()
}
