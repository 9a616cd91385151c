//! The caller's own thread.

use accounts::user::User;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use callers::{Member, MemberWith};
use events::{Outbox, delivery::TranscriptAsked};
use kernel::{Kind, PAGE_MAX, Problem, Timestamp, id::MessageId, page_limit};
use messaging::{
    history::{self, OlderPage},
    message::{Nonce, Text},
    room::Room,
    send::Receipt,
    spam::{ChatState, OF_STAFF},
    support::thread::{self, SUBJECTS, Side, Subject, taking_part, thread_of},
};
use serde::{Deserialize, Serialize};
use store::{
    Tx,
    limits::{self, DAY, Quota},
};
use utoipa::{IntoParams, ToSchema};
use web::{Created, Json, NoContent, Problems, Query};

use crate::{
    shown::{OwnSupportThread, SupportMessage, SupportThread},
    talk::{self, MessageSender, NewMessage, desk_of},
};

/// Maximum bytes of a page: far below the limit of a function's answer.
pub const PAGE_MAX_BYTES: usize = 2 * 1024 * 1024;
/// The limit on transcripts of a customer.
const TRANSCRIPTS: Quota = Quota::window("support_transcripts", 3, DAY, "transcripts for an account");

/// The requested page of a thread's messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SupportPageQuery {
    /// Maximum number of messages in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE_MAX))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the newest page is returned.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

impl SupportPageQuery {
    /// Returns the maximum number of messages in the page.
    ///
    /// # Errors
    /// The errors of [`page_limit`].
    pub fn limit(&self) -> Result<u32, Problem> {
        page_limit(self.limit, PAGE_MAX)
    }

    /// Returns the cursor, which `store::Cursors` opens.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

/// A page of the messages of a support thread.
#[derive(Serialize, ToSchema)]
pub struct SupportMessageList {
    /// The messages in ascending order, one for each number.
    items: Vec<SupportMessage>,
    /// The highest number that this page covers: newer messages are read with `sync` from here, over the socket.
    upto: u64,
    /// The cursor of the page before this one. Absent at the beginning of the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The subject of the thread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSupportThread {
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120, examples("My order has not arrived"))]
    subject: String,
}

/// A message of the customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSupportMessage {
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000, examples("Where is my order?"))]
    text: String,
    /// The client's nonce for this message. Repeating it commits nothing more.
    nonce: Nonce,
}

/// A message that is committed.
#[derive(Serialize, ToSchema)]
pub struct SentSupportMessage {
    /// The thread.
    room: kernel::id::RoomId,
    /// The message's number.
    seq: u64,
    /// The id of the message.
    id: MessageId,
    /// When the message got its number.
    created_at: Timestamp,
}

impl From<Receipt> for SentSupportMessage {
    fn from(Receipt { room, seq, id, at, .. }: Receipt) -> Self {
        Self { room, seq, id, created_at: at.into() }
    }
}

/// Returns the caller's thread.
async fn own(s: &crate::State, caller: &User) -> Result<Room, Problem> {
    let room = s.table.get::<Room>(Room::key_of(thread_of(caller.id))).await?;
    room.filter(|room| room.desk.is_some()).ok_or_else(|| Kind::NotFound.because("the caller has no thread"))
}

/// Returns the caller's support thread, with the number of unread messages. `not_found` if they have none.
///
/// AWS calls: the caller; the thread; a query of the unread messages, if there are new messages.
#[utoipa::path(get, path = "/v1/support/thread", extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = OwnSupportThread), Problems))]
pub async fn get_support_thread(State(s): State<crate::State>, caller: Member) -> Result<Json<OwnSupportThread>, web::Error> {
    let room = own(&s, &caller.user).await?;
    let unread = thread::unread(&s.table, &room, Side::Customer).await?;
    Ok(Json(OwnSupportThread { thread: SupportThread::new(&room, desk_of(&room)?), unread }))
}

/// Opens the caller's support thread and sets its subject: 201 if it is new, 200 if it existed. Everybody has at most one thread, with the
/// whole team.
///
/// AWS calls: the caller and whether they are banned from chat in one; the thread; a counter and a transaction if it is new or the subject
/// changes.
#[utoipa::path(put, path = "/v1/support/thread", request_body = OpenSupportThread,
    extensions(("x-problems" = json!(["chat_banned", "invalid", "conflict", "too_many_requests"])), ("x-limits" = json!([SUBJECTS]))),
    responses((status = 200, body = SupportThread), (status = 201, body = SupportThread), Problems))]
