//! Processes uploads. An uploaded picture is checked, re-encoded and published, or refused and deleted. A picture that was replaced or
//! removed is moved to the trash. A file for a message is checked, and deleted when it is in no message.
//!
//! The bucket and the bus deliver at least once, late, concurrently, or after the account was deleted. So every step depends on the
//! upload's item, writes keys that only this upload can have, and may be repeated at any point: first the objects are written, then one
//! transaction publishes them, then the objects that are no longer needed are deleted. If the bucket's event is lost, a schedule finds the
//! file.

mod check;
mod end;
mod publish;
mod reconcile;
mod retire;

use std::time::Duration;

use accounts::{last_run::run_and_record, user::User};
use aws_lambda_events::s3::S3Event;
use events::{
    Envelope,
    files::{AttachmentsDropped, PictureRetired},
    shop::ProductPictureRetired,
};
use files::{Bucket, Upload, attachment};
use function::{Boot, Context, Failure, Function, Scheduled, StartError};
use kernel::{
    Sys,
    id::{UploadId, UserId},
};
use reconcile::Report;
use serde::Deserialize;
use store::{StoreError, Table};

/// No further file is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(30);
/// The interval of its schedule in the template.
const EVERY: Duration = Duration::from_secs(900);

events::hears! { AttachmentsDropped, PictureRetired, ProductPictureRetired }

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    bucket: Bucket,
}

/// The reason of an invocation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    /// Files arrived in the bucket.
    Bucket(S3Event),
    /// An event about a picture or about files of messages.
    Bus { detail: Envelope<Heard> },
    /// The schedule of every fifteen minutes.
    Schedule(Scheduled),
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let state = boot.env.read(|r| State { table: Table::read(r, &aws, &sys), bucket: Bucket::from_env(r, &aws), sys: sys.clone() })?;
    state.table.warm_up().await;
    Ok(Function::new(state, |s, trigger, context| async move { handle(&s, trigger, &context).await }))
}

async fn handle(s: &State, trigger: Trigger, context: &Context) -> Result<Option<Report>, Failure> {
    match trigger {
        Trigger::Schedule(_) => {
            let run = Box::pin(reconcile::reconcile(s, context));
            run_and_record((&s.table, &s.sys), env!("CARGO_PKG_NAME"), EVERY, run).await.map(Some)
        }
        Trigger::Bus { detail } => {
            match detail.event {
                Heard::AttachmentsDropped(AttachmentsDropped { attachments }) => end::delete_dropped(s, &attachments).await?,
                Heard::PictureRetired(PictureRetired { user, picture }) => retire::retire(s, user, picture).await?,
                Heard::ProductPictureRetired(ProductPictureRetired { product, picture }) => {
                    retire::retire_of_product(s, product, picture).await?;
                }
            }
            Ok(None)
        }
        Trigger::Bucket(event) => {
            let mut failed = None;
            // A failure does not prevent the other files from being processed. All of them are delivered again.
            for key in event.records.into_iter().filter_map(|r| r.s3.object.key) {
                if let Err(e) = process_file(s, &key).await {
                    failed = Some(e);
                }
            }
            failed.map_or(Ok(None), Err)
        }
    }
}

/// Processes the file at `key`: for a message, or for a picture. A repetition is harmless.
async fn process_file(s: &State, key: &str) -> Result<(), Failure> {
    match attachment::of_incoming_key(key) {
        Some((user, id)) => check::check(s, user, id).await,
        None => publish::publish(s, key).await,
    }
}

/// Returns the item of an upload and the person it belongs to, in one request.
async fn load(s: &State, user: UserId, upload: UploadId) -> Result<(Option<Upload>, Option<User>), StoreError> {
    let (upload, user) = (Upload::key_of(user, upload), User::key_of(user));
    let mut found = s.table.get_many(vec![upload.clone(), user.clone()]).await?;
    Ok((found.take(&upload)?, found.take(&user)?))
}
