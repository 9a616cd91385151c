//! Takes a person out of what they have paid.

use accounts::{purge::Purged, user::partition};
use kernel::{Sys, id::UserId};
use store::{Conditional as _, Item as _, Range, StoreError, Table, Tx, field};

use crate::{Customer, CustomerRemoval, DonationRecord, DonationState, history};

/// Donations in one call.
const AT_ONCE: u32 = 40;

/// Replaces a person's donations by records that name nobody, and hands their customer over to be deleted at Stripe: that happens
/// within the hour, or as soon as Stripe answers again.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, sys: &Sys, user: UserId) -> Result<Purged, StoreError> {
    let page = history(table, user, None, AT_ONCE).await?;
    let mut tx = Tx::new();
    for donation in &page.items {
        // What was never paid, and what nobody can pay any more, leaves nothing.
        if donation.state != DonationState::Cancelled && donation.intent.is_some() {
            tx.put_always(&DonationRecord::of(donation));
        }
        tx.delete_when(donation.key(), field("version").eq(donation.version));
    }
    if !page.more
        && let Some(customer) = table.get::<Customer>(Customer::key_of(user)).await?
    {
        if let Some(id) = &customer.customer {
            tx.put_always(&CustomerRemoval { customer: id.clone(), since: sys.now() });
        }
        let same = match &customer.customer {
            Some(id) => field("customer").eq(id),
            None => field("customer").absent(),
        };
        tx.delete_when(customer.key(), same);
    }
    let moved = !tx.is_empty() && !table.commit(tx).await.applied()?;
    if page.more || moved {
        return Ok(Purged::More);
    }
    let requests = table.query_rows(Range::of(partition(user)).prefix("PAYMENT_REQUEST#").limit(AT_ONCE)).await?;
    table.delete_many(requests.items.iter().filter_map(store::Row::key).collect()).await?;
    Ok(if requests.more { Purged::More } else { Purged::Done })
}

/// The customers that are to be deleted at Stripe: those after this one. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn removals(table: &Table, after: Option<&CustomerRemoval>, limit: u32) -> Result<Vec<CustomerRemoval>, StoreError> {
    let range = Range::of(CustomerRemoval::PARTITION).limit(limit);
    Ok(table.query(after.into_iter().fold(range, |range, after| range.after(after.key(), None))).await?.items)
}

/// Records that a customer is deleted at Stripe.
///
/// # Errors
/// [`StoreError`]
pub async fn removed(table: &Table, removal: &CustomerRemoval) -> Result<(), StoreError> {
    table.delete(removal.key()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_fits_a_transaction() {
        const { assert!(AT_ONCE * 2 + 2 <= 100, "a transaction has at most a hundred writes") };
    }
}