pub async fn open_support_thread(
    State(s): State<crate::State>,
    caller: MemberWith<ChatState>,
    Json(OpenSupportThread { subject }): Json<OpenSupportThread>,
) -> Result<Response, web::Error> {
    caller.resource.unwrap_or_default().check_ban(s.sys.now())?;
    let subject = Subject::parse(&subject).map_err(|e| Problem::field("/subject", e))?;
    let (room, new) = thread::open(&s.table, &s.sys, &caller.member.user, subject).await?;
    let thread = SupportThread::new(&room, desk_of(&room)?);
    Ok(if new { Created("/v1/support/thread".to_owned(), thread).into_response() } else { Json(thread).into_response() })
}

/// Lists the messages of the caller's support thread, the newest page first.
///
/// AWS calls: the caller and whether they are banned from chat in one; the thread; a query of the messages.
#[utoipa::path(get, path = "/v1/support/thread/messages", params(SupportPageQuery),
    extensions(("x-problems" = json!(["not_found", "chat_banned", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = SupportMessageList), Problems))]
pub async fn list_support_messages(
    State(s): State<crate::State>,
    caller: MemberWith<ChatState>,
    Query(query): Query<SupportPageQuery>,
) -> Result<Json<SupportMessageList>, web::Error> {
    query.limit()?;
    caller.resource.unwrap_or_default().check_ban(s.sys.now())?;
    let room = own(&s, &caller.member.user).await?;
    page(&s, room, Side::Customer, caller.member.user.id, &query).await
}

/// Returns a page of a thread's messages, as one side sees them.
pub async fn page(
    s: &crate::State,
    room: Room,
    viewer: Side,
    reader: kernel::id::UserId,
    query: &SupportPageQuery,
) -> Result<Json<SupportMessageList>, web::Error> {
    let (limit, customer) = (query.limit()?, desk_of(&room)?.customer);
    let cursors = s.sealer.cursors(format!("support messages of {} for {reader}", room.id));
    let before = cursors.open(query.cursor())?;
    let member = taking_part(room, customer)?;
    let OlderPage { messages, upto, before } = history::before(&s.table, &member, before, limit, PAGE_MAX_BYTES).await?;
    let items = SupportMessage::all(messages, customer, viewer);
    Ok(Json(SupportMessageList { items, upto, next_cursor: cursors.next(before)? }))
}

/// Sends a message to the support team. It opens a thread that was done.
///
/// AWS calls: the caller and their sending limit in one; a batch of the thread and of the receipt of the nonce; the transaction; a
/// batch of the caller's sockets and a query of the team's with a batch of their people; a post for each.
#[utoipa::path(post, path = "/v1/support/thread/messages", request_body = SendSupportMessage,
    extensions(("x-problems" = json!(["not_found", "message_length", "invalid", "nonce_reused", "chat_banned"])), ("x-limits" = json!([OF_STAFF]))),
    responses((status = 201, body = SentSupportMessage), Problems))]
pub async fn send_support_message(
    State(s): State<crate::State>,
    caller: MemberWith<ChatState>,
    Json(body): Json<SendSupportMessage>,
) -> Result<Created<SentSupportMessage>, web::Error> {
    let user = &caller.member.user;
    let chat = caller.resource.unwrap_or_default();
    chat.admit(s.sys.now())?;
    let SendSupportMessage { text, nonce } = body;
    let message = NewMessage { text: Text::parse(&text)?, nonce, reply_to: None, seen: None, force: false };
    let (room_key, receipt_key) = (Room::key_of(thread_of(user.id)), Receipt::key_of(user.id, thread_of(user.id), &message.nonce));
    let mut found = s.table.get_many(vec![room_key.clone(), receipt_key.clone()]).await?;
    let room = found.take::<Room>(&room_key)?.ok_or(Kind::NotFound)?;
    let speaker = MessageSender { user, side: Side::Customer, socket: "", chat, receipt: found.take(&receipt_key)? };
    let sent = talk::say(&s, speaker, room, message).await?;
    Ok(Created("/v1/support/thread/messages".to_owned(), sent.receipt.into()))
}

/// Mails the caller a transcript of their support thread: its last two hundred messages, to the address of their account.
///
/// AWS calls: the caller; the thread; a counter; a transaction. The mail is sent afterwards.
#[utoipa::path(post, path = "/v1/support/thread/transcript",
    extensions(("x-problems" = json!(["not_found", "contact_required", "too_many_requests"])), ("x-limits" = json!([TRANSCRIPTS]))),
    responses((status = 204, description = "It will be sent."), Problems))]
pub async fn mail_support_transcript(State(s): State<crate::State>, caller: Member) -> Result<NoContent, web::Error> {
    let user = caller.user.id;
    own(&s, &caller.user).await?;
    if caller.user.email.is_none() {
        return Err(Problem::new(Kind::ContactRequired).with("missing", "email").into());
    }
    limits::take(&s.table, s.sys.now(), &[TRANSCRIPTS.of(user)]).await?;
    let mut tx = Tx::new();
    Outbox::add(&mut tx, &s.sys, &TranscriptAsked { user });
    s.table.commit(tx).await?;
    Ok(NoContent)
}
