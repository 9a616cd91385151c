//! Attachments: files from their declaration until their last object is deleted.
//!
//! ```text
//! waiting ─→ ready ─→ sent ─→ ended       ready: checked, and sent with one message by the person who uploaded it
//!    │         └────────────→ ended       not sent within one hour
//!    └─→ refused ───────────→ ended       of another type than declared, damaged, or more than it seems
//! ```
//!
//! Every step is an update whose condition is the previous state. Attachments that are not in a message are in the index of due ones, so
//! that a scheduled run deletes them. A deletion marks the item, deletes the objects, and deletes the item last, so that the next run
//! continues an interrupted one. The bytes of a person's files are counted from the declaration on, in the transactions that declare,
//! refuse and delete.

use std::{collections::BTreeSet, time::Duration};

use accounts::{
    Resource,
    user::{owned, owned_partition, partition},
};
use events::{Outbox, files::AttachmentsDropped};
use kernel::{
    FieldError, Kind, Problem, Sys, Time,
    id::{AttachmentId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Conditional as _, Index, Item, Key, Page, Personal, Range, StoreError, Stored, Table, Tx, Update, field,
};
use utoipa::ToSchema;

use crate::{
    file::{FileKind, FileName, FileType},
    room::RoomName,
};

/// The maximum number of files of a message.
pub const MAX: usize = 10;
/// The maximum number of bytes of all files of a person.
pub const STORAGE_MAX: i64 = 1024 * 1024 * 1024;
/// How long a file can wait to be sent with a message.
pub const UNSENT_LIFE: Duration = Duration::from_secs(3600);
/// How long after the expiry of its link an upload still counts as pending, because it may be on its way or unchecked.
const PATIENCE: Duration = Duration::from_secs(600);
/// The maximum number of ids in one event.
const EVENT_MAX: usize = 100;
/// The partition of the index of files that are not in a message.
const DUE: &str = "DUE_ATTACHMENTS";

/// The file that a client declares. All attributes are signed into the upload link, so that the client cannot upload anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredFile {
    /// The type.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// The exact length in bytes.
    pub bytes: u32,
    /// The SHA-256, in base64.
    pub sha256: String,
}

/// The state of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Waiting for the file or for its check.
    Waiting,
    /// Checked. It can be sent.
    Ready,
    /// It is in a message.
    Sent,
    /// It cannot be sent.
    Refused,
    /// Its objects are being deleted.
    Ended,
}

/// Why a file cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentRefusal {
    /// The content is not of the declared type.
    OtherType,
    /// The content is also valid as a page, a script, a document or an archive.
    Polyglot,
    /// A picture with more than 50 megapixels (8192 × 6144), more than 16,384 pixels on a side, or that takes too much work to decode.
    TooManyPixels,
    /// A document whose unpacked content is too large.
    TooLargeInside,
    /// The file is damaged and cannot be read.
    Damaged,
    /// The account is not active any more.
    AccountClosed,
    /// Nothing was uploaded while the link was valid.
    Expired,
}

/// A checked file, as it is stored in messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedFile {
    /// The id.
    pub id: AttachmentId,
    /// The name.
    pub name: FileName,
    /// The type.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// The length in bytes.
    pub bytes: u32,
    /// The size of a picture, which also has a preview. `None` for other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<Pixels>,
}

/// The size of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

impl AttachedFile {
    /// Returns the file as members see it.
    #[must_use]
    pub fn shown(self) -> MessageAttachment {
        let Self { id, name, file_type, bytes, pixels } = self;
        MessageAttachment {
            id,
            kind: file_type.kind(),
            name: name.to_string(),
            file_type,
            bytes,
            width: pixels.map(|p| p.width),
            height: pixels.map(|p| p.height),
            preview: pixels.is_some(),
        }
    }
}

