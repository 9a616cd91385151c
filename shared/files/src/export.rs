//! Exports: the item of an archive with all data about a person, and the files that this crate contributes to it.

use std::time::Duration;

use accounts::{Resource, user::partition};
use kernel::{
    Sys, Time, Timestamp,
    id::{AttachmentId, ExportId, RoomId, UserId},
};
use messaging::{
    attachment::{Attachment, AttachmentRefusal, AttachmentState, DeclaredFile, of_user},
    file::FileType,
};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Item, Key, Personal, Range, Row, Slot, StoreError, Table, Tx, Update, field,
    limits::{DAY, Quota, Reached},
};

use crate::{
    Bucket, FilesError, Upload, UploadState,
    attachment::file_key,
    picture::{self, Size},
};

/// How long an archive can be downloaded.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// An archive that is not ready after this time has failed.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);
/// The limit on exports.
pub const EXPORTS: Quota = Quota::window("export", 1, DAY, "for an account");
/// The maximum number of bytes of a picture that this crate writes.
const PICTURE_MAX: u32 = 8 * 1024 * 1024;

/// An export, from the request until the archive expires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Export {
    /// The person.
    pub user: UserId,
    /// The id of the archive.
    pub id: ExportId,
    /// When it was requested.
    pub created_at: Time,
    /// When it became ready to download.
    pub ready_at: Option<Time>,
}

/// The progress of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The archive is being made.
    Waiting,
    /// The archive can be downloaded until this time.
    Ready(Time),
    /// The archive could not be made.
    Failed,
    /// The archive can no longer be downloaded.
    Expired,
}

impl Export {
    /// Adds the request for an export to a transaction. The slot is refused during the cooldown: see [`too_early`].
    pub fn ask(tx: &mut Tx, sys: &Sys, user: UserId) -> (Self, Slot) {
        let (id, now) = (sys.id(), sys.now());
        let export = Self { user, id, created_at: now, ready_at: None };
        tx.create(&export);
        let cooldown = ExportCooldown { user, export: id, until: now + PATIENCE };
        (export, tx.put(&cooldown, Cond::Absent.or(field("until").le(now))))
    }

    /// Returns the key of a person's archive.
    #[must_use]
    pub fn key_of(user: UserId, id: ExportId) -> Key {
        Key::new(partition(user), format!("EXPORT#{id}"))
    }

    /// Returns the key of its object in the bucket.
    #[must_use]
    pub fn object_key(user: UserId, id: ExportId) -> String {
        format!("exports/{user}/{id}.zip")
    }

    /// Returns the progress at this time.
    #[must_use]
    pub fn progress(&self, now: Time) -> Progress {
        match self.ready_at.map(|at| at + KEPT) {
            Some(until) if now < until => Progress::Ready(until),
            Some(_) => Progress::Expired,
            None if now < self.created_at + PATIENCE => Progress::Waiting,
            None => Progress::Failed,
        }
    }

    /// Adds to a transaction that the archive is ready. The slot is refused if the archive was already finished, or the export was deleted.
    /// The cooldown of a day begins now.
    pub fn finish(&self, tx: &mut Tx, now: Time) -> Slot {
        let until = self.created_at + EXPORTS.window;
        tx.update(Update::of(ExportCooldown::key_of(self.user)).set("until", until).expires(until).when(field("export").eq(self.id)));
        let waited_for = field("created_at").eq(self.created_at).and(field("ready_at").absent());
        tx.update(Update::of(self.key()).set("ready_at", now).expires(now + KEPT).when(waited_for))
    }
}

/// The cooldown between two exports. It first lasts as long as an export may take, and is extended to a day when the archive is ready. So a
/// failed export does not count.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExportCooldown {
    user: UserId,
    export: ExportId,
    until: Time,
}

impl ExportCooldown {
    fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "EXPORT_TURN")
    }
}

