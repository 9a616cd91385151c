//! Deleting files without a message: the message was deleted, or the file was not sent in time.
//!
//! AWS calls of one file: an update that marks it, one deletion of its objects, one transaction for its item and the bytes that it
//! counted. The item is deleted last, so that a run after a killed one finds the same objects.

use files::attachment;
use function::{Context, Failure};
use kernel::id::AttachmentId;
use messaging::attachment::{self as attachments, Attachment, AttachmentState};

use crate::{MARGIN, State};

/// How many files one query reads.
const AT_ONCE: u32 = 100;

/// Deletes the files of a deleted message. Files that are deleted already are skipped.
pub async fn delete_dropped(s: &State, ids: &[AttachmentId]) -> Result<(), Failure> {
    let mut found = s.table.get_many(ids.iter().map(|id| Attachment::key_of(*id)).collect()).await?;
    for id in ids {
        if let Some(attachment) = found.take::<Attachment>(&Attachment::key_of(*id))?
            && !delete_file(s, &attachment).await?
        {
            return Err("an attachment changed while it was deleted".into());
        }
    }
    Ok(())
}

/// Deletes the files that were not sent in time, and those whose deletion was interrupted. Returns their number.
pub async fn delete_unsent(s: &State, context: &Context) -> Result<u64, Failure> {
    let mut ended = 0_u64;
    loop {
        let due = attachments::due(&s.table, s.sys.now(), AT_ONCE).await?;
        let before = ended;
        for attachment in &due.items {
            if !context.has_left(MARGIN) {
                return Ok(ended);
            }
            // A file that was sent since the query stays.
            ended = ended.saturating_add(u64::from(delete_file(s, attachment).await?));
        }
        if !due.more || ended == before {
            return Ok(ended);
        }
    }
}

/// Deletes one file. False if its item has changed since it was read.
async fn delete_file(s: &State, attachment: &Attachment) -> Result<bool, Failure> {
    if attachment.state != AttachmentState::Ended && !attachment.end(&s.table, s.sys.now()).await? {
        return Ok(false);
    }
    s.bucket.delete(attachment::every_key(attachment.user, attachment.id)).await?;
    attachment.forget(&s.table).await?;
    Ok(true)
}
