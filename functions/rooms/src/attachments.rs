//! Files of messages: the client declares a file for a room, gets a link for exactly that file, uploads the file to the bucket, and sends
//! its id with a message. Members get links to the file as long as the message exists.

use std::time::Duration;

use accounts::pair::Pair;
use axum::extract::State;
use callers::MemberWith;
use files::{
    CreatedUpload, Declared, Expected,
    attachment::{file_key, incoming_key, preview_key},
};
use kernel::{Fields, Kind, Problem, Timestamp, id::AttachmentId};
use messaging::{
    attachment::{self, AttachedFile, Attachment, AttachmentInRoom, AttachmentRefusal, AttachmentState, DeclaredFile, MessageAttachment},
    file::{FileName, FileType},
    member::{Membership, RoomMember},
    message::LogEntry,
    room::{PUBLIC, Room, RoomName},
    spam::ChatState,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::limits::{self, HOUR, Quota};
use utoipa::ToSchema;
use web::{Created, Json, Path, Problems};

use crate::reader::Reader;

/// How long a link is valid, for the upload and for a download.
const LINK_LIFE: Duration = Duration::from_secs(300);
/// How many files one person may declare.
const UPLOADS: Quota = Quota::window("attachment_upload", 100, HOUR, "for an account");

/// The declaration of a file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAttachment {
    /// The name. Characters that file names cannot have are left out, and the extension becomes that of the type.
    #[schema(min_length = 1, max_length = 1000, examples("colonnade.jpg"))]
    name: String,
    /// The type of the file.
    #[schema(value_type = FileType)]
    content_type: String,
    /// The exact number of bytes: up to 10 MiB of a picture, 100 MiB of a video, 25 MiB of a document.
    #[schema(minimum = 1, maximum = 104_857_600, examples(204_800))]
    bytes: i64,
    /// The SHA-256 of the file, in base64.
    #[schema(examples("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="), min_length = 44, max_length = 44, pattern = "^[A-Za-z0-9+/]{43}=$")]
    sha256: String,
}

impl CreateAttachment {
    fn parse(&self) -> Result<(FileName, DeclaredFile), Problem> {
        let mut fields = Fields::new();
        let file_type = fields.take("/content_type", FileType::parse(&self.content_type));
        // If the type is invalid, the size is checked against the largest limit.
        let bytes = fields.take("/bytes", file_type.unwrap_or(FileType::Mp4).bytes(self.bytes));
        let sha256 = fields.take("/sha256", Declared::sha256(&self.sha256));
        let name = fields.take("/name", FileName::parse(&self.name, file_type.unwrap_or(FileType::Text)));
        match (name, file_type, bytes, sha256) {
            (Some(name), Some(file_type), Some(bytes), Some(sha256)) => Ok((name, DeclaredFile { file_type, bytes, sha256 })),
            _ => Err(fields.problem()),
        }
    }
}

/// Returns a link for the upload of a file, which the caller can then send with a message in this room.
///
/// Send the file with `PUT` to `url`, with the `headers`: type, length and checksum are part of the signature, so that no other file is
/// accepted. The file is then checked. `GET` of the `Location` returns whether it is ready. Send its id in `attachments` of a message
/// within an hour, after which an unsent file is deleted. Pictures are encoded anew without metadata, upright, with at most 4,096 pixels on
/// a side; a WebP becomes a JPEG or a PNG. Videos and documents are checked for their type. All files of an account together may have 1
/// GiB.
///
/// AWS calls: three, the batch that authenticates the caller and reads the room, their membership and whether they may write, the
/// counter, and the transaction that stores the declaration and counts its bytes. A further upload within the hour takes a fourth, for
/// its counter. The link is signed without a call.
#[utoipa::path(
    post, path = "/v1/rooms/{room}/uploads",
    params(("room" = String, Path, max_length = 30, description = "The room's id, or `public`.")),
    request_body(
        content = CreateAttachment,
        example = json!({"name": "colonnade.jpg", "content_type": "image/jpeg", "bytes": 204_800, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="})
    ),
    extensions(
        ("x-problems" = json!(["not_found", "forbidden", "chat_banned", "storage_full", "invalid", "too_many_requests"])),
        ("x-limits" = json!([UPLOADS]))
    ),
    responses(
        (
            status = 201, body = CreatedUpload<AttachmentId>, headers(("Location" = String, description = "The address of the state of the upload.")),
            example = json!({
                "id": "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH",
                "method": "PUT",
                "url": "https://files.s3.eu-central-1.amazonaws.com/incoming/usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP/att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH?X-Amz-Signature=0f3c",
                "headers": {"content-length": "204800", "content-type": "image/jpeg", "x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="},
                "expires_at": "2026-11-21T08:05:00.000Z"
            })
        ),
        Problems,
    )
)]
pub async fn create_attachment_upload(
    State(s): State<crate::State>,
    Reader { user, member }: Reader,
    Json(body): Json<CreateAttachment>,
) -> Result<Created<CreatedUpload<AttachmentId>>, web::Error> {
    let (now, user, room) = (s.sys.now(), user.id, member.room.id);
    member.writes()?;
    let (name, declared) = body.parse()?;
    limits::take(&s.table, now, &[UPLOADS.of(user)]).await?;
    let upload = Attachment::new(&s.sys, (user, room), name, declared, LINK_LIFE);
    let DeclaredFile { file_type, bytes, sha256 } = &upload.declared;
    let expected = Expected { media_type: file_type.media_type(), bytes: *bytes, sha256 };
    let link = s.bucket.upload_link(&incoming_key(user, upload.id), expected, upload.created_at, LINK_LIFE).await?;
    attachment::declare(&s.table, &upload).await?;
    Ok(Created(format!("/v1/rooms/{room}/uploads/{}", upload.id), link.created(upload.id, upload.link_ends_at)))
}

