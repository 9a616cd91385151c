//! Finds customers at Stripe by the request that created them. Only that field is parsed, so that new fields of Stripe cause no errors.
//!
//! They are listed by the time of their creation: Stripe's search finds new ones late, and a mail address may be empty.

use std::{collections::HashMap, time::Duration};

use kernel::Time;
use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{Failed, REQUEST};

/// The maximum number of customers of one response (Stripe).
const AT_ONCE: u32 = 100;
/// The tolerated difference between Stripe's clock and ours.
pub(crate) const DIFFERENCE: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
struct List {
    data: Vec<Created>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    metadata: Option<HashMap<String, String>>,
}

impl Created {
    fn is_by(&self, request: &str) -> bool {
        self.metadata.as_ref().and_then(|metadata| metadata.get(REQUEST)).is_some_and(|name| name == request)
    }
}

struct ListCreated<'a> {
    from: Time,
    until: Time,
    after: Option<&'a str>,
}

impl StripeRequest for ListCreated<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let (from, until) = (self.from.seconds(), self.until.seconds());
        let after = self.after.map(|customer| format!("&starting_after={customer}")).unwrap_or_default();
        let path = format!("/customers?created[gte]={from}&created[lte]={until}&limit={AT_ONCE}{after}");
        RequestBuilder::new(StripeMethod::Get, path)
    }
}

/// Stripe's ids of the customers that this request has created between these times.
pub(crate) async fn of(client: &Client, request: &str, from: Time, until: Time) -> Result<Vec<String>, Failed> {
    let (from, until) = (from - DIFFERENCE, until + DIFFERENCE);
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = Box::pin(ListCreated { from, until, after: after.as_deref() }.customize().send(client)).await?;
        after = page.data.last().map(|customer| customer.id.clone()).filter(|_| page.has_more);
        let own = page.data.into_iter().filter(|customer| customer.is_by(request));
        found.extend(own.map(|customer| customer.id));
        if after.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use miniserde::json::from_str;

    use super::*;

    #[test]
    fn customers_of_others_may_have_no_metadata() {
        let page = r#"{"data":[{"id":"cus_1"},{"id":"cus_2","metadata":null},{"id":"cus_3","metadata":{"request":"a"},"name":"Ana"},
            {"id":"cus_4","metadata":{"request":"b"}},{"id":"cus_5","metadata":{"of":"others"}}],"has_more":false}"#;
        let found: Vec<String> =
            from_str::<List>(page).unwrap().data.into_iter().filter(|customer| customer.is_by("a")).map(|customer| customer.id).collect();
        assert_eq!(found, ["cus_3"]);
    }
}
