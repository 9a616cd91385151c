//! Makes the archive of everything that is kept about a person, which they asked for.
//!
//! Whatever stands in their own partition goes in by lists of what is told of each kind (`sections`), so that nothing is left
//! out by being forgotten: a kind that is in no list is reported. No secret is in any list. Done twice, the same object is
//! written and the person is told once; an account that is being deleted gets nothing, and what was written meanwhile is taken
//! away again. What fails is tried again by the platform, then kept in the queue of failures.
//!
//! AWS calls: two updates for the lease and the note of the event; a batch for the person and the record; what the sections
//! say; one object; one transaction, which makes the archive count and has its person told.

mod archive;
mod sections;

use accounts::user::{Status, User, tell};
use archive::Archive;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, Event, Notice, once};
use files::{
    Bucket,
    export::{Export, Progress},
};
use function::{Boot, Failure, Function, StartError};
use kernel::{
    Sys,
    id::{ExportId, UserId},
};
use store::{CommitError, Table, Tx};

/// Under this name handled events are remembered.
const CONSUMER: &str = "data-export";
/// What the file is called that somebody saves.
const FILE_NAME: &str = "stoa-export.zip";

/// What this function may touch.
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
    let state = boot.env.read(|r| State {
        table: Table::new(&aws, &sys, &r.need("TABLE_NAME")),
        bucket: Bucket::new(&aws, &r.need("BUCKET_NAME")),
        sys: sys.clone(),
    })?;
    state.table.warm_up().await;
    Ok(Function::new(move |event: EventBridgeEvent<Envelope>, _| {
        let state = state.clone();
        async move { handle(&state, event.detail).await }
    }))
}

async fn handle(s: &State, Envelope { id, event, .. }: Envelope) -> Result<(), Failure> {
    let Event::ExportRequested { user, export } = event else { return Err("not an event that anything is exported for".into()) };
    // On the heap: the clients' futures are large.
    once(&s.table, &s.sys, CONSUMER, id, Box::pin(make(s, user, export))).await?;
    Ok(())
}

async fn make(s: &State, user: UserId, id: ExportId) -> Result<(), Failure> {
    let (person, record) = (User::key_of(user), Export::key_of(user, id));
    let mut found = s.table.get_many(vec![person.clone(), record.clone()]).await?;
    let alive = found.take::<User>(&person)?.is_some_and(|person| person.status != Status::Purging);
    let key = Export::object_key(user, id);
    // Nobody asks any more, and nothing may stay behind, whoever wrote it.
    let Some(export) = found.take::<Export>(&record)?.filter(|_| alive) else { return Ok(s.bucket.delete([key]).await?) };
    if export.progress(s.sys.now()) != Progress::Waiting {
        return Ok(());
    }
    let mut archive = Archive::new();
    sections::gather(s, &mut archive, user).await?;
    let zip = archive.finish()?;
    let bytes = zip.len();
    s.bucket.write_archive(&key, FILE_NAME, zip).await?;
    let mut tx = Tx::new();
    let ready = export.finish(&mut tx, s.sys.now());
    tell(&mut tx, &s.sys, user, Notice::ExportReady);
    match s.table.commit(tx).await {
        Ok(()) => tracing::info!(export.id = %id, bytes, "exported"),
        // The record is gone, and its account with it.
        Err(CommitError::Refused(r)) if r.at(ready) && r.current(ready).is_none() => s.bucket.delete([key]).await?,
        // Another run was faster, and wrote the same.
        Err(CommitError::Refused(_)) => {}
        Err(CommitError::Store(e)) => return Err(e.into()),
    }
    Ok(())
}
