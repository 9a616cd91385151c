//! Beginning a payment at Stripe. The one way, whatever is paid.

use accounts::user::User;
use kernel::{Problem, Sys};
use payments::{Customer, NewPayment};
use store::Table;

use crate::{Failed, Payment, Stripe, customer};

/// A person who is about to pay.
pub struct Payer<'a> {
    /// The table.
    pub table: &'a Table,
    /// The clock.
    pub sys: &'a Sys,
    /// Stripe.
    pub stripe: &'a Stripe,
    /// The person.
    pub user: &'a User,
    /// Their customer as read, if they have one.
    pub customer: Option<Customer>,
}

impl Payer<'_> {
    /// Creates a payment at Stripe, once, by the customer of the person, who is created if there is none. Returns the payment, and
    /// Stripe's id of the customer. One to three requests to Stripe, and a transaction and an update for a new customer.
    ///
    /// # Errors
    /// [`Problem`] if Stripe or the table does not answer, or the person has left meanwhile.
    pub async fn begin_payment(&self, new: &NewPayment) -> Result<(Payment, String), Problem> {
        let (customer, id) = customer::current(self).await?;
        match self.stripe.create_payment(new, &id).await {
            Ok(payment) => Ok((payment, id)),
            // Somebody has deleted the customer at Stripe.
            Err(Failed::Gone) => {
                let (_, id) = customer::create(self, Some(&customer)).await?;
                Ok((self.stripe.create_payment(new, &id).await?, id))
            }
            Err(e) => Err(e.into()),
        }
    }
}
