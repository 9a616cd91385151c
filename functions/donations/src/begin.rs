//! Beginning a donation.

use axum::extract::State;
use callers::MemberWith;
use kernel::{Kind, Problem};
use money::Money;
use payments::{Begun, Customer, Donation, Donor, Written, begin, write};
use serde::{Deserialize, Serialize};
use store::limits::{self, HOUR, Quota};
use stripe_api::{Payer, Payment};
use utoipa::ToSchema;
use web::{Client, Created, IdempotencyKey, Json, Problems};

use crate::info::DonationInfo;

/// Donations of one person: card testing needs many.
pub const DONATIONS: Quota = Quota::window("donations", 5, HOUR, "donations that a person begins");
/// Donations from one network.
pub const FROM_NETWORK: Quota = Quota::window("donations_network", 10, HOUR, "donations that are begun from a network");

/// A donation to be begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDonation {
    /// How much: 5.00 to 100.00 PLN.
    amount: Money,
    /// The donor's country: ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 64, examples("PL"))]
    country: String,
    /// The donor's postal code. Not needed in countries without one.
    #[schema(max_length = 64, examples("00-001"))]
    postal_code: Option<String>,
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
/// donation for 24 hours.
///
/// AWS calls: the batch that authenticates the caller and reads their customer; a read of the key; a transaction of the key and the
/// donation; two counters; a transaction that adds the payment. With the first donation of a person also a transaction and an update of
/// the customer. One to three requests to Stripe.
#[utoipa::path(post, path = "/v1/donations", request_body = NewDonation,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(
        ("x-problems" = json!(["idempotency_key_required", "idempotency_key_reused", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([DONATIONS, FROM_NETWORK])),
    ),
    responses((status = 201, body = BegunDonation), Problems))]
pub async fn create_donation(
    State(s): State<crate::State>,
    caller: MemberWith<Customer>,
    client: Client,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewDonation>,
) -> Result<Created<BegunDonation>, web::Error> {
    let user = &caller.member.user;
    let donor = Donor::parse(new.amount, &new.country, new.postal_code.as_deref(), &s.blocked)?;
    let donation = match begin(&s.table, &s.sys, user.id, &key, &donor).await? {
        Begun::Other => return Err(Kind::IdempotencyKeyReused.into()),
        Begun::Before(donation) => donation,
        Begun::Now(donation) => {
            let limits = [DONATIONS.of(user.id), FROM_NETWORK.of(client.network())];
            if let Err(refused) = limits::take(&s.table, s.sys.now(), &limits).await {
                donation.withdraw(&s.table, &key).await?;
                return Err(refused.into());
            }
            donation
        }
    };
    let (donation, payment) = match donation.intent.clone() {
        Some(intent) => (donation, s.stripe.payment(&intent).await?),
        None => with_payment(&s, user, caller.resource, donation).await?,
    };
    let location = format!("/v1/donations/{}", donation.id);
    Ok(Created(location, BegunDonation { donation: donation.into(), client_secret: payment.client_secret.expose().clone() }))
}

/// Creates the payment of a donation at Stripe, once, and adds it to the donation.
async fn with_payment(
    s: &crate::State,
    user: &accounts::user::User,
    found: Option<Customer>,
    donation: Donation,
) -> Result<(Donation, Payment), Problem> {
    let payer = Payer { table: &s.table, sys: &s.sys, stripe: &s.stripe, user, customer: found };
    let (payment, id) = payer.begin_payment(&donation.asked()).await?;
    let begun = donation.with_payment(payment.state.intent.clone(), id);
    match write(&s.table, &s.sys, &donation, &begun, None).await? {
        Written::Now | Written::Before => Ok((begun, payment)),
        // A request with the same key was faster, or the webhook was.
        Written::Outdated => match s.table.get::<Donation>(Donation::key_of(donation.user, donation.id)).await? {
            Some(current) if current.intent == begun.intent => Ok((current, payment)),
            _ => Err(Kind::Conflict.into()),
        },
    }
}