/// A file of a message. `GET /v1/rooms/{room}/attachments/{attachment}` returns links to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageAttachment {
    /// The id.
    pub id: AttachmentId,
    /// The kind of file.
    pub kind: FileKind,
    /// The name to save it under.
    #[schema(max_length = 120, examples("colonnade.jpg"))]
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// Its length in bytes.
    #[schema(minimum = 1, examples(204_800))]
    pub bytes: u32,
    /// Of a picture: its width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    pub width: Option<u32>,
    /// Of a picture: its height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    pub height: Option<u32>,
    /// Whether there is a preview, which is a small JPEG.
    pub preview: bool,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The id.
    pub id: AttachmentId,
    /// Who uploads it.
    pub user: UserId,
    /// The room that it may be sent in.
    pub room: RoomId,
    /// The name.
    pub name: FileName,
    /// The declared file.
    pub declared: DeclaredFile,
    /// The state as stored: see [`Attachment::outcome`].
    pub state: AttachmentState,
    /// Why it was refused, if it was.
    pub refusal: Option<AttachmentRefusal>,
    /// The checked file.
    pub file: Option<AttachedFile>,
    /// The number of the message that it was sent with.
    pub seq: Option<u64>,
    /// When it was declared.
    pub created_at: Time,
    /// When its link expires.
    pub link_ends_at: Time,
}

impl Attachment {
    /// Creates a file that is declared now.
    #[must_use]
    pub fn new(sys: &Sys, (user, room): (UserId, RoomId), name: FileName, declared: DeclaredFile, link_life: Duration) -> Self {
        let (id, now) = (sys.id(), sys.now());
        let (state, link_ends_at) = (AttachmentState::Waiting, now + link_life);
        Self { id, user, room, name, declared, state, refusal: None, file: None, seq: None, created_at: now, link_ends_at }
    }

    /// Returns the key of an attachment.
    #[must_use]
    pub fn key_of(id: AttachmentId) -> Key {
        Key::new(format!("ATTACHMENT#{id}"), "ATTACHMENT")
    }

    /// Returns the state for its uploader. Includes that nothing was uploaded in time, which is not stored.
    #[must_use]
    pub fn outcome(&self, now: Time) -> (AttachmentState, Option<AttachmentRefusal>) {
        let late = self.state == AttachmentState::Waiting && now >= self.link_ends_at + PATIENCE;
        if late { (AttachmentState::Refused, Some(AttachmentRefusal::Expired)) } else { (self.state, self.refusal) }
    }

    /// Returns the update after a successful check. Refused if the attachment is not waiting any more.
    #[must_use]
    pub fn checked(&self, file: &AttachedFile) -> Update {
        let update = Update::of(self.key()).set("state", AttachmentState::Ready).set("file", file);
        update.when(field("state").eq(AttachmentState::Waiting))
    }

    /// Marks the attachment as refused, and gives its bytes back. False if it is not waiting any more. One transaction; another update if
    /// the account is being deleted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn refuse(&self, table: &Table, why: AttachmentRefusal) -> Result<bool, StoreError> {
        let refused = || {
            let update = Update::of(self.key()).set("state", AttachmentState::Refused).set("refusal", why);
            update.when(field("state").eq(AttachmentState::Waiting))
        };
        let mut tx = Tx::new();
        let waits = tx.update(refused());
        tx.update(Storage::release(self.user, self.declared.bytes));
        match table.commit(tx).await {
            Err(CommitError::Refused(r)) if !r.at(waits) => table.update(refused()).await.applied(),
            done => done.applied(),
        }
    }

    /// Returns the update that adds the attachment to a message. Refused unless the attachment is ready.
    pub(crate) fn sent(id: AttachmentId, seq: u64) -> Update {
        let update = Update::of(Self::key_of(id)).set("state", AttachmentState::Sent).set("seq", seq);
        update.index(Index::DueAttachments, None).when(field("state").eq(AttachmentState::Ready))
    }

    /// Marks that the objects are being deleted. False if the state has changed since it was read. One update.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end(&self, table: &Table, now: Time) -> Result<bool, StoreError> {
        let update = Update::of(self.key()).set("state", AttachmentState::Ended).index(Index::DueAttachments, Some(self.place(now)));
        table.update(update.when(field("state").eq(self.state))).await.applied()
    }

    /// Deletes the item of an ended attachment and gives its bytes back. No effect if it was already done. One transaction; two if the
    /// account is being deleted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget(&self, table: &Table) -> Result<(), StoreError> {
        let mut tx = Tx::new();
        let there = tx.delete_when(self.key(), Cond::Exists);
        // The bytes of a refused file have already been given back.
        let counted = self.refusal.is_none().then(|| tx.update(Storage::release(self.user, self.declared.bytes)));
        match table.commit(tx).await {
            Err(CommitError::Refused(r)) if !r.at(there) && counted.is_some_and(|slot| r.at(slot)) => table.delete(self.key()).await,
            done => done.refused_is_fine(),
        }
    }

    fn place(&self, due: Time) -> Key {
        Key::new(DUE, format!("{}#{}", sortable(due), self.id))
    }
}

