//! The webhook.

use std::time::Duration;

use axum::{body::Bytes, extract::State};
use http::HeaderMap;
use kernel::{Kind, Problem};
use payments::HandledEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stripe_api::{Settled, settle};
use tokio::time::timeout;
use utoipa::ToSchema;
use web::{Json, Problems};

use crate::{UNREADABLE_EVENTS, UNUSED_EVENTS};

/// How long a stored donation, plan payment or order waits for its payment at Stripe, which is created after it.
pub(crate) const PAYMENT_EXPECTED_WITHIN: Duration = Duration::from_secs(3600);

/// The prefixes of the event types that are used.
const USED: [&str; 4] = ["payment_intent.", "charge.", "refund.", "radar.early_fraud_warning."];

/// An event of Stripe, of any version, with the members that are read.
#[derive(Deserialize, ToSchema)]
pub struct StripeEvent {
    /// The id. Ids of Stripe have up to 255 characters.
    #[schema(max_length = 255, examples("evt_1RtQ2bFq8Zr2mV7x"))]
    id: String,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(max_length = 255, examples("payment_intent.succeeded"))]
    kind: String,
    /// Whether it is from live mode, with real money.
    #[schema(examples(false))]
    livemode: bool,
    /// The object of the event.
    data: StripeEventData,
}

/// The object of an event of Stripe.
#[derive(Deserialize, ToSchema)]
pub struct StripeEventData {
    /// The object at that time. Only its id is used, or the id of its payment.
    #[schema(value_type = Object)]
    object: Value,
}

impl StripeEvent {
    /// Stripe's id of the payment of the event, if it has one.
    fn intent<'a>(&'a self) -> Option<&'a str> {
        if !USED.iter().any(|used| self.kind.starts_with(used)) {
            return None;
        }
        let object = &self.data.object;
        let text = |member: &'a Value| member.as_str().filter(|id| is_intent(id));
        // The member has the id of the payment, or the whole payment.
        let within = object.get("payment_intent").and_then(|intent| text(intent).or_else(|| intent.get("id").and_then(text)));
        object.get("id").and_then(text).or(within)
    }
}

/// Returns whether this is the id of a payment, because it becomes a part of a URL.
fn is_intent(id: &str) -> bool {
    id.strip_prefix("pi_")
        .is_some_and(|rest| (1..=250).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// The outcome of an event, which Stripe's dashboard shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Stripe's state of the payment was applied.
    Applied,
    /// The event was handled before.
    HandledBefore,
    /// The event is of a type that is not used, or its payment is unknown.
    Ignored,
}

/// The answer to an event.
#[derive(Serialize, ToSchema)]
pub struct EventReceipt {
    /// The outcome.
    outcome: Outcome,
}

/// Receives an event of Stripe, signed with a secret of the endpoint.
///
/// AWS calls: a read of the event; a request to Stripe; a read of what is paid; a transaction. None for events that are not used.
#[utoipa::path(post, path = "/v1/stripe-events",
    params(("Stripe-Signature" = String, Header, max_length = 4096, description = "The time, and an HMAC-SHA-256 of the time and the bytes of the body.", example = "t=1893499200,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")),
    request_body(content = StripeEvent, description = "An event, as Stripe sends it.",
        example = json!({ "id": "evt_1RtQ2bFq8Zr2mV7x", "type": "payment_intent.succeeded", "livemode": false, "data": { "object": { "id": "pi_3RtQ2bFq8Zr2mV7x" } } })),
    extensions(("x-problems" = json!(["malformed", "conflict", "unavailable"]))),
    responses((status = 200, body = EventReceipt), Problems))]
pub async fn receive_stripe_event(
    State(s): State<crate::State>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<EventReceipt>, web::Error> {
    let signature = headers.get("stripe-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !s.secrets.verify(signature, &body, s.sys.now()) {
        tracing::warn!("the signature of an event is wrong or too old");
        return Err(Kind::Malformed.because("the signature of the event is wrong or too old").into());
    }
    let receipt = |outcome| Ok(Json(EventReceipt { outcome }));
    // A signed event is not an attack. A 4xx for an unknown form would only make Stripe deliver it for three days.
    let Ok(event) = serde_json::from_slice::<StripeEvent>(&body) else {
        tracing::error!("an event of Stripe cannot be parsed");
        s.table.report(&[(UNREADABLE_EVENTS, 1)]);
        return receipt(Outcome::Ignored);
    };
    if event.livemode != s.stripe.is_live() {
        return Err(Kind::Malformed.because("the event is of the other mode, test or live").into());
    }
    let Some(intent) = event.intent() else {
        tracing::info!(event.kind, "an event of a type that is not used");
        s.table.report(&[(UNUSED_EVENTS, 1)]);
        return receipt(Outcome::Ignored);
    };
    if s.table.get::<HandledEvent>(HandledEvent::key_of(&event.id)).await?.is_some() {
        return receipt(Outcome::HandledBefore);
    }
    let settling = Box::pin(settle(&s.table, &s.sys, &s.stripe, intent, Some(&event.id)));
    let Ok(settled) = timeout(s.patience, settling).await else {
        return Err(Problem::unavailable("Stripe takes too long to answer").into());
    };
    match settled? {
        Settled::Donation(_) | Settled::Plan(_) | Settled::Order(_) | Settled::Record => receipt(Outcome::Applied),
        Settled::Before => receipt(Outcome::HandledBefore),
        Settled::Foreign | Settled::Gone => receipt(Outcome::Ignored),
        Settled::Missing(payment) if s.sys.now().since(payment.created_at) < PAYMENT_EXPECTED_WITHIN => {
            Err(Problem::unavailable("what is paid is not there yet").into())
        }
        Settled::Missing(_) => {
            tracing::error!("an event is about an unknown payment");
            receipt(Outcome::Ignored)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(kind: &str, object: Value) -> Option<String> {
        let event = serde_json::json!({ "id": "evt_1", "type": kind, "livemode": false, "data": { "object": object }, "of_tomorrow": 1 });
        serde_json::from_value::<StripeEvent>(event).unwrap().intent().map(str::to_owned)
    }

    #[test]
    fn an_event_names_its_payment() {
        use serde_json::json;
        let one = Some("pi_1aB".to_owned());
        assert_eq!(intent("payment_intent.succeeded", json!({ "id": "pi_1aB" })), one);
        assert_eq!(intent("charge.refunded", json!({ "id": "ch_1", "payment_intent": "pi_1aB" })), one);
        assert_eq!(intent("charge.dispute.created", json!({ "id": "dp_1", "payment_intent": { "id": "pi_1aB" } })), one);
        assert_eq!(intent("refund.failed", json!({ "id": "re_1", "payment_intent": "pi_1aB" })), one);
        for (kind, object) in [
            ("customer.created", json!({ "id": "cus_1" })),
            ("of.tomorrow", json!({ "id": "pi_1aB" })),
            ("charge.succeeded", json!({ "id": "ch_1", "payment_intent": null })),
            ("payment_intent.succeeded", json!({ "id": "pi_../../customers" })),
            ("payment_intent.succeeded", json!({ "id": "pi_" })),
            ("payment_intent.succeeded", json!("pi_1aB")),
        ] {
            assert_eq!(intent(kind, object.clone()), None, "{kind} {object}");
        }
    }
}
