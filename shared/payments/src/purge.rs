//! The purge of a person's payments, also at Stripe.

use accounts::{
    purge::{Purged, Retention},
    user::partition,
};
use kernel::{Sys, id::UserId};
use store::{Conditional as _, Item as _, Range, Row, StoreError, Table, Tx, field};

use crate::{Customer, CustomerRemoval, Donor, PaymentRecord, PaymentRemoval, PaymentState, Plan, Purpose, alert::Alert, history};

/// The number of payments that one call handles.
const AT_ONCE: u32 = 30;
/// The prefixes of further items in the person's partition that are deleted too.
const BESIDE: [&str; 2] = ["PAYMENT_REQUEST#", "HELD_PLAN#"];

/// Replaces a person's payments by records without personal data. Unpaid payments are handed over to be cancelled at Stripe, those whose
/// refund has come back to be given back by staff, and the person's customer to be deleted at Stripe. That happens within a quarter of an
/// hour, or when Stripe answers again.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, sys: &Sys, kept: Retention, user: UserId) -> Result<Purged, StoreError> {
    let more = payments::<Donor>(table, sys, kept, user).await? || payments::<Plan>(table, sys, kept, user).await?;
    if more || customer(table, sys, user).await? {
        return Ok(Purged::More);
    }
    for prefix in BESIDE {
        let found = table.query_rows(Range::of(partition(user)).prefix(prefix).limit(AT_ONCE)).await?;
        table.delete_many(found.items.iter().filter_map(Row::key).collect()).await?;
        if found.more {
            return Ok(Purged::More);
        }
    }
    Ok(Purged::Done)
}

/// Replaces payments for one purpose. Returns whether there are more, or some have changed meanwhile.
async fn payments<P: Purpose>(table: &Table, sys: &Sys, kept: Retention, user: UserId) -> Result<bool, StoreError> {
    let page = history::<P>(table, user, None, AT_ONCE).await?;
    let mut tx = Tx::new();
    for payment in &page.items {
        if let Some(intent) = payment.intent.clone() {
            // Payments that were never paid and cannot be paid any more leave no record.
            if payment.state != PaymentState::Cancelled || payment.is_wrong {
                tx.put_always(&PaymentRecord::of(payment, kept));
            }
            // Money that has come back is still owed.
            if payment.state == PaymentState::PendingPayment || payment.has(Alert::RefundFailed) {
                let asked = (P::paid_for(payment.id), payment.purpose.amount());
                let outside = payment.back.outside;
                tx.put_always(&PaymentRemoval { outside, ..PaymentRemoval::new(intent, asked, sys.now()) });
            }
        }
        tx.delete_when(payment.key(), field("version").eq(payment.version));
    }
    let moved = !tx.is_empty() && !table.commit(tx).await.applied()?;
    Ok(page.more || moved)
}

/// Hands the customer over to be deleted at Stripe. Returns whether there is a new customer now.
async fn customer(table: &Table, sys: &Sys, user: UserId) -> Result<bool, StoreError> {
    let Some(customer) = table.get::<Customer>(Customer::key_of(user)).await? else { return Ok(false) };
    let mut tx = Tx::new();
    tx.put_always(&customer.removal(sys.now()));
    let same = match &customer.customer {
        Some(id) => field("customer").eq(id),
        None => field("customer").absent(),
    };
    tx.delete_when(customer.key(), same);
    Ok(!table.commit(tx).await.applied()?)
}

/// Returns the customers after this one that have to be deleted at Stripe. One query.
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
        const { assert!(AT_ONCE * 3 <= 100, "a transaction has at most a hundred writes") };
    }
}
