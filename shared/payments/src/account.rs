//! The Stripe account of the payments.

use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Item, Key, Personal, StoreError, Table, field};

/// The Stripe account and mode of all known payments and customers. Operators delete the item when they move to another account on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeAccount {
    /// Stripe's id of the account.
    account: String,
    /// Whether the mode is live, so that payments are real.
    live: bool,
    /// A hash of the secret key of which it is known last that it belongs to the account. A key never belongs to another one.
    #[serde(default)]
    key: Option<String>,
}

impl StripeAccount {
    fn key_of() -> Key {
        Key::new("STRIPE_ACCOUNT", "STRIPE_ACCOUNT")
    }

    /// Returns whether the secret key with this hash is known to belong to the account of the payments. A read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn knows(table: &Table, key: &str) -> Result<bool, StoreError> {
        Ok(table.get::<Self>(Self::key_of()).await?.is_some_and(|known| known.key.as_deref() == Some(key)))
    }

    /// Returns whether the payments are in this account and mode, to which the secret key with this hash belongs. If so, the key is
    /// remembered, and so is the first account. A write.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_ours(table: &Table, account: String, live: bool, key: &str) -> Result<bool, StoreError> {
        let same = field("account").eq(&account).and(field("live").eq(live));
        let this = Self { account, live, key: Some(key.to_owned()) };
        table.put(&this, Cond::Absent.or(same)).await.applied()
    }
}

impl Item for StripeAccount {
    const KIND: &'static str = "stripe_account";
    const ABOUT: About = About::at(
        "STRIPE_ACCOUNT",
        "STRIPE_ACCOUNT",
        Personal::Nobody("the id of the deployment's account at Stripe, and a hash of its key"),
    );
    fn key(&self) -> Key {
        Self::key_of()
    }
}
