//! Stand-ins for services outside AWS: one listener for all of them, with a path for each.
//!
//! They have state, show the requests that they got, and can be set to fail.

pub mod breached;
pub mod captcha;
mod mode;
pub mod stripe;

use std::sync::Arc;

use axum::Router;

use crate::{Core, StartError, Storage};
use breached::Breached;
use captcha::Captchas;
use stripe::Stripe;

pub use mode::Mode;

/// The state of the stand-ins.
pub struct State {
    /// The service of breached passwords.
    pub breached: Breached,
    /// The service of captchas.
    pub captchas: Captchas,
    /// Stripe.
    pub stripe: Stripe,
}

impl State {
    /// Opens the state. Without the stand-in for Stripe, what it knew of earlier payments stays in its file.
    ///
    /// # Errors
    /// [`StartError::State`] if a file is damaged.
    pub fn open(storage: &Storage, stands_in_for_stripe: bool) -> Result<Self, StartError> {
        Ok(Self {
            breached: Breached::open(storage.path("breached-passwords.json"))?,
            captchas: Captchas::default(),
            stripe: Stripe::open(storage.path("stripe.json").filter(|_| stands_in_for_stripe))?,
        })
    }
}

/// Returns the router of all stand-ins.
pub fn router(core: Arc<Core>) -> Router {
    let mut router = Router::new().nest(breached::PATH, breached::routes()).nest(captcha::PATH, captcha::routes());
    if core.urls.stands_in_for_stripe() {
        router = router.nest(stripe::PATH, stripe::routes());
    }
    router.with_state(core)
}
