//! Creates the webhook endpoint at Stripe.

use kernel::Secret;
use miniserde::Deserialize;
use serde::Serialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod, VERSION};

use crate::Failed;

/// The types of events that are subscribed to: those that have an effect here.
const EVENTS: [&str; 14] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

#[derive(Serialize)]
struct CreateEndpoint<'a> {
    url: &'a str,
    enabled_events: [&'static str; 14],
    api_version: &'a str,
}

#[derive(Deserialize)]
struct Endpoint {
    secret: String,
}

impl StripeRequest for CreateEndpoint<'_> {
    type Output = Endpoint;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Post, "/webhook_endpoints").form(self)
    }
}

pub(crate) async fn create(client: &Client, url: &str) -> Result<Secret, Failed> {
    let version = VERSION;
    let request = CreateEndpoint { url, enabled_events: EVENTS, api_version: version.as_str() };
    let created = Box::pin(request.customize().send(client)).await?;
    Ok(Secret::new(created.secret))
}
