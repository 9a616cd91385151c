//! Stand-ins for services outside AWS: one listener for all of them, with a path for each.
//!
//! They have state, they show the requests they got, and they can be told to fail.

pub mod breached;
pub mod captcha;
pub mod stripe;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use crate::{Core, StartError, Storage};
use breached::Breached;
use captcha::Captchas;
use stripe::Stripe;

/// The delay of [`Mode::Slow`]: longer than any function waits.
const SLOW: Duration = Duration::from_secs(10);

/// How a service answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It answers.
    #[default]
    Well,
    /// It answers after ten seconds.
    Slow,
    /// It does nothing, and answers with 503.
    Down,
    /// It does nothing, and answers with an HTML page.
    Garbled,
    /// It does what it is asked, and then answers with 500.
    Lost,
    /// It says that the same request is being handled: 409.
    Busy,
    /// It says that there are too many requests: 429.
    Limited,
}

impl Mode {
    /// The answer of a service that does this `work` and has no errors of its own.
    async fn answer(self, work: impl FnOnce() -> Response) -> Response {
        match self {
            Self::Well => work(),
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                work()
            }
            Self::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Garbled => garbled(),
            Self::Lost => {
                drop(work());
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Busy => StatusCode::CONFLICT.into_response(),
            Self::Limited => StatusCode::TOO_MANY_REQUESTS.into_response(),
        }
    }
}

/// The page of something between a client and a service.
fn garbled() -> Response {
    Html("<!doctype html><title>Just a moment</title>").into_response()
}

/// The state of the stand-ins.
pub struct State {
    /// The service that knows breached passwords.
    pub breached: Breached,
    /// The service that tells people from programs.
    pub captchas: Captchas,
    /// Stripe.
    pub stripe: Stripe,
}

impl State {
    /// Opens the state.
    ///
    /// # Errors
    /// [`StartError::State`] if a file is damaged.
    pub fn open(storage: &Storage) -> Result<Self, StartError> {
        Ok(Self {
            breached: Breached::open(storage.path("breached-passwords.json"))?,
            captchas: Captchas::default(),
            stripe: Stripe::open(storage.path("stripe.json"))?,
        })
    }
}

/// The router of all stand-ins.
pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .nest(breached::PATH, breached::routes())
        .nest(captcha::PATH, captcha::routes())
        .nest(stripe::PATH, stripe::routes())
        .with_state(core)
}
