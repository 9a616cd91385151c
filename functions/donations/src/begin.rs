//! Beginning a donation.

use std::future::ready;

use axum::{extract::State, http::HeaderMap};
use callers::MemberWith;
use money::Money;
use payments::{CAPTCHAS, Customer, Donor, FROM_NETWORK, PAYMENTS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Client, Created, IdempotencyKey, Json, Problems};

use crate::{info::DonationInfo, pay::Begin};

/// A new donation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDonation {
    /// The amount: from `min` to `max` of the settings.
    amount: Money,
    /// The donor's country: ISO 3166-1 alpha-2, or `XK` for Kosovo. In upper or lower case.
    #[schema(format = "typed", examples("PL"))]
    country: String,
    /// The donor's postal code. Not needed in countries without one.
    #[schema(format = "typed", examples("00-001"))]
    postal_code: Option<String>,
    /// The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any
    /// text will do: the answer is `proof_of_work_required` then.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

/// A donation that can be paid now.
#[derive(Serialize, ToSchema)]
pub struct BegunDonation {
    #[serde(flatten)]
    donation: DonationInfo,
    /// The secret with which Stripe's script in the browser pays it. Only for the donor's browser.
    #[schema(examples("pi_3_secret_4"))]
    client_secret: String,
}

/// Begins a donation, and creates its payment at Stripe.
///
/// The browser pays it with Stripe's script and the `client_secret`. The same `Idempotency-Key` with the same body gets the same
/// donation for 24 hours. After three refused cards a captcha is required, if this deployment uses captchas, and a proof of work
/// while their service does not answer.
///
/// AWS calls: the batch that authenticates the caller and reads their customer; a read of the key; a batch of two counters; a transaction
/// of the key, the donation and the counters; a transaction that adds the payment. With the first payment of a person also a read, a
/// transaction and an update of the customer. With captchas also a batch read. One to four requests to Stripe.
#[utoipa::path(post, path = "/v1/donations", request_body = NewDonation,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(
        ("x-problems" = json!(["idempotency_key_required", "captcha_required", "proof_of_work_required", "idempotency_key_reused", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([PAYMENTS, FROM_NETWORK, CAPTCHAS])),
    ),
    responses((status = 201, body = BegunDonation), Problems))]
pub async fn create_donation(
    State(s): State<crate::State>,
    caller: MemberWith<Customer>,
    client: Client,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewDonation>,
) -> Result<Created<BegunDonation>, web::Error> {
    let donor = Donor::parse(new.amount, &new.country, new.postal_code.as_deref(), s.limits, &s.blocked)?;
    let begin = Begin { caller, client: &client, headers: &headers, key: &key, captcha: new.captcha.as_deref() };
    let (donation, client_secret) = begin.payment(&s, &donor, ready(Ok(()))).await?;
    let location = format!("/v1/donations/{}", donation.id);
    Ok(Created(location, BegunDonation { donation: donation.into(), client_secret }))
}