fn sortable(at: Time) -> String {
    format!("{:014}", at.millis())
}

impl Item for Attachment {
    const KIND: &'static str = "attachment";
    const ABOUT: About = About::at("ATTACHMENT#{attachment}", "ATTACHMENT", Personal::ExportedIn("attachments.json"))
        .indexed(Index::DueAttachments, DUE, "{at}#{attachment}")
        .owned()
        .removed_by("files");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let owner = (Index::Owner, owned(self.user, &self.key()));
        let due = (Index::DueAttachments, self.place(self.created_at + UNSENT_LIFE));
        if self.state == AttachmentState::Sent { vec![owner] } else { vec![owner, due] }
    }
}

/// How clients name an attachment: by its room and its id.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AttachmentInRoom {
    /// The room.
    pub room: RoomName,
    /// The attachment.
    pub attachment: AttachmentId,
}

/// Over HTTP it is read together with the caller, who need not be its uploader.
impl Resource for Attachment {
    type Path = AttachmentInRoom;
    fn key_for(_: UserId, path: AttachmentInRoom) -> Option<Key> {
        Some(Self::key_of(path.attachment))
    }
}

/// The declared bytes of a person's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// The bytes.
    #[serde(default)]
    pub used: i64,
}

impl Storage {
    /// Returns the key of a person's storage.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "STORAGE")
    }

    /// Returns the update that counts a file. Refused if the storage would be full.
    fn hold(user: UserId, bytes: u32) -> Update {
        let most = STORAGE_MAX.saturating_sub(bytes.into());
        let update = Update::upsert::<Self>(Self::key_of(user)).add("used", bytes.into());
        update.when(field("used").absent().or(field("used").le(most)))
    }

    /// Returns the update that gives the bytes of a file back. Refused if the account was deleted.
    fn release(user: UserId, bytes: u32) -> Update {
        Update::of(Self::key_of(user)).add("used", i64::from(bytes).saturating_neg()).when(Cond::Exists)
    }
}

impl Stored for Storage {
    const KIND: &'static str = "storage";
    const ABOUT: About = About::beside_user("STORAGE", Personal::Exported(&["used"]));
}

/// Stores a declared file, if the person has enough storage. One transaction.
///
/// # Errors
/// [`Kind::StorageFull`]
pub async fn declare(table: &Table, attachment: &Attachment) -> Result<(), Problem> {
    let mut tx = Tx::new();
    tx.create(attachment);
    let held = tx.update(Storage::hold(attachment.user, attachment.declared.bytes));
    match table.commit(tx).await {
        Err(e) if e.refused(held) => Err(Kind::StorageFull.into()),
        declared => Ok(declared?),
    }
}

/// Checks a list of ids that a client sent with a message.
///
/// # Errors
/// [`Kind::TooMany`], or [`Kind::Invalid`] for an id that is in it twice.
pub fn listed(ids: &[AttachmentId]) -> Result<(), Problem> {
    if ids.len() > MAX {
        return Err(Problem::new(Kind::TooMany).with("max", MAX));
    }
    let mut seen = BTreeSet::new();
    match ids.iter().position(|id| !seen.insert(id)) {
        Some(twice) => Err(Problem::field(&format!("/attachments/{twice}"), FieldError::CHOICE)),
        None => Ok(()),
    }
}

