//! Counts the figures of each day from the table's stream: registrations, sign-ins, messages, orders, revenue, deletions.
//!
//! Lambda filters the stream, so the function is invoked only with new items of these kinds, with up to a thousand of them or after a
//! minute. So figures are up to a minute old, a message costs a thousandth of an invocation, and requests write nothing for the figures but
//! what is taken off the revenue.
//! Each batch is counted exactly once (`accounts::figures`). An event that is sent again from the dead letters is not counted again.
//!
//! AWS calls: a transaction for each batch; a read for each order, paid donation and paid plan.

mod record;

use accounts::figures::{Counted, ORDERS, REVENUE, Tally};
use aws_lambda_events::dynamodb::Event;
use commerce::order::Order;
use function::{Boot, Failure, Function, StartError};
use kernel::{Sys, Time};
use money::{Currency, Money};
use payments::{Donation, PlanPayment};
use record::{CountedAs, Record};
use store::{StoreError, Table};

/// The state of the function.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), sys: sys.clone() })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event: Event, _| async move { count(&s, event).await }))
}

/// Counts a batch, without the records that an earlier delivery of the batch has counted.
async fn count(s: &State, event: Event) -> Result<(), Failure> {
    let mut records = event.records.into_iter().map(Record::of).collect::<Result<Vec<_>, _>>()?;
    while let (Some(first), Some(last)) = (records.first(), records.last()) {
        let tally = tally(s, &records).await?;
        let counted = tally.count(&s.table, s.sys.now(), (&first.id, &last.sequence.0)).await?;
        match counted {
            Counted::Now => break,
            Counted::UpTo(last) => records.retain(|record| record.sequence.is_after(&last)),
        }
    }
    Ok(())
}

async fn tally(s: &State, records: &[Record]) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for Record { at, what, .. } in records {
        match what {
            CountedAs::Nothing => {}
            CountedAs::One(figure) => tally.add(*at, figure, 1),
            CountedAs::Revenue(currency, more) => tally.add(*at, &revenue_in(*currency), *more),
            paid => {
                if matches!(paid, CountedAs::Order(..)) {
                    tally.add(*at, ORDERS, 1);
                }
                if let Some((sold_at, amount)) = revenue(&s.table, paid).await? {
                    tally.add(sold_at.unwrap_or(*at), &revenue_in(amount.currency()), i64::try_from(amount.amount()).unwrap_or(i64::MAX));
                }
            }
        }
    }
    Ok(tally)
}

/// Returns the name of the revenue in a currency.
fn revenue_in(currency: Currency) -> String {
    format!("{REVENUE}{}", currency.code())
}

/// Returns the time of the sale, if it is known, and the whole amount. `None` if the account was deleted since.
async fn revenue(table: &Table, paid: &CountedAs) -> Result<Option<(Option<Time>, Money)>, StoreError> {
    Ok(match paid {
        CountedAs::Order(user, id) => {
            table.get::<Order>(Order::key_of(*user, *id)).await?.map(|order| (Some(order.sold_at()), order.total))
        }
        CountedAs::Donation(user, id) => {
            table.get::<Donation>(Donation::key_of(*user, *id)).await?.map(|donation| (donation.paid_at, donation.purpose.amount))
        }
        CountedAs::Plan(user, id) => {
            table.get::<PlanPayment>(PlanPayment::key_of(*user, *id)).await?.map(|payment| (payment.paid_at, payment.purpose.price))
        }
        CountedAs::Nothing | CountedAs::One(_) | CountedAs::Revenue(..) => None,
    })
}
