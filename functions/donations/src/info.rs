//! A donation as its donor sees it.

use kernel::id::DonationId;
use payments::Donation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pay::PaymentCourse;

/// A donation.
#[derive(Serialize, ToSchema)]
pub struct DonationInfo {
    /// Its id, which the receipt names.
    id: DonationId,
    /// The country: ISO 3166-1 alpha-2.
    #[schema(examples("PL"))]
    country: String,
    /// The postal code, in countries that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("00-001"))]
    postal_code: Option<String>,
    #[serde(flatten)]
    course: PaymentCourse,
}

impl From<Donation> for DonationInfo {
    fn from(donation: Donation) -> Self {
        Self {
            id: donation.id,
            course: PaymentCourse::of(&donation),
            country: donation.purpose.country.to_string(),
            postal_code: donation.purpose.postcode.map(|code| code.to_string()),
        }
    }
}
