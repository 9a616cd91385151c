//! What Stripe knows about a person: their name and address.

use accounts::user::User;
use kernel::Problem;
use payments::Customer;
use store::{Conditional as _, Table, Update, field};

use crate::{Failed, Stripe};

/// The name and the address of a person, as Stripe is told them.
#[must_use]
pub fn told(user: &User) -> (String, Option<String>) {
    (user.username.to_string(), user.email.as_ref().map(ToString::to_string))
}

/// Tells Stripe the name and the address of a person, if they are others than those of their customer. Returns the customer as it is
/// now. `None` if Stripe does not know it any more. A request to Stripe and an update, or none.
///
/// # Errors
/// [`Problem`] if Stripe or the table does not answer.
pub async fn tell(table: &Table, stripe: &Stripe, user: &User, customer: Customer) -> Result<Option<Customer>, Problem> {
    let (name, email) = told(user);
    let Some(id) = customer.customer.clone().filter(|_| customer.name != name || customer.email != email) else {
        return Ok(Some(customer));
    };
    match stripe.update_customer(&id, &name, email.as_deref()).await {
        Ok(()) => {}
        Err(Failed::Gone) => return Ok(None),
        Err(e) => return Err(e.into()),
    }
    let update = Update::of(Customer::key_of(user.id)).set("name", &name).set("email", &email);
    // If there is another customer by now, it was told on its own.
    table.update(update.when(field("customer").eq(&id))).await.refused_is_fine()?;
    Ok(Some(Customer { name, email, ..customer }))
}
