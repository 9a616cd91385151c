//! Finishes changes of search entries. If a changed record has more entries than fit into its transaction, the function that changed it
//! writes the others afterwards. This function does so if that function was interrupted.
//!
//! Usually there is nothing left to do. Each step is idempotent, and is refused when the change is finished. Lambda repeats failed runs,
//! and the event then goes to the dead-letter queue. The next change of the record also finishes an unfinished one.
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
        tracing::error!(catalogue, "an event about an unknown catalogue");
        return Ok(());
    };
    Ok(catalogue.finish(&s.table, record).await?)
}
