//! What a page for donations needs to know.

use std::sync::Arc;

use axum::extract::State;
use kernel::env::Reader;
use money::{Currency, Money};
use payments::{MAX, MIN};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Json, Problems};

/// The key with which browsers use Stripe. It is no secret.
#[derive(Clone)]
pub(crate) struct PublishableKey(Arc<str>);

impl PublishableKey {
    /// Reads `STRIPE_PUBLISHABLE_KEY`.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let key = r.need("STRIPE_PUBLISHABLE_KEY");
        if !key.starts_with("pk_") {
            r.wrong("STRIPE_PUBLISHABLE_KEY is no publishable key of Stripe".to_owned());
        }
        Self(key.into())
    }
}

/// What can be donated, and how.
#[derive(Serialize, ToSchema)]
pub struct DonationSettings {
    /// The least.
    min: Money,
    /// The most.
    max: Money,
    /// The key for Stripe's script in the browser.
    #[schema(examples("pk_test_51"))]
    publishable_key: String,
}

/// Returns how much can be donated, and the key for Stripe's script in the browser.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/donation-settings", responses((status = 200, body = DonationSettings), Problems))]
pub async fn get_donation_settings(State(s): State<crate::State>) -> Result<Json<DonationSettings>, web::Error> {
    let zloty = |amount| Money::new(amount, Currency::Pln);
    Ok(Json(DonationSettings { min: zloty(MIN)?, max: zloty(MAX)?, publishable_key: s.publishable_key.0.to_string() }))
}