impl Item for ExportCooldown {
    const KIND: &'static str = "export_turn";
    const ABOUT: About = About::beside_user("EXPORT_TURN", Personal::Exported(&["until"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Returns the limit that a request during the cooldown has reached, from the item that refused it.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub fn too_early(refused: Option<Row>, now: Time) -> Result<Reached, StoreError> {
    let cooldown = refused.map(Row::decode::<ExportCooldown>).transpose()?;
    Ok(EXPORTS.reached(cooldown.map_or(PATIENCE, |cooldown| cooldown.until.since(now))))
}

impl Item for Export {
    const KIND: &'static str = "export";
    const ABOUT: About =
        About::beside_user("EXPORT#{export}", Personal::Exported(&["id", "created_at", "ready_at"])).expires().removed_by("files");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.created_at + PATIENCE + KEPT)
    }
}

impl Resource for Export {
    type Path = ExportId;
    fn key_for(caller: UserId, path: ExportId) -> Option<Key> {
        Some(Self::key_of(caller, path))
    }
}

/// Returns the pictures of a person in their largest size, with their file names: the published one, and those in the trash that the
/// lifecycle rule has not deleted yet. One query, and one request for each picture.
///
/// # Errors
/// [`FilesError`]
pub async fn pictures(table: &Table, bucket: &Bucket, user: UserId) -> Result<Vec<(String, Vec<u8>)>, FilesError> {
    let uploads = table.query::<Upload>(Range::of(partition(user)).prefix("UPLOAD#")).await?;
    let mut pictures = Vec::new();
    for upload in uploads.items.iter().filter(|u| u.state == UploadState::Published && u.product.is_none()) {
        let (published, trashed) = (picture::key(upload.picture(), Size::Large), picture::trash_key(upload.picture(), Size::Large));
        let key = if upload.retired_at.is_some() { trashed } else { published };
        match bucket.read(&key, PICTURE_MAX).await {
            Ok(jpeg) => pictures.push((format!("{}.jpg", upload.picture()), jpeg)),
            // The picture does not exist, because the lifecycle rule has deleted it or it is being moved to the trash.
            Err(FilesError::Refused(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(pictures)
}

/// The number of attachments that one query reads.
const AT_ONCE: u32 = 500;

/// A file that the person has uploaded for a message.
#[derive(Debug, Serialize)]
pub struct UploadedFile {
    id: AttachmentId,
    room: RoomId,
    name: String,
    #[serde(rename = "type")]
    file_type: FileType,
    bytes: u32,
    sha256: String,
    state: AttachmentState,
    refusal: Option<AttachmentRefusal>,
    /// The number of the message that it was sent with.
    seq: Option<u64>,
    created_at: Timestamp,
    link_ends_at: Timestamp,
    /// The path of its content in the archive.
    file: Option<String>,
}

/// Returns the files that a person has uploaded for messages, the oldest first. One query for each 500.
///
/// # Errors
/// [`StoreError`]
pub async fn attachments(table: &Table, user: UserId) -> Result<Vec<Attachment>, StoreError> {
    let mut all: Vec<Attachment> = Vec::new();
    loop {
        let page = of_user(table, user, all.last(), AT_ONCE).await?;
        all.extend(page.items);
        if !page.more {
            return Ok(all);
        }
    }
}

/// Returns the path of a file in the archive, and its content. `None` if no file was accepted or it is being deleted. One request.
///
/// # Errors
/// [`FilesError`]
pub async fn content(bucket: &Bucket, attachment: &Attachment) -> Result<Option<(String, Vec<u8>)>, FilesError> {
    let Some(file) = &attachment.file else { return Ok(None) };
    match bucket.read(&file_key(file.id), file.bytes).await {
        Ok(content) => Ok(Some((format!("attachments/{}-{}", file.id, file.name), content))),
        Err(FilesError::Refused(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

impl UploadedFile {
    /// Returns the description of a file in the archive, with the path of its content.
    #[must_use]
    pub fn new(attachment: Attachment, file: Option<String>) -> Self {
        let Attachment { id, room, name, declared, state, refusal, seq, created_at, link_ends_at, .. } = attachment;
        let DeclaredFile { file_type, bytes, sha256 } = declared;
        let (name, created_at, link_ends_at) = (name.to_string(), created_at.into(), link_ends_at.into());
        Self { id, room, name, file_type, bytes, sha256, state, refusal, seq, created_at, link_ends_at, file }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn an_archive_expires_a_day_after_it_was_ready() {
        let sys = Sys::real();
        let export = Export { user: sys.id(), id: sys.id(), created_at: sys.now(), ready_at: None };
        let (asked, second) = (export.created_at, Duration::from_secs(1));
        assert_eq!(export.progress(asked), Progress::Waiting);
        assert_eq!(export.progress(asked + PATIENCE), Progress::Failed);
        let ready = Export { ready_at: Some(asked + second), ..export };
        assert_eq!(ready.progress(asked + KEPT), Progress::Ready(asked + second + KEPT));
        assert_eq!(ready.progress(asked + second + KEPT), Progress::Expired);
    }
}
