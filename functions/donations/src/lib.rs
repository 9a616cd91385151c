//! Payments by card for donations and plans: beginning a payment, reading its state, and listing the caller's own.
//!
//! The payment at Stripe is created when the form is submitted, and not when its page is shown. The browser then pays it with Stripe's own
//! script and the `client_secret`: no card number reaches this system. A payment counts as paid when Stripe says so, by its webhook, or
//! when an unpaid payment is read. The receipt for a donation or a plan is sent by mail.
//!
//! Plans have no function of their own, because they differ from donations only by a price and a name, and each function with Stripe's
//! client adds seven megabytes that have to be loaded at its start.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/donation-settings`, `GET /v1/plans` | none |
//! | `POST /v1/donations` | the caller and their customer in one; a read; a batch; two transactions. Four requests to Stripe at most. With the first payment of a person also a read, an update and a transaction. With captchas a batch read more |
//! | `POST /v1/plan-payments` | as a donation, and a query of the plans of the caller |
//! | `GET /v1/donations`, `GET /v1/plan-payments` | the caller; a query |
//! | `GET /v1/donations/{donation}`, `GET /v1/plan-payments/{payment}` | the caller and the payment in one; while it is not paid also a request to Stripe, a read, and a transaction if there is news. A plan that is paid takes two queries, and if its payer has it already, four requests |
//! | `GET /v1/me/plan` | the caller; a query |

mod begin;
mod info;
mod pay;
mod plans;
mod read;
mod settings;

use accounts::token::Tokens;
use axum::extract::FromRef;
use countries::Blocked;
use function::{Boot, Function, StartError};
use kernel::{ConfigError, Sys};
use payments::{CardGate, DonationLimits, Plans};
use store::{Sealer, Table};
use stripe_api::Stripe;

use settings::PublishableKey;

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    stripe: Stripe,
    publishable_key: PublishableKey,
    gate: CardGate,
    blocked: Blocked,
    limits: DonationLimits,
    plans: Plans,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "donations", "Donations and plans, paid by card, and their history.", State =>
    settings::get_donation_settings,
    begin::create_donation,
    read::list_donations,
    read::get_donation,
    plans::list_plans,
    plans::create_plan_payment,
    plans::list_plan_payments,
    plans::get_plan_payment,
    plans::get_my_plan,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let table = tokens.table().clone();
    let (stripe, publishable_key) = boot.env.read(|r| (Stripe::read(r, Some(&table)), PublishableKey::read(r)))?;
    let (blocked, limits, plans) = boot.env.read(|r| (Blocked::read(r), DonationLimits::read(r), Plans::read(r)))?;
    let stripe = stripe.ok_or_else(|| ConfigError(vec!["Stripe cannot be used".to_owned()]))?;
    let sealer = tokens.warm_up_with_sealer("donations").await?;
    let gate = boot.env.read(|r| CardGate::read(r, &sealer))?;
    let state = State { table, sys, tokens, sealer, stripe, publishable_key, gate, blocked, limits, plans };
    web::function(&boot, routes(), state)
}
