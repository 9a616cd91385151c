//! Counts the figures of each day from the table's stream: registrations, sign-ins, messages, orders, revenue, deletions.
//!
//! The platform filters the stream, so that the function is invoked with new items of these kinds alone, for up to a thousand of them or
//! after a minute. So a figure is a minute old, a message costs a thousandth of an invocation, and nobody's request writes anything for
//! it. Each batch is counted exactly once (`accounts::figures`), and an event that is sent again after it was given up is not another one.
//!
//! AWS calls: a transaction for each batch; a read for each order, paid donation and paid plan.

mod record;

use accounts::figures::{Counted, ORDERS, REVENUE, Tally};
use aws_lambda_events::dynamodb::Event;
use commerce::order::Order;
use function::{Boot, Failure, Function, StartError};
use kernel::Sys;
use money::Money;
use payments::{Donation, PlanPayment};
use record::{Record, What};
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

/// Counts a batch, without what an earlier delivery of it has counted.
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
            What::Nothing => {}
            What::One(figure) => tally.add(*at, figure, 1),
            paid => {
                if matches!(paid, What::Order(..)) {
                    tally.add(*at, ORDERS, 1);
                }
                if let Some(amount) = revenue(&s.table, paid).await? {
                    tally.add(*at, &format!("{REVENUE}{}", amount.currency().code()), amount.amount());
                }
            }
        }
    }
    Ok(tally)
}

/// What was paid. `None` if the person has left since.
async fn revenue(table: &Table, paid: &What) -> Result<Option<Money>, StoreError> {
    Ok(match paid {
        What::Order(user, id) => table.get::<Order>(Order::key_of(*user, *id)).await?.map(|order| order.total),
        What::Donation(user, id) => table.get::<Donation>(Donation::key_of(*user, *id)).await?.map(|donation| donation.purpose.amount),
        What::Plan(user, id) => table.get::<PlanPayment>(PlanPayment::key_of(*user, *id)).await?.map(|payment| payment.purpose.price),
        What::Nothing | What::One(_) => None,
    })
}
