//! The AWS endpoints: one listener for all of them.
//!
//! What the core relies on, to be kept when this is filled in:
//! [`State::open`] creates the tables and buckets that are not there yet, [`router`] answers every service
//! (the core listens and serves it), [`start`] spawns what runs in the background (stream mappings, TTL sweep).

pub mod calls;
pub mod faults;
mod glob;
pub mod iam;
pub mod pattern;
mod service;
pub mod sigv4;

use std::sync::Arc;

use axum::Router;
use calls::Calls;
use faults::Faults;
pub use service::Service;
use tokio::task::JoinSet;

use crate::{Core, StartError, Storage, clock::Clock, template::Template};

/// What stands behind the endpoints.
pub struct State {
    /// What was called.
    pub calls: Calls,
    /// What is to fail.
    pub faults: Faults,
}

impl State {
    /// Opens the state and creates what the template has and the state lacks.
    ///
    /// # Errors
    /// [`StartError::State`] if the state folder is damaged, [`StartError::Template`] if a table or policy is not accepted.
    pub async fn open(template: &Template, storage: &Storage, clock: &Clock) -> Result<Self, StartError> {
        std::future::ready(()).await;
        drop((template.clone(), storage.clone(), clock.clone()));
        Ok(Self { calls: Calls::default(), faults: Faults::default() })
    }
}

/// The endpoints.
pub fn router(core: Arc<Core>) -> Router {
    Router::new().with_state(core)
}

/// Spawns what runs in the background.
pub fn start(core: &Arc<Core>, tasks: &mut JoinSet<()>) {
    drop((core.clone(), tasks.len()));
}
