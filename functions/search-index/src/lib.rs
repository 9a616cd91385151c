//! Finishes changes of records that have more to write in the lists of the search than their transactions had room for, if the
//! function that began them was interrupted.
//!
//! Usually that function has finished them before. Each step is idempotent, and holds only while the change is unfinished. Failures are
//! retried by the platform, and then kept in the dead-letter queue; the next change of the record finishes it too.
//!
//! AWS calls: one read; a transaction for each hundred writes that are left.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, search::SearchUnfinished};
use function::{Boot, Failure, Function, StartError};
use search::Catalogue;
use store::Table;

events::hears! { SearchUnfinished }

/// The state of the function.
#[derive(Clone)]
struct State {
    table: Table,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys) })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event: EventBridgeEvent<Envelope<Heard>>, _| async move { finish(&s, event.detail).await }))
}

async fn finish(s: &State, Envelope { event, .. }: Envelope<Heard>) -> Result<(), Failure> {
    let Heard::SearchUnfinished(SearchUnfinished { catalogue, record }) = event;
    let Some(catalogue) = Catalogue::ALL.into_iter().find(|known| known.to_string() == catalogue) else {
        tracing::error!(catalogue, "a catalogue of another deployment");
        return Ok(());
    };
    Ok(catalogue.finish(&s.table, record).await?)
}
