//! Sends the new name or mail address of a person to Stripe, if they have a customer there.

use accounts::user::User;
use function::Failure;
use kernel::id::UserId;
use payments::Customer;
use stripe_api::sync_customer;

use crate::State;

/// Sends the current name and address of a person to Stripe. Idempotent.
pub(crate) async fn update(s: &State, user: UserId) -> Result<(), Failure> {
    let (person, customer) = (User::key_of(user), Customer::key_of(user));
    let mut found = s.table.get_many(vec![person.clone(), customer.clone()]).await?;
    let (person, customer) = (found.take::<User>(&person)?, found.take::<Customer>(&customer)?);
    if let (Some(person), Some(customer)) = (person, customer) {
        // If Stripe does not know the customer any more, the next payment creates another one.
        sync_customer(&s.table, &s.stripe, &person, customer).await?;
    }
    Ok(())
}
