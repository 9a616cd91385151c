//! Checking a file for a message: it becomes ready to be sent, or is refused and deleted.
//!
//! AWS calls: one batch for the item and the person; the file, of a video two parts; the copy, or of a picture two objects; the update
//! of the item; one deletion.

use accounts::user::{Status, User};
use files::{
    FilesError,
    attachment::{self, Passed, Redrawn, VIDEO_HEAD, VIDEO_TAIL},
};
use function::Failure;
use kernel::id::{AttachmentId, UserId};
use messaging::{
    attachment::{AttachedFile, Attachment, AttachmentRefusal, AttachmentState},
    file::FileKind,
};
use store::{Conditional as _, StoreError};

use crate::State;

/// How often the work is repeated while the item changes concurrently.
const ATTEMPTS: u32 = 3;

/// Checks the file of an attachment. A repetition is harmless.
pub async fn check(s: &State, user: UserId, id: AttachmentId) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let (record, owner) = load(s, user, id).await?;
        let upload = match record {
            Some(upload) if upload.state == AttachmentState::Waiting => upload,
            // The file was checked before.
            Some(upload) if [AttachmentState::Ready, AttachmentState::Sent].contains(&upload.state) => {
                return Ok(s.bucket.delete([attachment::incoming_key(user, id)]).await?);
            }
            // The file was refused or deleted, or the account was deleted with all its items.
            _ => return Ok(s.bucket.delete(attachment::every_key(user, id)).await?),
        };
        let verdict = match owner.filter(|o| o.status == Status::Active) {
            Some(_) => match Box::pin(inspect(s, &upload)).await {
                Ok(verdict) => verdict,
                // Another delivery of the same event may have finished and deleted the file.
                Err(FilesError::Refused(_)) if !is_pending(s, &upload).await? => continue,
                Err(e) => return Err(e.into()),
            },
            None => Err(AttachmentRefusal::AccountClosed),
        };
        match verdict {
            Ok(file) if s.table.update(upload.checked(&file)).await.applied()? => {
                return Ok(s.bucket.delete([attachment::incoming_key(user, id)]).await?);
            }
            Err(refusal) if upload.refuse(&s.table, refusal).await? => {
                return Ok(s.bucket.delete(attachment::every_key(user, id)).await?);
            }
            Ok(_) | Err(_) => {}
        }
    }
    Err("an attachment changed too often while it was checked".into())
}

/// Returns the item of an attachment and the person it belongs to, in one request.
async fn load(s: &State, user: UserId, id: AttachmentId) -> Result<(Option<Attachment>, Option<User>), StoreError> {
    let (attachment, owner) = (Attachment::key_of(id), User::key_of(user));
    let mut found = s.table.get_many(vec![attachment.clone(), owner.clone()]).await?;
    Ok((found.take::<Attachment>(&attachment)?.filter(|a| a.user == user), found.take(&owner)?))
}

async fn is_pending(s: &State, upload: &Attachment) -> Result<bool, FilesError> {
    let (record, _) = load(s, upload.user, upload.id).await?;
    Ok(record.is_some_and(|a| a.state == AttachmentState::Waiting))
}

/// Reads the file, and writes the objects that members download.
async fn inspect(s: &State, upload: &Attachment) -> Result<Result<AttachedFile, AttachmentRefusal>, FilesError> {
    let (incoming, declared) = (attachment::incoming_key(upload.user, upload.id), &upload.declared);
    let passed = if declared.file_type.kind() == FileKind::Video {
        let (head, tail) = (VIDEO_HEAD.min(declared.bytes), VIDEO_TAIL.min(declared.bytes));
        let from = declared.bytes.saturating_sub(tail);
        let (head, tail) = tokio::try_join!(s.bucket.read_part(&incoming, 0, head), s.bucket.read_part(&incoming, from, tail))?;
        attachment::check_video(&head, &tail, declared.file_type).map(|()| Passed::AsItIs)
    } else {
        let (file, of) = match s.bucket.read(&incoming, declared.bytes).await {
            Err(FilesError::TooLarge) => return Ok(Err(AttachmentRefusal::Damaged)),
            file => (file?, declared.file_type),
        };
        // A decoder panicked on this file: refuse it, so that it is not decoded again.
        let checked = tokio::task::spawn_blocking(move || attachment::check(&file, of)).await;
        checked.unwrap_or(Err(AttachmentRefusal::Damaged))
    };
    let (id, name) = (upload.id, upload.name.clone());
    let key = attachment::file_key(id);
    Ok(Ok(match passed {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Passed::AsItIs) => {
            s.bucket.copy(&incoming, &key).await?;
            AttachedFile { id, name, file_type: declared.file_type, bytes: declared.bytes, pixels: None }
        }
        Ok(Passed::Instead(Redrawn { file_type, file, preview, pixels })) => {
            let bytes = u32::try_from(file.len()).unwrap_or(u32::MAX);
            let preview_key = attachment::preview_key(id);
            tokio::try_join!(s.bucket.write_file(&key, file_type.media_type(), file), s.bucket.write_picture(&preview_key, preview))?;
            let name = name.converted(declared.file_type, file_type);
            AttachedFile { id, name, file_type, bytes, pixels: Some(pixels) }
        }
    }))
}