/// The state of an upload of a file.
#[derive(Serialize, ToSchema)]
pub struct AttachmentUpload {
    /// The id.
    id: AttachmentId,
    /// The stage.
    #[serde(flatten)]
    state: AttachmentStage,
}

/// The stage of an upload of a file.
#[derive(Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AttachmentStage {
    /// No file has arrived yet, or it is being checked. Ask again in a second.
    Waiting,
    /// It can be sent.
    Ready {
        /// The file as the message will show it.
        attachment: MessageAttachment,
    },
    /// It was sent.
    Sent {
        /// The number of the message.
        #[schema(minimum = 1)]
        seq: u64,
    },
    /// It was refused and deleted.
    Refused {
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        reason: Option<AttachmentRefusal>,
    },
}

/// Reads the state of one of the caller's uploads.
///
/// The state is kept for an hour. That of a sent file is kept as long as the message.
///
/// AWS calls: one, a batch that authenticates the caller and reads the upload.
#[utoipa::path(
    get, path = "/v1/rooms/{room}/uploads/{attachment}",
    params(
        ("room" = String, Path, max_length = 30, description = "The room's id, or `public`."),
        ("attachment" = inline(AttachmentId), Path, description = "The `id` that the request for the upload link returned.", example = "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH"),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
    responses(
        (
            status = 200, body = AttachmentUpload,
            examples(
                ("ready" = (value = json!({"id": "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH", "state": "ready", "attachment": example()}))),
                ("refused" = (value = json!({"id": "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH", "state": "refused", "reason": "other_type"}))),
            )
        ),
        Problems,
    )
)]
pub async fn get_attachment_upload(
    State(s): State<crate::State>,
    caller: MemberWith<Attachment>,
    Path(AttachmentInRoom { room, .. }): Path<AttachmentInRoom>,
) -> Result<Json<AttachmentUpload>, web::Error> {
    let user = caller.member.user.id;
    let upload = caller.resource.filter(|a| a.user == user && a.room == room.0).ok_or(Kind::NotFound)?;
    let (reached, reason) = upload.outcome(s.sys.now());
    let state = match (reached, upload.file, upload.seq) {
        (AttachmentState::Waiting, ..) => AttachmentStage::Waiting,
        (AttachmentState::Refused, ..) => AttachmentStage::Refused { reason },
        (AttachmentState::Ready, Some(file), _) => AttachmentStage::Ready { attachment: file.shown() },
        (AttachmentState::Sent, _, Some(seq)) => AttachmentStage::Sent { seq },
        _ => return Err(Kind::NotFound.because("it is being deleted").into()),
    };
    Ok(Json(AttachmentUpload { id: upload.id, state }))
}

/// Links to a file of a message.
#[derive(Serialize, ToSchema)]
pub struct AttachmentLinks {
    /// The file.
    attachment: MessageAttachment,
    /// The address of the file. Browsers save the file instead of showing it.
    #[schema(format = "uri")]
    url: String,
    /// For a picture: the address of a JPEG with at most 640 pixels on a side, for `<img>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", nullable = false)]
    preview_url: Option<String>,
    /// When the links expire. Another request returns new ones.
    expires_at: Timestamp,
}

