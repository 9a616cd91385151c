//! Finds customers at Stripe by the request that created them. Only that field is parsed, so that new fields of Stripe cause no errors.
//!
//! They are listed by the time of their creation, and by their mail address if they have one: Stripe's search finds new ones late.

use std::{collections::HashMap, time::Duration};

use kernel::Time;
use miniserde::Deserialize;
use serde::Serialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{Failed, REQUEST};

/// Whether there is time for another request.
pub type HasTime<'a> = dyn Fn() -> bool + Send + Sync + 'a;

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

/// A search for the customers that a request has created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    /// The name of the request.
    pub request: &'a str,
    /// The mail address that was sent with it, if it is known.
    pub email: Option<&'a str>,
    /// When it was first sent.
    pub from: Time,
    /// When it had an effect at the latest.
    pub until: Time,
}

/// The query of a page of a search.
#[derive(Serialize)]
struct Query<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    created: Between,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[derive(Serialize)]
struct Between {
    gte: i64,
    lte: i64,
}

impl StripeRequest for Query<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, "/customers").query(self)
    }
}

/// Stripe's ids of the customers that were searched for. One request for every hundred customers with this address of that time, as long
/// as there is time.
pub(crate) async fn of(client: &Client, search: Search<'_>, has_time: &HasTime<'_>) -> Result<Vec<String>, Failed> {
    let Search { request, email, from, until } = search;
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        if !has_time() {
            return Err(Failed::Unavailable("too many customers to look through".to_owned()));
        }
        let created = Between { gte: (from - DIFFERENCE).seconds(), lte: (until + DIFFERENCE).seconds() };
        let query = Query { email, created, limit: AT_ONCE, starting_after: after.as_deref() };
        let page = Box::pin(query.customize().send(client)).await?;
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
    fn a_mail_address_is_part_of_the_query_if_there_is_one() {
        let query = |email, starting_after| {
            let created = Between { gte: 5, lte: 9 };
            Query { email, created, limit: AT_ONCE, starting_after }.build().query.unwrap()
        };
        assert!(!query(None, None).contains("email") && !query(None, None).contains("after"));
        let next = query(Some("a+b&c@example.test"), Some("cus_1"));
        assert!(next.starts_with("email=a%2Bb%26c") && next.ends_with("&limit=100&starting_after=cus_1"), "{next}");
    }

    #[test]
    fn customers_of_others_may_have_no_metadata() {
        let page = r#"{"data":[{"id":"cus_1"},{"id":"cus_2","metadata":null},{"id":"cus_3","metadata":{"request":"a"},"name":"Ana"},
            {"id":"cus_4","metadata":{"request":"b"}},{"id":"cus_5","metadata":{"of":"others"}}],"has_more":false}"#;
        let found: Vec<String> =
            from_str::<List>(page).unwrap().data.into_iter().filter(|customer| customer.is_by("a")).map(|customer| customer.id).collect();
        assert_eq!(found, ["cus_3"]);
    }
}
