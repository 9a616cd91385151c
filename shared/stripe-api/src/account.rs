//! The account that the secret key belongs to, read tolerantly: of it only its id.

use miniserde::Deserialize;
use stripe::{Client, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::Failed;

#[derive(Deserialize)]
struct Account {
    id: String,
}

struct RetrieveAccount;

impl StripeRequest for RetrieveAccount {
    type Output = Account;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, "/account")
    }
}

/// Stripe's id of the account.
pub(crate) async fn id(client: &Client) -> Result<String, Failed> {
    Ok(Box::pin(RetrieveAccount.customize().send(client)).await?.id)
}
