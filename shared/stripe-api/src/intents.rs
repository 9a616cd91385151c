//! Finds the payments at Stripe that were created for one thing. Only what tells that is parsed, so that new fields of Stripe cause no
//! errors.

use std::collections::HashMap;

use kernel::Time;
use miniserde::Deserialize;
use payments::{NewPayment, PaidFor};
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{Failed, customers::DIFFERENCE};

/// The maximum number of payments of one response (Stripe).
const AT_ONCE: u32 = 100;
/// The status of a payment that nobody can pay any more.
const CANCELLED: &str = "canceled";

#[derive(Deserialize)]
struct List {
    data: Vec<Created>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    status: String,
    metadata: Option<HashMap<String, String>>,
}

impl Created {
    /// Whether it was created for this and is not cancelled.
    fn is_for(&self, new: &NewPayment) -> bool {
        let paid_for = self.metadata.as_ref().and_then(PaidFor::find);
        self.status != CANCELLED && paid_for == Some((new.user, new.paid_for))
    }
}

struct ListCreated<'a> {
    customer: &'a str,
    from: Time,
    after: Option<&'a str>,
}

impl StripeRequest for ListCreated<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let (customer, from) = (self.customer, self.from.seconds());
        let after = self.after.map(|intent| format!("&starting_after={intent}")).unwrap_or_default();
        let path = format!("/payment_intents?customer={customer}&created[gte]={from}&limit={AT_ONCE}{after}");
        RequestBuilder::new(StripeMethod::Get, path)
    }
}

/// Stripe's ids of the payments of a customer that were created for this and are not cancelled, the newest first. The limits on payments
/// of a person keep the list short.
pub(crate) async fn of(client: &Client, new: &NewPayment, customer: &str) -> Result<Vec<String>, Failed> {
    let from = new.since - DIFFERENCE;
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = Box::pin(ListCreated { customer, from, after: after.as_deref() }.customize().send(client)).await?;
        after = page.data.last().map(|intent| intent.id.clone()).filter(|_| page.has_more);
        let own = page.data.into_iter().filter(|intent| intent.is_for(new));
        found.extend(own.map(|intent| intent.id));
        if after.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::id::UserId;
    use miniserde::json::from_str;
    use money::{Currency, Money};

    use super::*;

    #[test]
    fn payments_for_something_else_are_left_alone() {
        let (user, paid_for, other) = (UserId::NIL, "don_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "don_01K9ZC4QW8V3T6R1NHXJ5B2MDQ");
        let amount = Money::new(1234, Currency::Pln).unwrap();
        let new = NewPayment {
            user,
            paid_for: PaidFor::Donation(paid_for.parse().unwrap()),
            amount,
            key: String::new(),
            since: Time::ZERO,
            description: "Donation",
        };
        let own = format!(r#""metadata":{{"user":"{user}","donation":"{paid_for}"}}"#);
        let page = format!(
            r#"{{"data":[{{"id":"pi_1","status":"requires_action",{own}}},{{"id":"pi_2","status":"canceled",{own}}},
            {{"id":"pi_3","status":"succeeded","metadata":{{"user":"{user}","donation":"{other}"}}}},
            {{"id":"pi_4","status":"requires_payment_method","metadata":null}},
            {{"id":"pi_5","status":"succeeded",{own}}}],"has_more":false}}"#
        );
        let all = from_str::<List>(&page).unwrap().data.into_iter();
        let found: Vec<String> = all.filter(|intent| intent.is_for(&new)).map(|intent| intent.id).collect();
        assert_eq!(found, ["pi_1", "pi_5"]);
    }
}
