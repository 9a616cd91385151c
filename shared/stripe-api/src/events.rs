//! Events of Stripe that were not delivered, read tolerantly: of each only which payment it is about.

use kernel::Time;
use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::Failed;

/// The most events of one answer (Stripe).
const AT_ONCE: &str = "100";

/// An event that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Stripe's id of the event.
    pub event: String,
    /// Stripe's id of the payment that it is about.
    pub intent: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    payment_intent: Option<String>,
}

struct ListUndelivered {
    since: String,
}

impl StripeRequest for ListUndelivered {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let query = [("created[gte]", self.since.as_str()), ("delivery_success", "false"), ("limit", AT_ONCE)];
        let path = query.map(|(name, value)| format!("{name}={value}")).join("&");
        RequestBuilder::new(StripeMethod::Get, format!("/events?{path}"))
    }
}

pub(crate) async fn list(client: &Client, since: Time) -> Result<Vec<Undelivered>, Failed> {
    let found = ListUndelivered { since: since.seconds().to_string() }.customize().send(client);
    let found = Box::pin(found).await?;
    let one = |event: Event| {
        let own = event.data.object.id.filter(|id| id.starts_with("pi_"));
        Some(Undelivered { event: event.id, intent: own.or(event.data.object.payment_intent)? })
    };
    Ok(found.data.into_iter().filter_map(one).collect())
}
