//! Finds customers at Stripe by the request that created them.
//!
//! They are listed by the time of their creation, and by their mail address if they have one: Stripe's search finds new ones late.

use std::time::Duration;

use kernel::Time;
use stripe::Client;

use crate::{
    Failed, REQUEST,
    lists::{self, Between, Created, HasTime, Query},
};

/// The tolerated difference between Stripe's clock and ours.
pub(crate) const DIFFERENCE: Duration = Duration::from_secs(300);

/// Returns whether this request created the customer.
fn is_by(customer: &Created, request: &str) -> bool {
    customer.metadata.as_ref().and_then(|metadata| metadata.get(REQUEST)).is_some_and(|name| name == request)
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

/// Stripe's ids of the customers that were searched for. One request for every hundred customers with this address of that time, as long
/// as there is time.
pub(crate) async fn of(client: &Client, search: Search<'_>, has_time: &HasTime<'_>) -> Result<Vec<String>, Failed> {
    let Search { request, email, from, until } = search;
    let created = Between { gte: (from - DIFFERENCE).seconds(), lte: Some((until + DIFFERENCE).seconds()) };
    let query = Query { email, ..Query::new("/customers", created) };
    lists::ids(client, query, |customer| is_by(customer, request), has_time).await
}

#[cfg(test)]
mod tests {
    use miniserde::json::from_str;

    use super::*;
    use crate::lists::List;

    #[test]
    fn customers_of_others_may_have_no_metadata() {
        let page = r#"{"data":[{"id":"cus_1"},{"id":"cus_2","metadata":null},{"id":"cus_3","metadata":{"request":"a"},"name":"Ana"},
            {"id":"cus_4","metadata":{"request":"b"}},{"id":"cus_5","metadata":{"of":"others"}}],"has_more":false}"#;
        let found: Vec<String> =
            from_str::<List>(page).unwrap().data.into_iter().filter(|customer| is_by(customer, "a")).map(|customer| customer.id).collect();
        assert_eq!(found, ["cus_3"]);
    }
}