/// Returns links to a file of a message that the caller may read, valid for five minutes.
///
/// AWS calls: two, a batch that authenticates the caller and reads the attachment, and a batch of the room, their membership, the
/// message, whether they are banned from chat, and in a direct room whether one of the two blocks the other. The links are signed
/// without a call.
#[utoipa::path(
    get, path = "/v1/rooms/{room}/attachments/{attachment}",
    params(
        ("room" = String, Path, max_length = 30, description = "The room's id, or `public`."),
        ("attachment" = inline(AttachmentId), Path, description = "The file's id.", example = "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH"),
    ),
    extensions(("x-problems" = json!(["not_found", "chat_banned"]))),
    responses(
        (
            status = 200, body = AttachmentLinks,
            example = json!({
                "attachment": example(),
                "url": "https://files.s3.eu-central-1.amazonaws.com/attachments/att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH/file?X-Amz-Signature=0f3c",
                "preview_url": "https://files.s3.eu-central-1.amazonaws.com/attachments/att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH/preview.jpg?X-Amz-Signature=7e1a",
                "expires_at": "2026-11-21T08:05:00.000Z"
            })
        ),
        Problems,
    )
)]
pub async fn get_attachment(
    State(s): State<crate::State>,
    caller: MemberWith<Attachment>,
    Path(AttachmentInRoom { room, .. }): Path<AttachmentInRoom>,
) -> Result<Json<AttachmentLinks>, web::Error> {
    let sent = caller.resource.filter(|a| a.room == room.0 && a.state == AttachmentState::Sent);
    let (id, seq) = sent.and_then(|a| a.seq.map(|seq| (a.id, seq))).ok_or(Kind::NotFound)?;
    let file = readable(&s, caller.member.user.id, room, (id, seq)).await?;
    let now = s.sys.now();
    let url = s.bucket.file_link(&file_key(id), file.file_type.media_type(), file.name.as_str(), now, LINK_LIFE).await?.url;
    let preview_url = match file.pixels {
        Some(_) => Some(s.bucket.download_link(&preview_key(id), now, LINK_LIFE).await?.url),
        None => None,
    };
    Ok(Json(AttachmentLinks { attachment: file.shown(), url, preview_url, expires_at: (now + LINK_LIFE).into() }))
}

/// Returns the file of a message, if the person may read the message in the history of the room at this moment.
async fn readable(
    s: &crate::State,
    user: kernel::id::UserId,
    RoomName(room): RoomName,
    (id, seq): (AttachmentId, u64),
) -> Result<AttachedFile, Problem> {
    let (room_key, member_key) = (Room::key_of(room), Membership::key_of(room, user));
    let (entry_key, pair_key) = (LogEntry::key_of(room, seq), Pair::key_in(room));
    // Only direct rooms have a pair. The public room has no key for one.
    let pair = (room != PUBLIC).then(|| pair_key.clone());
    let chat_key = ChatState::key_of(user);
    let always = [room_key.clone(), member_key.clone(), entry_key.clone(), chat_key.clone()];
    let mut found = s.table.get_many(always.into_iter().chain(pair).collect()).await?;
    found.take::<ChatState>(&chat_key)?.unwrap_or_default().check_ban(s.sys.now())?;
    let member = RoomMember::of(room, user, found.take(&room_key)?, found.take(&member_key)?)?;
    if found.take::<Pair>(&pair_key)?.is_some_and(|pair| pair.is_blocked()) {
        return Err(Kind::NotFound.because("one of the two people blocks the other"));
    }
    let entry = found.take::<LogEntry>(&entry_key)?.filter(|entry| entry.seq >= member.membership.from);
    let file = entry.and_then(|entry| entry.attachments().iter().find(|file| file.id == id).cloned());
    file.ok_or_else(|| Kind::NotFound.because("no message that the caller may read has the file"))
}

fn example() -> serde_json::Value {
    json!({
        "id": "att_01K9ZCNJ2DWYBQ5EF6SRT7V8ZH", "kind": "image", "name": "colonnade.jpg", "type": "image/jpeg",
        "bytes": 187_392, "width": 1600, "height": 1200, "preview": true
    })
}
