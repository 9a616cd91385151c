//! Donations by card: beginning one, what became of it, and all of one's own.
//!
//! The payment at Stripe is created when the donation is submitted, and not when its page is looked at. The browser then pays it with
//! Stripe's own script and the `client_secret`: no card number reaches this system. A donation is paid when Stripe says so, by its
//! webhook, or when somebody looks at a donation that is not paid yet. The receipt comes by mail.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/donation-settings` | none |
//! | `POST /v1/donations` | the caller and their customer in one; a read; a transaction; two counters; an update. Three requests to Stripe at most. With the first donation of a person also an update and a transaction |
//! | `GET /v1/donations` | the caller; a query |
//! | `GET /v1/donations/{donation}` | the caller and the donation in one; while it is not paid also a request to Stripe, a read, and a transaction if there is news |

mod begin;
mod info;
mod read;
mod settings;

use accounts::token::Tokens;
use axum::extract::FromRef;
use countries::Blocked;
use function::{Boot, Function, StartError};
use kernel::{ConfigError, Sys};
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
    blocked: Blocked,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "donations", "Donations by card, and their history.", State =>
    settings::get_donation_settings,
    begin::create_donation,
    read::list_donations,
    read::get_donation,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let (stripe, publishable_key, blocked) = boot.env.read(|r| (Stripe::read(r), PublishableKey::read(r), Blocked::read(r)))?;
    let stripe = stripe.ok_or_else(|| ConfigError(vec!["Stripe cannot be used".to_owned()]))?;
    let sealer = tokens.warm_up_with_sealer("donations").await?;
    let state = State { table: tokens.table().clone(), tokens, sealer, stripe, publishable_key, blocked, sys };
    web::function(&boot, routes(), state)
}
