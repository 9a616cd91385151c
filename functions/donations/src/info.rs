//! A donation as its donor sees it.

use kernel::{Timestamp, id::DonationId};
use money::Money;
use payments::{Donation, DonationState};
use serde::Serialize;
use utoipa::ToSchema;

/// A donation.
#[derive(Serialize, ToSchema)]
pub struct DonationInfo {
    /// Its id, which the receipt names.
    pub id: DonationId,
    /// How much.
    amount: Money,
    /// The country: ISO 3166-1 alpha-2.
    #[schema(examples("PL"))]
    country: String,
    /// The postal code, in countries that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("00-001"))]
    postal_code: Option<String>,
    /// Its state.
    state: DonationState,
    /// What was given back, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<Money>,
    /// Whether it is disputed at the bank, or was.
    disputed: bool,
    /// Why the last card was refused, for programs: one of Stripe's decline codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("insufficient_funds"))]
    decline: Option<String>,
    /// When it was begun.
    created_at: Timestamp,
    /// When it was known to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
}

impl From<Donation> for DonationInfo {
    fn from(donation: Donation) -> Self {
        let amount = donation.donor.amount;
        Self {
            id: donation.id,
            amount,
            country: donation.donor.country.to_string(),
            postal_code: donation.donor.postcode.map(|code| code.to_string()),
            state: donation.state,
            refunded: Money::new(donation.refunded, amount.currency()).ok().filter(|refunded| refunded.amount() > 0),
            disputed: donation.disputed,
            decline: donation.decline,
            created_at: donation.created_at.into(),
            paid_at: donation.paid_at.map(Into::into),
        }
    }
}
