//! The customer of a person at Stripe: one for each person, created when it is needed, and created again when Stripe no longer knows it.

use std::time::Duration;

use accounts::user::{Status, User};
use kernel::{Kind, Problem, Sys};
use payments::{Customer, CustomerRemoval, KEPT};
use store::{CommitError, Cond, Conditional as _, Table, Tx, Update, WriteError, field};

use crate::{Failed, Stripe, customers::Search, lists::HasTime};

/// How long a request for a customer or a payment is repeated after Stripe has failed. A request runs no longer, and Stripe repeats the
/// failure for a day.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The age at which Stripe may have forgotten the key of a request, so that a repetition would create another customer.
const FORGOTTEN: Duration = KEPT.saturating_sub(Duration::from_secs(3600));
/// How long a customer is searched for while its payer waits. The schedule has more time.
const SEARCHED: Duration = Duration::from_secs(5);

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
    /// Tells whether there is time for another request that searches for the customer.
    fn has_time(&self) -> impl Fn() -> bool + Send + Sync {
        let (sys, began) = (self.sys, self.sys.now());
        move || sys.now().since(began) < SEARCHED
    }
}

/// Returns the name and the mail address of a person, as they are sent to Stripe.
fn customer_details(user: &User) -> (String, Option<String>) {
    (user.username.to_string(), user.email.as_ref().map(ToString::to_string))
}

/// Returns the customer of a person, and Stripe's id of it. Before it is created, it is checked that the key belongs to the account of the
/// payments: a new customer would not be unknown to another account, as those of earlier payers are.
pub(crate) async fn current(payer: &Payer<'_>) -> Result<(Customer, String), Problem> {
    if payer.customer.as_ref().is_none_or(|customer| customer.customer.is_none()) {
        payer.stripe.check_account().await?;
    }
    let Some(customer) = payer.customer.clone() else { return create(payer, None).await };
    match sync_customer(payer.table, payer.stripe, payer.user, customer.clone()).await? {
        Some(customer) => created(payer.table, payer.sys, payer.stripe, customer, &payer.has_time()).await,
        None => create(payer, Some(&customer)).await,
    }
}

/// Creates the customer of a person: the first one, or the one after `former`, which Stripe no longer knows. Concurrent requests create
/// one together.
pub(crate) async fn create(payer: &Payer<'_>, former: Option<&Customer>) -> Result<(Customer, String), Problem> {
    let (user, (name, email)) = (payer.user, customer_details(payer.user));
    let customer = Customer::new(user.id, former, name, email, payer.sys.now());
    let condition = former.map_or(Cond::Absent, |former| field("attempt").eq(former.attempt));
    let mut tx = Tx::new();
    let own = tx.put(&customer, condition);
    tx.check(User::key_of(user.id), field("status").eq(Status::Active));
    let current = match payer.table.commit(tx).await {
        Ok(()) => customer,
        Err(CommitError::Refused(refused)) => match refused.current(own) {
            Some(row) => row.decode()?,
            None => return Err(Kind::Conflict.because("the account is being deleted")),
        },
        Err(e) => return Err(e.into()),
    };
    created(payer.table, payer.sys, payer.stripe, current, &payer.has_time()).await
}

/// Creates the customer of this item at Stripe, unless there is one. Its details are those of the item, so that concurrent requests send
/// the same ones. If the process ends before Stripe's id is written, the item has no id, and the next run of the schedule continues with it
/// here. If Stripe has failed and repeats the failure, the customer is searched for, as long as there is time.
///
/// # Errors
/// [`Problem`] if Stripe or the table does not answer, or the person has left meanwhile.
pub async fn created(
    table: &Table,
    sys: &Sys,
    stripe: &Stripe,
    customer: Customer,
    has_time: &HasTime<'_>,
) -> Result<(Customer, String), Problem> {
    if let Some(id) = customer.customer.clone() {
        return Ok((customer, id));
    }
    let age = sys.now().since(customer.created_at);
    let (customer, id) = if age >= FORGOTTEN {
        looked_for(table, sys, stripe, customer, has_time).await?
    } else {
        match stripe.create_customer(&customer).await {
            Ok(id) => (customer, id),
            Err(Failed::Broken(_)) if age >= PATIENCE => looked_for(table, sys, stripe, customer, has_time).await?,
            Err(e) => return Err(e.into()),
        }
    };
    match table.update(customer.found(&id)).await {
        Ok(_) => Ok((Customer { customer: Some(id.clone()), ..customer }, id)),
        // The person has left meanwhile, and nothing else knows that the customer is to be deleted.
        Err(WriteError::Refused(None)) => {
            stripe.delete_customer(&id).await?;
            Err(Kind::Conflict.because("the account is being deleted"))
        }
        Err(e) => Err(e.into()),
    }
}

/// Returns the customer of a request that cannot be repeated, if Stripe has created it anyway. Otherwise creates another one; if the former
/// customer appears at Stripe later, it is deleted there. Requests to Stripe for a list and for a creation; a transaction.
async fn looked_for(
    table: &Table,
    sys: &Sys,
    stripe: &Stripe,
    customer: Customer,
    has_time: &HasTime<'_>,
) -> Result<(Customer, String), Problem> {
    let (now, request) = (sys.now(), customer.request());
    let search = Search { request: &request, email: customer.email.as_deref(), from: customer.created_at, until: now };
    if let Some(id) = stripe.customers_of(search, has_time).await?.pop() {
        return Ok((customer, id));
    }
    let again = customer.again(now);
    let mut tx = Tx::new();
    tx.put(&again, field("attempt").eq(customer.attempt).and(field("customer").absent()));
    tx.put_always(&customer.removal(now));
    match table.commit(tx).await {
        Ok(()) => {}
        Err(CommitError::Refused(_)) => return Err(Kind::Conflict.because("somebody else creates the customer, or the account is closed")),
        Err(e) => return Err(e.into()),
    }
    let id = stripe.create_customer(&again).await?;
    Ok((again, id))
}

/// Deletes a customer at Stripe. Returns whether it is done: not while it is unknown whether the customer exists.
///
/// # Errors
/// [`Failed`], also if there is no time to look for it; it may be repeated at any point.
pub async fn remove_customer(sys: &Sys, stripe: &Stripe, removal: &CustomerRemoval, has_time: &HasTime<'_>) -> Result<bool, Failed> {
    match (removal, removal.is_known_at()) {
        (CustomerRemoval::Known { customer, .. }, _) => stripe.delete_customer(customer).await?,
        (CustomerRemoval::Lost { .. }, Some(known_at)) if sys.now() < known_at => return Ok(false),
        (CustomerRemoval::Lost { request, from, .. }, known_at) => {
            // Nothing of it appears later. Its mail address is not kept.
            let search = Search { request, email: None, from: *from, until: known_at.unwrap_or_else(|| sys.now()) };
            for customer in stripe.customers_of(search, has_time).await? {
                stripe.delete_customer(&customer).await?;
            }
        }
    }
    Ok(true)
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
