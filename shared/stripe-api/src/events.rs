//! Events of Stripe that were not delivered. Only the payment of each is parsed, so that new fields of Stripe cause no errors.

use kernel::Time;
use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::Failed;

/// The maximum number of events of one response (Stripe).
const AT_ONCE: u32 = 100;

/// An event that was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Stripe's id of the event.
    pub event: String,
    /// Stripe's id of the payment that it is about.
    pub intent: String,
}

/// A page of events that were not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeliveredPage {
    /// The events that are about payments.
    pub events: Vec<Undelivered>,
    /// The event after which the next page begins, if there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Event>,
    has_more: bool,
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

struct ListUndelivered<'a> {
    since: Time,
    after: Option<&'a str>,
}

impl StripeRequest for ListUndelivered<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let since = self.since.seconds();
        let after = self.after.map(|event| format!("&starting_after={event}")).unwrap_or_default();
        let path = format!("/events?created[gte]={since}&delivery_success=false&limit={AT_ONCE}{after}");
        RequestBuilder::new(StripeMethod::Get, path)
    }
}

pub(crate) async fn list(client: &Client, since: Time, after: Option<&str>) -> Result<UndeliveredPage, Failed> {
    let found = Box::pin(ListUndelivered { since, after }.customize().send(client)).await?;
    let next = found.data.last().map(|event| event.id.clone()).filter(|_| found.has_more);
    let one = |event: Event| {
        let own = event.data.object.id.filter(|id| id.starts_with("pi_"));
        Some(Undelivered { event: event.id, intent: own.or(event.data.object.payment_intent)? })
    };
    Ok(UndeliveredPage { events: found.data.into_iter().filter_map(one).collect(), next })
}
