//! `/_local/captcha`: the stand-in for the service that tells people from programs.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};

use crate::{Core, outside::Mode};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/captcha", get(read).post(change))
}

#[derive(Serialize)]
struct CaptchaReading {
    mood: Mode,
    /// How many requests to verify a token it got.
    verified: u64,
}

/// `{"mood": "well"}`, or `slow`, `down`, `garbled`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptchaChange {
    mood: Mode,
}

async fn read(State(core): State<Arc<Core>>) -> Json<CaptchaReading> {
    let captchas = &core.outside.captchas;
    Json(CaptchaReading { mood: captchas.mood(), verified: captchas.verified() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<CaptchaChange>) -> Json<CaptchaReading> {
    core.outside.captchas.be(change.mood);
    read(State(core)).await
}
