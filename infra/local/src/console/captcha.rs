//! `/_local/captcha`: the stand-in for the service of captchas.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};

use crate::{Core, outside::Mode};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/captcha", get(read).post(change))
}

#[derive(Serialize)]
struct CaptchaReading {
    mode: Mode,
    /// How many requests to verify a token the stand-in got.
    verified: u64,
}

/// `{"mode": "well"}`, or `slow`, `down`, `garbled`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptchaChange {
    mode: Mode,
}

async fn read(State(core): State<Arc<Core>>) -> Json<CaptchaReading> {
    let captchas = &core.outside.captchas;
    Json(CaptchaReading { mode: captchas.mode(), verified: captchas.verified() })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<CaptchaChange>) -> Json<CaptchaReading> {
    core.outside.captchas.be(change.mode);
    read(State(core)).await
}
