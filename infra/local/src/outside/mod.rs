//! Stand-ins for the services that are not AWS's: one listener for all of them, told apart by the path.
//!
//! They keep state, they show what they were asked, and they can be told to fail.

pub mod breached;

use std::sync::Arc;

use axum::Router;

use crate::{Core, StartError, Storage};
use breached::Breached;

/// What stands behind the listener.
pub struct State {
    /// Who knows passwords from breaches.
    pub breached: Breached,
}

impl State {
    /// Opens the state.
    ///
    /// # Errors
    /// [`StartError::State`] if a file of it is damaged.
    pub fn open(storage: &Storage) -> Result<Self, StartError> {
        Ok(Self { breached: Breached::open(storage.path("breached-passwords.json"))? })
    }
}

/// All stand-ins.
pub fn router(core: Arc<Core>) -> Router {
    Router::new().nest(breached::PATH, breached::routes()).with_state(core)
}
