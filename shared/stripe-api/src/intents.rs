//! Finds the payments at Stripe that were created for one thing.

use payments::{NewPayment, PaidFor};
use stripe::Client;

use crate::{
    Failed,
    customers::DIFFERENCE,
    lists::{self, Between, Created, Query},
};

/// The status of a payment that nobody can pay any more.
const CANCELLED: &str = "canceled";

/// Returns whether the payment was created for this and is not cancelled.
fn is_for(intent: &Created, new: &NewPayment) -> bool {
    let paid_for = intent.metadata.as_ref().and_then(PaidFor::find);
    intent.status.as_deref().is_some_and(|status| status != CANCELLED) && paid_for == Some((new.user, new.paid_for))
}

/// Stripe's ids of the payments of a customer that were created for this and are not cancelled, the newest first. The limits on payments
/// of a person keep the list short.
pub(crate) async fn of(client: &Client, new: &NewPayment, customer: &str) -> Result<Vec<String>, Failed> {
    let created = Between { gte: (new.since - DIFFERENCE).seconds(), lte: None };
    let query = Query { customer: Some(customer), ..Query::new("/payment_intents", created) };
    lists::ids(client, query, |intent| is_for(intent, new), &|| true).await
}

#[cfg(test)]
mod tests {
    use kernel::{Time, id::UserId};
    use miniserde::json::from_str;
    use money::{Currency, Money};

    use super::*;
    use crate::lists::List;

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
        let found: Vec<String> = all.filter(|intent| is_for(intent, &new)).map(|intent| intent.id).collect();
        assert_eq!(found, ["pi_1", "pi_5"]);
    }
}
