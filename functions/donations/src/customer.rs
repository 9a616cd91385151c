//! The caller's customer at Stripe: one for each person, created when it is needed, told of changes of the profile when it is used, and
//! created again when Stripe no longer knows it.

use accounts::user::User;
use kernel::Problem;
use payments::Customer;
use store::{Cond, Update, WriteError, field};
use stripe_api::Failed;

use crate::State;

/// Stripe's id of the caller's customer. `found` is the caller's customer as read.
pub(crate) async fn current(s: &State, user: &User, found: Option<Customer>) -> Result<(Customer, String), Problem> {
    let Some(customer) = found else { return create(s, user, None).await };
    let Some(id) = customer.customer.clone() else { return created(s, customer).await };
    let (name, email) = told(user);
    if customer.name == name && customer.email == email {
        return Ok((customer, id));
    }
    match s.stripe.update_customer(&id, &name, email.as_deref()).await {
        Ok(()) => {}
        Err(Failed::Gone) => return create(s, user, Some(&customer)).await,
        Err(e) => return Err(e.into()),
    }
    let update = Update::of(Customer::key_of(user.id)).set("name", &name).set("email", &email);
    s.table.update(update.when(field("customer").eq(&id))).await?;
    Ok((Customer { name, email, ..customer }, id))
}

/// Creates the caller's customer: the first one, or the one after `former`, which Stripe no longer knows. Concurrent requests create
/// one together.
pub(crate) async fn create(s: &State, user: &User, former: Option<&Customer>) -> Result<(Customer, String), Problem> {
    let (name, email) = told(user);
    let customer = Customer::new(user.id, former, name, email, s.sys.now());
    let condition = former.map_or(Cond::Absent, |former| field("attempt").eq(former.attempt));
    let current = match s.table.put(&customer, condition).await {
        Ok(()) => customer,
        Err(WriteError::Refused(Some(row))) => row.decode()?,
        Err(e) => return Err(e.into()),
    };
    created(s, current).await
}

/// Asks Stripe for the customer of this item, which is told what the item says, and so the same by concurrent requests.
async fn created(s: &State, customer: Customer) -> Result<(Customer, String), Problem> {
    if let Some(id) = customer.customer.clone() {
        return Ok((customer, id));
    }
    let id = s.stripe.create_customer(&customer).await?;
    let update = Update::of(Customer::key_of(customer.user)).set("customer", &id).when(field("attempt").eq(customer.attempt));
    s.table.update(update).await?;
    Ok((Customer { customer: Some(id.clone()), ..customer }, id))
}

fn told(user: &User) -> (String, Option<String>) {
    (user.username.to_string(), user.email.as_ref().map(ToString::to_string))
}
