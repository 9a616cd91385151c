//! Creates the archive of all data that is stored about a person, at their request.
//!
//! For each item in the person's partition the archive has the attributes that the item's type declares (`kinds`). An unknown kind is an
//! error in the log, so that none is forgotten. No type declares a secret. A repeated run writes the same object and notifies the person
//! once. For an account that is being deleted no archive is made, and an object that was written in the meantime is deleted. Lambda repeats
//! failed runs, and the event then goes to the dead-letter queue.
//!
//! The archive has all files that the person has uploaded, at most 1 GiB. It is uploaded in parts while it is made, so that only a few
//! files are in memory at a time.
//!
//! AWS calls: two updates for the lease and the record of the event; a batch for the person and the archive's item; the calls
//! of the sections; one object, or one call for each 8 MiB and two more; one transaction, which marks the archive as ready and
//! notifies the person.

mod archive;
mod kinds;
mod sections;

use accounts::user::{Status, User, notify};
use archive::Archive;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, Notice, files::ExportRequested, once};
use files::{
    ArchiveWriter, Bucket,
    export::{Export, Progress},
};
use function::{Boot, Failure, Function, StartError};
use kernel::{
    Sys,
    id::{ExportId, UserId},
};
use store::{CommitError, Table, Tx};

/// The name under which processed events are recorded.
const CONSUMER: &str = "data-export";
/// The name of the downloaded file.
const FILE_NAME: &str = "stoa-export.zip";

events::hears! { ExportRequested }

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    bucket: Bucket,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), bucket: Bucket::from_env(r, &aws), sys: sys.clone() })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, event: EventBridgeEvent<Envelope<Heard>>, _| async move { handle(&s, event.detail).await }))
}

async fn handle(s: &State, Envelope { id, event, .. }: Envelope<Heard>) -> Result<(), Failure> {
    let Heard::ExportRequested(ExportRequested { user, export }) = event;
    // Boxed, because the futures of the clients are large.
    once(&s.table, &s.sys, CONSUMER, id, Box::pin(make(s, user, export))).await?;
    Ok(())
}

/// Writes the whole archive, and returns its size.
async fn write(s: &State, object: &mut ArchiveWriter, user: UserId) -> Result<u64, Failure> {
    let mut archive = Archive::new();
    sections::write_sections(s, &mut archive, object, user).await?;
    object.write(archive.finish()?).await?;
    Ok(object.finish().await?)
}

async fn make(s: &State, user: UserId, id: ExportId) -> Result<(), Failure> {
    let (person, record) = (User::key_of(user), Export::key_of(user, id));
    let mut found = s.table.get_many(vec![person.clone(), record.clone()]).await?;
    let alive = found.take::<User>(&person)?.is_some_and(|person| person.status != Status::Purging);
    let key = Export::object_key(user, id);
    // The account was deleted, so no object may stay, whichever run has written it.
    let Some(export) = found.take::<Export>(&record)?.filter(|_| alive) else { return Ok(s.bucket.delete([key]).await?) };
    if export.progress(s.sys.now()) != Progress::Waiting {
        return Ok(());
    }
    let mut object = s.bucket.archive(&key, FILE_NAME);
    let bytes = match Box::pin(write(s, &mut object, user)).await {
        Ok(bytes) => bytes,
        Err(failure) => {
            if let Err(e) = object.abandon().await {
                tracing::warn!(error = %e, "the parts of an archive could not be deleted");
            }
            return Err(failure);
        }
    };
    let mut tx = Tx::new();
    let ready = export.finish(&mut tx, s.sys.now());
    notify(&mut tx, &s.sys, user, Notice::ExportReady);
    match s.table.commit(tx).await {
        Ok(()) => tracing::info!(export.id = %id, bytes, "exported"),
        // The archive's item was deleted together with its account.
        Err(CommitError::Refused(r)) if r.at(ready) && r.current(ready).is_none() => s.bucket.delete([key]).await?,
        // Another run was faster and has written the same archive.
        Err(CommitError::Refused(_)) => {}
        Err(CommitError::Store(e)) => return Err(e.into()),
    }
    Ok(())
}
