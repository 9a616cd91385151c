//! A payment to be created at Stripe. Its metadata say who pays and for what, so that the webhook can find the paid object.

use std::collections::HashMap;

use kernel::{
    Time,
    id::{DonationId, OrderId, PlanPaymentId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};

/// The metadata key of the payer.
const USER: &str = "user";
/// The metadata key of a donation.
const DONATION: &str = "donation";
/// The metadata key of a payment of a plan.
const PLAN_PAYMENT: &str = "plan_payment";
/// The metadata key of an order.
const ORDER: &str = "order";

/// What is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidFor {
    /// A donation.
    Donation(DonationId),
    /// A plan.
    Plan(PlanPaymentId),
    /// An order.
    Order(OrderId),
}

impl PaidFor {
    /// Returns the name of the kind: `donation`, `plan_payment` or `order`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Donation(_) => DONATION,
            Self::Plan(_) => PLAN_PAYMENT,
            Self::Order(_) => ORDER,
        }
    }

    /// Returns the id.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Donation(id) => id.to_string(),
            Self::Plan(id) => id.to_string(),
            Self::Order(id) => id.to_string(),
        }
    }

    /// Returns the metadata of a payment by this person.
    #[must_use]
    pub fn metadata(self, user: UserId) -> HashMap<String, String> {
        metadata_of(user).into_iter().chain([(self.kind().to_owned(), self.id())]).collect()
    }

    /// Returns the payer, and what is paid. `None` for payments of other systems.
    #[must_use]
    pub fn find(metadata: &HashMap<String, String>) -> Option<(UserId, Self)> {
        let donation = || metadata.get(DONATION)?.parse().ok().map(Self::Donation);
        let plan = || metadata.get(PLAN_PAYMENT)?.parse().ok().map(Self::Plan);
        let order = || metadata.get(ORDER)?.parse().ok().map(Self::Order);
        Some((metadata.get(USER)?.parse().ok()?, donation().or_else(plan).or_else(order)?))
    }
}

/// Returns the metadata of what belongs to a person.
#[must_use]
pub fn metadata_of(user: UserId) -> HashMap<String, String> {
    HashMap::from([(USER.to_owned(), user.to_string())])
}

/// A payment to be created at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Who pays.
    pub user: UserId,
    /// What it is for.
    pub paid_for: PaidFor,
    /// How much.
    pub amount: Money,
    /// The idempotency key: Stripe creates only one payment for the key, a customer and an attempt.
    pub key: String,
    /// When it was first to be created.
    pub since: Time,
    /// What the payer's bank and Stripe's dashboard show.
    pub description: &'static str,
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn metadata_name_what_is_paid() {
        let sys = Sys::real();
        let user = sys.id();
        for paid_for in [PaidFor::Donation(sys.id()), PaidFor::Plan(sys.id()), PaidFor::Order(sys.id())] {
            assert_eq!(PaidFor::find(&paid_for.metadata(user)), Some((user, paid_for)));
        }
        for other in [HashMap::new(), metadata_of(user), HashMap::from([("donation".to_owned(), "x".to_owned())])] {
            assert_eq!(PaidFor::find(&other), None, "{other:?}");
        }
    }
}
