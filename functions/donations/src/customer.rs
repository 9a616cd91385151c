//! The caller's customer at Stripe: one for each person, created when it is needed, and created again when Stripe no longer knows it.

use accounts::user::{Status, User};
use kernel::{Kind, Problem};
use payments::Customer;
use store::{CommitError, Cond, Tx, Update, WriteError, field};
use stripe_api::{customer_details, sync_customer};

use crate::State;

/// The caller's customer, and Stripe's id of it. `found` is the caller's customer as read.
pub(crate) async fn current(s: &State, user: &User, found: Option<Customer>) -> Result<(Customer, String), Problem> {
    let Some(customer) = found else { return create(s, user, None).await };
    match sync_customer(&s.table, &s.stripe, user, customer.clone()).await? {
        Some(customer) => created(s, customer).await,
        None => create(s, user, Some(&customer)).await,
    }
}

/// Creates the caller's customer: the first one, or the one after `former`, which Stripe no longer knows. Concurrent requests create
/// one together.
pub(crate) async fn create(s: &State, user: &User, former: Option<&Customer>) -> Result<(Customer, String), Problem> {
    let (name, email) = customer_details(user);
    let customer = Customer::new(user.id, former, name, email, s.sys.now());
    let condition = former.map_or(Cond::Absent, |former| field("attempt").eq(former.attempt));
    let mut tx = Tx::new();
    let own = tx.put(&customer, condition);
    tx.check(User::key_of(user.id), field("status").eq(Status::Active));
    let current = match s.table.commit(tx).await {
        Ok(()) => customer,
        Err(CommitError::Refused(refused)) => match refused.current(own) {
            Some(row) => row.decode()?,
            None => return Err(Kind::Conflict.because("the account is being closed")),
        },
        Err(e) => return Err(e.into()),
    };
    created(s, current).await
}

/// Creates the customer of this item at Stripe, unless there is one. Its details are those of the item, so that concurrent requests
/// send the same ones.
async fn created(s: &State, customer: Customer) -> Result<(Customer, String), Problem> {
    if let Some(id) = customer.customer.clone() {
        return Ok((customer, id));
    }
    let id = s.stripe.create_customer(&customer).await?;
    let update = Update::of(Customer::key_of(customer.user)).set("customer", &id).when(field("attempt").eq(customer.attempt));
    match s.table.update(update).await {
        Ok(_) => Ok((Customer { customer: Some(id.clone()), ..customer }, id)),
        // The person has left meanwhile, and nothing else knows that the customer is to be deleted.
        Err(WriteError::Refused(None)) => {
            s.stripe.delete_customer(&id).await?;
            Err(Kind::Conflict.because("the account is being closed"))
        }
        Err(e) => Err(e.into()),
    }
}
