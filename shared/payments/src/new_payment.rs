//! A payment that is to be created at Stripe, and what it is for. Its metadata say that, and the webhook finds by them what is paid.

use std::collections::HashMap;

use kernel::id::{DonationId, OrderId, PlanPaymentId, UserId};
use money::Money;
use serde::{Deserialize, Serialize};

/// The name of the metadata that says who pays.
const USER: &str = "user";
/// The name of the metadata that says which donation is paid.
const DONATION: &str = "donation";
/// The name of the metadata that says which payment of a plan it is.
const PLAN_PAYMENT: &str = "plan_payment";
/// The name of the metadata that says which order is paid.
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
    /// The name of its kind: `donation`, `plan_payment` or `order`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Donation(_) => DONATION,
            Self::Plan(_) => PLAN_PAYMENT,
            Self::Order(_) => ORDER,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Donation(id) => id.to_string(),
            Self::Plan(id) => id.to_string(),
            Self::Order(id) => id.to_string(),
        }
    }

    /// The metadata of a payment by this person.
    #[must_use]
    pub fn metadata(self, user: UserId) -> HashMap<String, String> {
        metadata_of(user).into_iter().chain([(self.kind().to_owned(), self.id())]).collect()
    }

    /// Who pays, and what. `None` for the metadata of any other payment.
    #[must_use]
    pub fn find(metadata: &HashMap<String, String>) -> Option<(UserId, Self)> {
        let donation = || metadata.get(DONATION)?.parse().ok().map(Self::Donation);
        let plan = || metadata.get(PLAN_PAYMENT)?.parse().ok().map(Self::Plan);
        let order = || metadata.get(ORDER)?.parse().ok().map(Self::Order);
        Some((metadata.get(USER)?.parse().ok()?, donation().or_else(plan).or_else(order)?))
    }
}

/// The metadata of what belongs to a person.
#[must_use]
pub fn metadata_of(user: UserId) -> HashMap<String, String> {
    HashMap::from([(USER.to_owned(), user.to_string())])
}

/// A payment that is to be created at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Who pays.
    pub user: UserId,
    /// What is paid.
    pub paid_for: PaidFor,
    /// How much.
    pub amount: Money,
    /// The idempotency key: Stripe creates one payment for it and a customer, however often it is asked.
    pub key: String,
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
