//! Which account of Stripe the payments are in.

use serde::{Deserialize, Serialize};
use store::{About, Conditional as _, Item, Key, Personal, StoreError, Table};

/// The account of Stripe, and its mode, in which all payments and customers are that are known here. It is written once; operators delete
/// it when they move to another account on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeAccount {
    /// Stripe's id of it.
    account: String,
    /// Whether its payments are real.
    live: bool,
}

impl StripeAccount {
    fn key_of() -> Key {
        Key::new("STRIPE_ACCOUNT", "STRIPE_ACCOUNT")
    }

    /// Whether the payments are in this account and mode. The first one is remembered. A read, and the first time a write and another
    /// read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_ours(table: &Table, account: String, live: bool) -> Result<bool, StoreError> {
        let this = Self { account, live };
        if let Some(known) = table.get::<Self>(Self::key_of()).await? {
            return Ok(known == this);
        }
        table.create(&this).await.refused_is_fine()?;
        Ok(table.get::<Self>(Self::key_of()).await?.is_some_and(|known| known == this))
    }
}

impl Item for StripeAccount {
    const KIND: &'static str = "stripe_account";
    const ABOUT: About = About::at("STRIPE_ACCOUNT", "STRIPE_ACCOUNT", Personal::Nobody("the id of the deployment's account at Stripe"));
    fn key(&self) -> Key {
        Self::key_of()
    }
}
