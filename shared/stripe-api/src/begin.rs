//! Begins payments at Stripe, for donations, plans and orders.

use kernel::Problem;
use payments::NewPayment;

use crate::{
    Failed, Payment,
    customer::{self, Payer},
};

impl Payer<'_> {
    /// Creates a payment at Stripe, once, for the customer of the person. The customer is created if there is none. Returns the payment and
    /// Stripe's id of the customer. One to three requests to Stripe, and a transaction, a read and an update for a new customer.
    ///
    /// # Errors
    /// [`Problem`] if Stripe or the table does not answer, or the account was deleted in the meantime.
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
