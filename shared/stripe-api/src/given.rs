//! What was given back of a payment. A charge lists its ten latest refunds, and only if it has more of them they are listed in full. Of a
//! listed refund only some fields are parsed, so that new fields of Stripe cause no errors.

use std::collections::HashMap;

use miniserde::Deserialize;
use payments::SaidRefund;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::{Charge, PaymentIntent};

use crate::{Failed, REFUND, amount};

#[derive(Deserialize)]
struct List {
    data: Vec<Listed>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    amount: i64,
    status: Option<String>,
    metadata: Option<HashMap<String, String>>,
}

/// What was given back of a payment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// The refunded amount, without refunds that came back.
    pub refunded: u64,
    /// The amount of refunds that came back.
    pub came_back: u64,
    /// The refunds.
    pub said: Vec<SaidRefund>,
}

impl Given {
    /// Returns what the refunds that a charge lists have given back.
    pub(crate) fn of(charge: &Charge) -> Result<Self, Failed> {
        let mut given = Self::default();
        for refund in charge.refunds.iter().flat_map(|list| &list.data) {
            given.add(refund.id.to_string(), refund.amount, refund.status.as_deref(), refund.metadata.as_ref())?;
        }
        Ok(given)
    }

    /// Reads all refunds of a payment. One request for every hundred.
    pub(crate) async fn of_all(client: &Client, intent: &str) -> Result<Self, Failed> {
        let (mut given, mut after) = (Self::default(), None::<String>);
        loop {
            let page = Box::pin(ListRefunds { intent, after: after.as_deref() }.customize().send(client)).await?;
            after = page.data.last().map(|refund| refund.id.clone()).filter(|_| page.has_more);
            for refund in page.data {
                given.add(refund.id, refund.amount, refund.status.as_deref(), refund.metadata.as_ref())?;
            }
            if after.is_none() {
                return Ok(given);
            }
        }
    }

    fn add(&mut self, id: String, of: i64, status: Option<&str>, metadata: Option<&HashMap<String, String>>) -> Result<(), Failed> {
        let failed = matches!(status, Some("failed" | "canceled"));
        let sum = if failed { &mut self.came_back } else { &mut self.refunded };
        *sum = sum.saturating_add(amount(of)?);
        let name = metadata.and_then(|metadata| metadata.get(REFUND).cloned());
        self.said.push(SaidRefund { id, name, failed });
        Ok(())
    }
}

/// Returns the charge of a payment, if it was read with it.
pub(crate) fn charge_of(intent: &PaymentIntent) -> Option<&Charge> {
    intent.latest_charge.as_ref().and_then(stripe_types::Expandable::as_object)
}

/// Returns whether the charge of a payment has more refunds than it lists.
pub(crate) fn has_more(intent: &PaymentIntent) -> bool {
    charge_of(intent).is_some_and(|charge| charge.refunds.as_ref().is_none_or(|list| list.has_more))
}

struct ListRefunds<'a> {
    intent: &'a str,
    after: Option<&'a str>,
}

impl StripeRequest for ListRefunds<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        let after = self.after.map(|refund| format!("&starting_after={refund}")).unwrap_or_default();
        RequestBuilder::new(StripeMethod::Get, format!("/refunds?payment_intent={}&limit=100{after}", self.intent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_is_not_given() {
        let named = HashMap::from([(REFUND.to_owned(), "one".to_owned())]);
        let mut given = Given::default();
        for (id, of, status, metadata) in [
            ("re_1", 100, Some("succeeded"), Some(&named)),
            ("re_2", 20, Some("failed"), None),
            ("re_3", 3, Some("canceled"), None),
            ("re_4", 4000, Some("pending"), None),
            ("re_5", 50_000, None, None),
        ] {
            given.add(id.to_owned(), of, status, metadata).unwrap();
        }
        assert_eq!((given.refunded, given.came_back, given.said.len()), (54_100, 23, 5));
        assert_eq!(given.said[0], SaidRefund { id: "re_1".to_owned(), name: Some("one".to_owned()), failed: false });
        assert!(given.said[1].failed && given.said[2].failed && given.add("re_6".to_owned(), -1, None, None).is_err());
    }
}
