//! Begins payments at Stripe, for donations, plans and orders.

use kernel::Problem;
use payments::NewPayment;

use crate::{
    Failed, Payment,
    customer::{self, PATIENCE, Payer},
};

impl Payer<'_> {
    /// Creates a payment at Stripe, once, for the customer of the person. The customer is created if there is none. Returns the payment and
    /// Stripe's id of the customer. One to four requests to Stripe, up to three more to look for a payment that was begun minutes ago, and a
    /// transaction, a read and an update for a new customer.
    ///
    /// # Errors
    /// [`Problem`] if Stripe or the table does not answer, or the account was deleted in the meantime.
    pub async fn begin_payment(&self, new: &NewPayment) -> Result<(Payment, String), Problem> {
        let (customer, id) = customer::current(self).await?;
        match self.created_payment(new, &id).await {
            Ok(payment) => Ok((payment, id)),
            // Somebody has deleted the customer at Stripe.
            Err(Failed::Gone) => {
                let (_, id) = customer::create(self, Some(&customer)).await?;
                Ok((self.created_payment(new, &id).await?, id))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Creates the payment of this customer. If that has failed for minutes, the payment may exist all the same, and is looked for. If it
    /// does not, it is created in another attempt, because Stripe repeats the failure of a former one for a day. The attempts follow from
    /// the time, so that concurrent requests send the same one. Of two payments the caller stores one and cancels the other.
    async fn created_payment(&self, new: &NewPayment, customer: &str) -> Result<Payment, Failed> {
        let age = self.sys.now().since(new.since);
        let attempt = age.as_secs().checked_div(PATIENCE.as_secs()).unwrap_or_default();
        if attempt > 0
            && let Some(found) = self.stripe.find_payment(new, customer).await?
        {
            return Ok(found);
        }
        self.stripe.create_payment(new, attempt, customer).await
    }
}
