//! `cargo xtask stripe-endpoint`: creates the endpoint at Stripe for the webhooks of a deployment.

use kernel::{Env, Secret};
use stripe_api::Stripe;

use crate::Failure;

/// The path of the operation that takes Stripe's events.
const PATH: &str = "/v1/stripe-events";

/// Creates the endpoint of the deployment at `public_url`, with the version of Stripe's API that the functions are made for. Returns the
/// secret that signs its events. `env` has `STRIPE_SECRET_KEY` and `STRIPE_URL`.
///
/// # Errors
/// If the environment is not complete, or Stripe refuses.
pub async fn create(env: &Env, public_url: &str) -> Result<Secret, Failure> {
    let stripe = env.read(|r| Stripe::read(r, None))?.ok_or("Stripe cannot be used")?;
    Ok(stripe.create_endpoint(&format!("{}{PATH}", public_url.trim_end_matches('/'))).await?)
}
