//! Counts the figures of each day from the table's stream: registrations, sign-ins, messages, orders, revenue, deletions.
//!
//! Lambda filters the stream, so the function is invoked only with new items of these kinds, with up to a thousand of them or after a
//! minute. So figures are up to a minute old, a message costs a thousandth of an invocation, and requests write nothing for the figures but
//! the changes of revenue.
//! Each batch is counted exactly once (`accounts::figures`). An event that is sent again from the dead letters is not counted again.
//!
//! AWS calls: a transaction for each batch, and another one for every further ninety-nine figures of it.

mod record;

use accounts::figures::{Counted, REVENUE, Tally};
use aws_lambda_events::dynamodb::Event;
use function::{Boot, Failure, Function, StartError};
use kernel::Sys;
use record::{CountedAs, Record};
use store::Table;

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

/// Counts a batch, without the records that an earlier delivery of the batch has counted. If it has too many figures for one transaction,
/// its beginning is counted first, as a batch of its own, and then the rest.
async fn count(s: &State, event: Event) -> Result<(), Failure> {
    let mut records = event.records.into_iter().map(Record::of).collect::<Result<Vec<_>, _>>()?;
    while let Some(first) = records.first() {
        let mut tally = Tally::default();
        let part = records.iter().take_while(|record| add(&mut tally, record)).count();
        let last = records.get(part.saturating_sub(1)).unwrap_or(first);
        let counted = tally.count(&s.table, s.sys.now(), (&first.id, &last.sequence.0)).await?;
        match counted {
            Counted::Now => records = records.split_off(part),
            Counted::UpTo(last) => records.retain(|record| record.sequence.is_after(&last)),
        }
    }
    Ok(())
}

/// Adds a record to a tally. Returns false if there is no room for its figure.
fn add(tally: &mut Tally, record: &Record) -> bool {
    match record.what {
        CountedAs::Nothing => true,
        CountedAs::One(figure) => tally.add(record.at, figure, 1),
        CountedAs::Revenue(currency, more) => tally.add(record.at, &format!("{REVENUE}{}", currency.code()), more),
    }
}
