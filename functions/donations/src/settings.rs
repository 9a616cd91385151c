//! The settings that a page for payments needs.

use std::sync::Arc;

use axum::extract::State;
use kernel::env::Reader;
use money::Money;
use payments::CaptchaSite;
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

/// The settings that a page needs for a payment.
#[derive(Serialize, ToSchema)]
pub struct PaymentPage {
    /// The key for Stripe's script in the browser.
    #[schema(examples("pk_test_51"))]
    publishable_key: String,
    /// Where pages get the token of a captcha, once `captcha_required` asks for it. Absent if this deployment uses no captchas.
    #[serde(skip_serializing_if = "Option::is_none")]
    captcha: Option<CaptchaSite>,
}

impl PaymentPage {
    pub(crate) fn of(s: &crate::State) -> Self {
        Self { publishable_key: s.publishable_key.0.to_string(), captcha: s.gate.captcha() }
    }
}

/// The range of donations, and the settings for paying them.
#[derive(Serialize, ToSchema)]
pub struct DonationSettings {
    /// The minimum amount.
    min: Money,
    /// The maximum amount.
    max: Money,
    #[serde(flatten)]
    page: PaymentPage,
}

/// Returns the range of donations, the key for Stripe's script in the browser, and the settings of captchas.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/donation-settings", responses((status = 200, body = DonationSettings), Problems))]
pub async fn get_donation_settings(State(s): State<crate::State>) -> Result<Json<DonationSettings>, web::Error> {
    Ok(Json(DonationSettings { min: s.limits.min, max: s.limits.max, page: PaymentPage::of(&s) }))
}
