//! The disputes of a payment. Only the state of each is parsed, so that new fields of Stripe cause no errors.

use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{Failed, amount};

/// The states of disputes that we have won: the payer has lost or given up.
const WON: [&str; 2] = ["won", "warning_closed"];
/// The state of disputes that we have lost: the payer has won.
const LOST: &str = "lost";

#[derive(Deserialize)]
struct List {
    data: Vec<Dispute>,
}

#[derive(Deserialize)]
struct Dispute {
    status: String,
    amount: i64,
}

/// The outcome of the disputes of a payment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether a dispute is open, or the payer has won one.
    pub disputed: bool,
    /// Whether a dispute is open.
    pub open: bool,
    /// The number of disputes that we have won.
    pub won: u32,
    /// The amount that was given back because the payer has won, in minor units.
    pub lost: u64,
}

impl Standing {
    fn of(all: &[Dispute]) -> Result<Self, Failed> {
        let won = all.iter().filter(|dispute| WON.contains(&dispute.status.as_str())).count();
        let mut lost = 0_u64;
        for dispute in all.iter().filter(|dispute| dispute.status == LOST) {
            lost = lost.saturating_add(amount(dispute.amount)?);
        }
        // The charge is marked as disputed. If the list is empty, the dispute is not listed yet.
        let disputed = all.is_empty() || won < all.len();
        let is_open = |dispute: &Dispute| dispute.status != LOST && !WON.contains(&dispute.status.as_str());
        let open = all.is_empty() || all.iter().any(is_open);
        Ok(Self { disputed, open, won: u32::try_from(won).unwrap_or(u32::MAX), lost })
    }
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

/// Reads the disputes of a payment whose charge is marked as disputed.
pub(crate) async fn of(client: &Client, intent: &str) -> Result<Standing, Failed> {
    Standing::of(&Box::pin(ListDisputes { intent }.customize().send(client)).await?.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispute_is_open_won_or_lost() {
        let standing = |all: &str| {
            let all: Vec<Dispute> = all.split_whitespace().map(|status| Dispute { status: status.to_owned(), amount: 34 }).collect();
            Standing::of(&all).map(|standing| (standing.disputed, standing.open, standing.won, standing.lost)).unwrap()
        };
        for (all, expected) in [
            ("needs_response", (true, true, 0, 0)),
            ("won", (false, false, 1, 0)),
            ("warning_closed won", (false, false, 2, 0)),
            ("won under_review", (true, true, 1, 0)),
            ("lost", (true, false, 0, 34)),
            ("lost lost won", (true, false, 1, 68)),
            ("lost needs_response", (true, true, 0, 34)),
            ("", (true, true, 0, 0)),
        ] {
            assert_eq!(standing(all), expected, "{all}");
        }
        assert!(Standing::of(&[Dispute { status: LOST.to_owned(), amount: -1 }]).is_err());
    }
}
