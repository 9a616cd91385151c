//! Dead letters: events on which functions failed after all retries. Superusers list them and send them again.
//!
//! Lambda puts a record of each such event into a queue. A queue cannot be listed, and reading it hides its messages from other readers. So
//! this function, the only one that may read the queue, moves all messages to the table and keeps them for two weeks. A message that it
//! cannot store stays in the queue.
//!
//! An event of the bus is sent again like the first time: its item in the outbox is written again, in the transaction that removes the
//! letter and writes the audit. Consumers that have handled the event ignore it. Other events cannot be sent again from here: schedules run
//! again by themselves, and for records of streams the queue only has their position.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/admin/dead-letters` | the caller and their roles in one; a query |
//! | `POST /v1/admin/dead-letters/{letter}/redrive` | the caller and their roles in one; a read; a transaction |
//! | messages of the queue | a write for each |

mod letter;
mod list;
mod queue;
mod redrive;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Failure, Function, RawValue, StartError};
use kernel::Sys;
use queue::QueueEvent;
use serde_json::value::to_raw_value;
use store::{Sealer, Table};

store::items![letter::DeadLetter];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "dead-letters", "Events that could not be processed.", State =>
    list::list_dead_letters,
    redrive::redrive_dead_letter,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("dead letters").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sealer,
        sys: sys.clone(),
    })?;
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move {
            match serde_json::from_str::<QueueEvent>(payload.get()) {
                Ok(event) => keep(&state, event).await,
                Err(_) => http.invoke(payload, context).await,
            }
        }
    }))
}

/// Stores all messages. After a failure the queue delivers all of them again, and each overwrites its own letter.
async fn keep(s: &State, event: QueueEvent) -> Result<Box<RawValue>, Failure> {
    for message in &event.records {
        let letter = message.letter();
        s.table.put_always(&letter).await?;
        tracing::info!(letter.id = %letter.id, function = letter.function, "an event was given up");
    }
    Ok(to_raw_value(&())?)
}
