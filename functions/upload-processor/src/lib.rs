//! What becomes of uploads: a file that arrived is checked, drawn anew and published, or refused and deleted; a picture that
//! was replaced or removed goes to the trash.
//!
//! The bucket and the bus both deliver at least once, late, twice at the same time or after the account is gone. Every step
//! therefore goes by the upload's record, writes keys that only this upload can have, and may be run again at any point:
//! objects first, then the one transaction that makes them count, then what is no longer needed. If the bucket loses its
//! event altogether the sender is told that nothing arrived, and a lifecycle rule takes the file away.

mod publish;
mod retire;

use accounts::user::User;
use aws_lambda_events::s3::S3Event;
use events::{Envelope, Event};
use files::{Bucket, Upload};
use function::{Boot, Failure, Function, StartError};
use kernel::{
    Sys,
    id::{UploadId, UserId},
};
use serde::Deserialize;
use store::{StoreError, Table};

/// What this feature may touch.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    bucket: Bucket,
}

/// Why it runs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    /// Files arrived.
    Bucket(S3Event),
    /// Something happened to a picture.
    Bus { detail: Envelope },
}

/// Reads the configuration and opens the connection to the table.
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
    Ok(Function::new(move |trigger, _| {
        let state = state.clone();
        async move { handle(&state, trigger).await }
    }))
}

async fn handle(s: &State, trigger: Trigger) -> Result<(), Failure> {
    match trigger {
        Trigger::Bus { detail } => match detail.event {
            Event::PictureRetired { user, picture } => retire::retire(s, user, picture).await,
            // A rule that lets more through than it should.
            other => Err(format!("{} is not for this function", other.name()).into()),
        },
        Trigger::Bucket(event) => {
            let mut failed = None;
            // One failure does not keep the others from being handled; all of them come again.
            for key in event.records.into_iter().filter_map(|r| r.s3.object.key) {
                if let Err(e) = publish::publish(s, &key).await {
                    failed = Some(e);
                }
            }
            failed.map_or(Ok(()), Err)
        }
    }
}

/// The record of an upload and the person it belongs to, in one request.
async fn load(s: &State, user: UserId, upload: UploadId) -> Result<(Option<Upload>, Option<User>), StoreError> {
    let (upload, user) = (Upload::key_of(user, upload), User::key_of(user));
    let mut found = s.table.get_many(vec![upload.clone(), user.clone()]).await?;
    Ok((found.take(&upload)?, found.take(&user)?))
}
