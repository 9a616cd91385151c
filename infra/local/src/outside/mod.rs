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

/// The delay of [`Mode::Slow`].
const SLOW: Duration = Duration::from_secs(5);

/// How a service answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It answers.
    #[default]
    Well,
    /// It answers after five seconds.
    Slow,
    /// It answers with 503.
    Down,
    /// It answers with an HTML page.
    Garbled,
}

impl Mode {
    /// What it answers with instead, if it fails.
    async fn failure(self) -> Option<Response> {
        match self {
            Self::Well => None,
            Self::Slow => {
                tokio::time::sleep(SLOW).await;
                None
            }
            Self::Down => Some(StatusCode::SERVICE_UNAVAILABLE.into_response()),
            Self::Garbled => Some(Html("<!doctype html><title>Just a moment</title>").into_response()),
        }
    }
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
