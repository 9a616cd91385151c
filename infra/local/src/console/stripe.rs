//! `/_local/stripe`: the stand-in for Stripe.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ConsoleError;
use crate::{
    Core,
    outside::{
        Mode,
        stripe::{Act, StripeEvent, StripeRequest, Webhooks},
    },
};

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/stripe", get(read).post(change))
}

#[derive(Serialize)]
struct StripeReading {
    /// The address of Stripe's API, if payments are made there and the stand-in is off.
    real: Option<String>,
    mode: Mode,
    webhooks: Webhooks,
    /// The newest first.
    payments: Vec<Value>,
    /// Oldest first.
    events: Vec<StripeEvent>,
    /// Oldest first.
    asked: Vec<StripeRequest>,
}

/// One of: `{"payment": "pi_…", "act": {"card": "4242…"}}` or `blik`, `p24`, `confirm`, `fail_to_confirm`, `bank_pays`,
/// `bank_refuses`, `dispute`, `win_dispute`, `lose_dispute`, `{"refund": null}`, `fail_refunds`, `{"fail_refunds_of": 500}`,
/// `{"refuse_refunds": true}`, `cancel`;
/// `{"mode": "well"}` or `slow`, `down`, `garbled`, `lost`, `fails_before`, `fails_after`, `busy`, `limited`;
/// `{"webhooks": "at_once"}` or `twice`, `{"after": 60}`, `held`, `lost`; `{"deliver": "evt_…"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StripeChange {
    payment: Option<String>,
    act: Option<Act>,
    mode: Option<Mode>,
    webhooks: Option<Webhooks>,
    deliver: Option<String>,
}

fn real(core: &Core) -> Option<&str> {
    (!core.urls.stands_in_for_stripe()).then_some(core.urls.stripe.as_str())
}

async fn read(State(core): State<Arc<Core>>) -> Json<StripeReading> {
    let stripe = &core.outside.stripe;
    Json(StripeReading {
        real: real(&core).map(str::to_owned),
        mode: stripe.mode(),
        webhooks: stripe.webhooks(),
        payments: stripe.payments(),
        events: stripe.events(),
        asked: stripe.asked(),
    })
}

async fn change(State(core): State<Arc<Core>>, Json(change): Json<StripeChange>) -> Result<Json<StripeReading>, ConsoleError> {
    if let Some(real) = real(&core) {
        return Err(ConsoleError::bad_request(format!("payments are made at {real}, and the stand-in is off")));
    }
    let stripe = &core.outside.stripe;
    match change {
        StripeChange { payment: Some(payment), act: Some(act), mode: None, webhooks: None, deliver: None } => {
            stripe.act(&core, &payment, &act).map_err(ConsoleError::bad_request)?;
        }
        StripeChange { payment: None, act: None, mode: Some(mode), webhooks: None, deliver: None } => stripe.be(mode),
        StripeChange { payment: None, act: None, mode: None, webhooks: Some(webhooks), deliver: None } => stripe.send_webhooks(webhooks),
        StripeChange { payment: None, act: None, mode: None, webhooks: None, deliver: Some(event) } => {
            stripe.deliver(&core, &event).await.map_err(ConsoleError::bad_request)?;
        }
        _ => return Err(ConsoleError::bad_request("give a payment with an act, or exactly one of mode, webhooks and deliver")),
    }
    Ok(read(State(core)).await)
}