/// Returns the checked files with these ids, of this person and for this room. The transaction of the message checks that they were not
/// sent before. One batch read, none without ids.
///
/// # Errors
/// [`Kind::AttachmentInvalid`]
pub async fn resolve(table: &Table, user: UserId, room: RoomId, ids: &[AttachmentId]) -> Result<Vec<AttachedFile>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = table.get_many(ids.iter().map(|id| Attachment::key_of(*id)).collect()).await?;
    let mut files = Vec::new();
    for id in ids {
        let theirs = found.take::<Attachment>(&Attachment::key_of(*id))?.filter(|a| a.user == user && a.room == room);
        files.push(
            theirs.and_then(|a| a.file).ok_or_else(|| Kind::AttachmentInvalid.because("no checked file of the person for the room"))?,
        );
    }
    Ok(files)
}

/// Adds the event to a transaction by which the objects of these attachments are deleted, because they are not in a message any more.
pub(crate) fn drop_all(tx: &mut Tx, sys: &Sys, ids: &[AttachmentId]) {
    for part in ids.chunks(EVENT_MAX) {
        Outbox::add(tx, sys, &AttachmentsDropped { attachments: part.to_vec() });
    }
}

/// Up to `limit` attachments that were not sent in time, or whose deletion was interrupted. One query of an index.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, now: Time, limit: u32) -> Result<Page<Attachment>, StoreError> {
    table.query(Range::of_index(Index::DueAttachments, DUE).between("0", format!("{}~", sortable(now))).limit(limit)).await
}

/// Up to `limit` attachments of a person. One query of an index.
///
/// # Errors
/// [`StoreError`]
pub async fn of_user(table: &Table, user: UserId, after: Option<&Attachment>, limit: u32) -> Result<Page<Attachment>, StoreError> {
    let range = Range::of_index(Index::Owner, owned_partition(user)).prefix("ATTACHMENT#").limit(limit);
    let range = match after {
        Some(last) => range.after(last.key(), Some(owned(user, &last.key()))),
        None => range,
    };
    table.query(range).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(sys: &Sys) -> Attachment {
        let declared = DeclaredFile { file_type: FileType::Png, bytes: 7, sha256: String::new() };
        let name = FileName::parse("cat.png", FileType::Png).unwrap();
        Attachment::new(sys, (sys.id(), sys.id()), name, declared, Duration::from_secs(300))
    }

    #[test]
    fn an_upload_without_a_file_is_refused_as_expired_after_its_link() {
        let sys = Sys::real();
        let waiting = attachment(&sys);
        let end = waiting.link_ends_at;
        assert_eq!(waiting.outcome(end), (AttachmentState::Waiting, None));
        assert_eq!(waiting.outcome(end + PATIENCE), (AttachmentState::Refused, Some(AttachmentRefusal::Expired)));
        let sent = Attachment { state: AttachmentState::Sent, ..waiting };
        assert_eq!(sent.outcome(end + UNSENT_LIFE), (AttachmentState::Sent, None));
    }

    #[test]
    fn only_what_is_in_no_message_is_due() {
        let sys = Sys::real();
        let waiting = attachment(&sys);
        let due = |a: &Attachment| a.indexes().iter().any(|(index, _)| *index == Index::DueAttachments);
        assert!(due(&waiting));
        assert!(!due(&Attachment { state: AttachmentState::Sent, ..waiting }));
    }

    #[test]
    fn a_message_has_ten_files_at_most_and_each_once() {
        let sys = Sys::real();
        let ids: Vec<AttachmentId> = (0..11).map(|_| sys.id()).collect();
        assert!(listed(&ids[..10]).is_ok() && listed(&[]).is_ok());
        assert_eq!(listed(&ids).unwrap_err().kind, Kind::TooMany);
        assert_eq!(listed(&[ids[0], ids[1], ids[0]]).unwrap_err().fields[0].0, "/attachments/2");
    }
}
