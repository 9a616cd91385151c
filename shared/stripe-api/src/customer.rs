//! The details of a person that Stripe has: their name and their mail address.

use accounts::user::User;
use kernel::Problem;
use payments::Customer;
use store::{Conditional as _, Table, Update, field};

use crate::{Failed, Stripe};

/// The name and the mail address of a person, as they are sent to Stripe.
#[must_use]
pub fn customer_details(user: &User) -> (String, Option<String>) {
    (user.username.to_string(), user.email.as_ref().map(ToString::to_string))
}

/// Sends the name and the mail address of a person to Stripe, if they differ from those of their customer. Returns the customer as it
/// is now, or `None` if Stripe does not know it any more. A request to Stripe and an update, or none.
///
/// # Errors
/// [`Problem`] if Stripe or the table does not answer.
pub async fn sync_customer(table: &Table, stripe: &Stripe, user: &User, customer: Customer) -> Result<Option<Customer>, Problem> {
    let (name, email) = customer_details(user);
    let Some(id) = customer.customer.clone().filter(|_| customer.name != name || customer.email != email) else {
        return Ok(Some(customer));
    };
    match stripe.update_customer(&id, &name, email.as_deref()).await {
        Ok(()) => {}
        Err(Failed::Gone) => return Ok(None),
        Err(e) => return Err(e.into()),
    }
    let update = Update::of(Customer::key_of(user.id)).set("name", &name).set("email", &email);
    // If there is another customer by now, it was created with its own details.
    table.update(update.when(field("customer").eq(&id))).await.refused_is_fine()?;
    Ok(Some(Customer { name, email, ..customer }))
}
