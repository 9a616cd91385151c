//! The disputes of a payment, read tolerantly: of each only its state.

use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::Failed;

/// The states of disputes that the payer has lost or given up.
const WON: [&str; 2] = ["won", "warning_closed"];

#[derive(Deserialize)]
struct List {
    data: Vec<Dispute>,
}

#[derive(Deserialize)]
struct Dispute {
    status: String,
}

struct ListDisputes<'a> {
    intent: &'a str,
}

impl StripeRequest for ListDisputes<'_> {
    type Output = List;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, format!("/disputes?payment_intent={}&limit=100", self.intent))
    }
}

/// Whether the payer disputes a payment or has won the dispute, and how many disputes the payer has lost.
pub(crate) async fn of(client: &Client, intent: &str) -> Result<(bool, u32), Failed> {
    let all = Box::pin(ListDisputes { intent }.customize().send(client)).await?.data;
    let won = all.iter().filter(|dispute| WON.contains(&dispute.status.as_str())).count();
    Ok((won < all.len(), u32::try_from(won).unwrap_or(u32::MAX)))
}
