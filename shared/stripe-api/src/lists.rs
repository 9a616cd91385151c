//! Walks through lists of Stripe. Only the fields that searches compare are parsed, so that new fields of Stripe cause no errors.

use std::collections::HashMap;

use miniserde::Deserialize;
use serde::Serialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::Failed;

/// Whether there is time for another request.
pub type HasTime<'a> = dyn Fn() -> bool + Send + Sync + 'a;

/// The maximum number of entries of one response (Stripe).
const AT_ONCE: u32 = 100;

#[derive(Deserialize)]
pub(crate) struct List {
    pub data: Vec<Created>,
    has_more: bool,
}

/// An entry of a list.
#[derive(Deserialize)]
pub(crate) struct Created {
    pub id: String,
    /// Customers have none.
    pub status: Option<String>,
    pub metadata: Option<HashMap<String, String>>,
}

/// The query of a page of a list.
#[derive(Serialize)]
pub(crate) struct Query<'a> {
    #[serde(skip)]
    pub path: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<&'a str>,
    pub created: Between,
    pub limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting_after: Option<&'a str>,
}

/// Times of creation, in seconds.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Between {
    pub gte: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lte: Option<i64>,
}

impl<'a> Query<'a> {
    /// Returns the first page of the list at this path.
    pub(crate) const fn new(path: &'static str, created: Between) -> Self {
        Self { path, email: None, customer: None, created, limit: AT_ONCE, starting_after: None }
    }

    fn after(&self, last: Option<&'a str>) -> Self {
        Self { starting_after: last, ..*self }
    }
}

impl StripeRequest for Query<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, self.path).query(self)
    }
}

/// Returns the ids of those entries of a list that `is_own` selects, in the order of the list. One request for every hundred entries, as
/// long as there is time.
pub(crate) async fn ids(
    client: &Client,
    first: Query<'_>,
    is_own: impl Fn(&Created) -> bool,
    has_time: &HasTime<'_>,
) -> Result<Vec<String>, Failed> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        if !has_time() {
            return Err(Failed::Unavailable(format!("too many entries of {} to look through", first.path)));
        }
        let page = Box::pin(first.after(after.as_deref()).customize().send(client)).await?;
        after = page.data.last().map(|entry| entry.id.clone()).filter(|_| page.has_more);
        found.extend(page.data.into_iter().filter(&is_own).map(|entry| entry.id));
        if after.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_is_part_of_the_query_if_there_is_one() {
        let first = |email| Query { email, ..Query::new("/customers", Between { gte: 5, lte: Some(9) }) };
        let query = |email, last| first(email).after(last).build().query.unwrap();
        assert!(!query(None, None).contains("email") && !query(None, None).contains("after"));
        let next = query(Some("a+b&c@example.test"), Some("cus_1"));
        assert!(next.starts_with("email=a%2Bb%26c") && next.ends_with("&limit=100&starting_after=cus_1"), "{next}");
    }

    #[test]
    fn a_list_without_an_end_has_none_in_its_query() {
        let query = Query { customer: Some("cus_1"), ..Query::new("/payment_intents", Between { gte: 5, lte: None }) };
        let query = query.build().query.unwrap();
        assert!(query.starts_with("customer=cus_1&") && query.contains("gte") && !query.contains("lte"), "{query}");
    }
}
