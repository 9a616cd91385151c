//! The operations of the team: listing threads, reading one, answering, and changing its state and its assignee.

use accounts::{
    identifier::{Email, Username},
    staff::Roles,
    user::{EmailClaim, Status, User},
    username::UsernameClaim,
};
use axum::extract::State;
use callers::{Staff, staff::Moderator};
use kernel::{
    FieldError, Kind, Problem, Timestamp,
    conversation::ThreadState,
    id::{RoomId, UserId},
};
use messaging::{
    message::{Nonce, Text},
    room::Room,
    send::Receipt,
    spam::ChatState,
    support::{
        figures,
        find::{self, Found, Search, WordPosition},
        present,
        thread::{self, Side, ThreadPosition, thread_of},
    },
    unread::Unread,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Created, Json, PageQuery, Path, Problems, Query, RequestId};

use crate::{
    customer::{SentSupportMessage, SupportMessageList, SupportPageQuery, page},
    shown::DeskThread,
    talk::{self, MessageSender, NewMessage, desk_of},
};

/// The maximum number of days of figures.
const DAYS_MAX: u32 = 90;

/// Which threads to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeskQuery {
    /// The state.
    #[serde(default = "open")]
    #[param(required = false, default = "open")]
    state: ThreadState,
}

const fn open() -> ThreadState {
    ThreadState::Open
}

/// A page of threads.
#[derive(Serialize, ToSchema)]
pub struct DeskThreadList {
    /// The threads. Those with the latest message first; snoozed ones by the end of the snooze, the last one first.
    items: Vec<DeskThread>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the threads in a state. For moderators.
///
/// AWS calls: the caller and their roles in one; a query.
#[utoipa::path(get, path = "/v1/support/threads", params(DeskQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = DeskThreadList), Problems))]
pub async fn list_desk_threads(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Query(DeskQuery { state }): Query<DeskQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<DeskThreadList>, web::Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("threads for {} that are {}", caller.member.user.id, state.as_str()));
    let after = cursors.open::<ThreadPosition>(query.cursor())?;
    let found = thread::list(&s.table, state, after.as_ref(), limit).await?;
    let next_cursor = cursors.next(found.last().and_then(ThreadPosition::behind))?;
    Ok(Json(DeskThreadList { items: DeskThread::all(&found.items, s.sys.now()), next_cursor }))
}

/// The search.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeskSearch {
    /// The customer's whole e-mail address or username, or the beginnings of words of the subject.
    #[param(max_length = 254, example = "order")]
    q: String,
}

/// The threads that were found.
#[derive(Serialize, ToSchema)]
pub struct DeskThreadsFound {
    /// The threads. A page can have fewer than asked for, or none, although there is a next one.
    items: Vec<DeskThread>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Searches threads by their customer or their subject. For moderators.
///
/// AWS calls: the caller and their roles in one. By an address its claim, and the thread; otherwise the claim of the username and a
/// query for each of up to four words at once, or one query on later pages, and the threads.
#[utoipa::path(get, path = "/v1/support/search", params(DeskSearch, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = DeskThreadsFound), Problems))]
pub async fn find_desk_threads(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Query(DeskSearch { q }): Query<DeskSearch>,
    Query(query): Query<PageQuery>,
) -> Result<Json<DeskThreadsFound>, web::Error> {
    let (q, limit) = (q.trim(), query.limit()?);
    let cursors = s.sealer.cursors(format!("threads for {} that are found by {q}", caller.member.user.id));
    let after = cursors.open::<WordPosition>(query.cursor())?;
    let wrong = |e: FieldError| Problem::field("/q", e);
    let (rooms, next) = if q.contains('@') {
        let email = Email::parse(q).map_err(wrong)?;
        let claim = s.table.get::<EmailClaim>(EmailClaim::key_of(&email)).await?;
        (of_customer(&s, claim.map(|claim| claim.user)).await?, None)
    } else {
        let search = Search::parse(q).map_err(wrong)?;
        let by_name = async {
            let Ok(name) = Username::parse(q) else { return Ok(Vec::new()) };
            let claim = s.table.get::<UsernameClaim>(UsernameClaim::key_of(&name)).await?;
            of_customer(&s, claim.and_then(|claim| claim.owner())).await
        };
        let by_subject = find::by_subject(&s.table, &search, after.as_ref(), limit);
        let (mut rooms, Found { threads, next }) = tokio::try_join!(by_name, by_subject)?;
        let others: Vec<Room> = threads.into_iter().filter(|room| rooms.iter().all(|known| known.id != room.id)).collect();
        // It was on the first page.
        rooms.retain(|_| after.is_none());
        rooms.extend(others);
        (rooms, next)
    };
    Ok(Json(DeskThreadsFound { items: DeskThread::all(&rooms, s.sys.now()), next_cursor: cursors.next(next)? }))
}

/// Returns the thread of a customer, if there is one.
async fn of_customer(s: &crate::State, customer: Option<UserId>) -> Result<Vec<Room>, store::StoreError> {
    let Some(customer) = customer else { return Ok(Vec::new()) };
    Ok(s.table.get::<Room>(Room::key_of(thread_of(customer))).await?.into_iter().collect())
}

/// A thread, with the number of messages that the team has not read.
#[derive(Serialize, ToSchema)]
pub struct DeskThreadRead {
    thread: DeskThread,
    /// The number of messages of the customer that nobody of the team has read.
    unread: Unread,
}

async fn thread_named(s: &crate::State, id: RoomId) -> Result<Room, Problem> {
    let room = s.table.get::<Room>(Room::key_of(id)).await?;
    room.filter(|room| room.desk.is_some()).ok_or_else(|| Kind::NotFound.because("there is no such thread"))
}

/// Returns a thread. For moderators. The audit records who read it.
///
/// AWS calls: the caller and their roles in one; the thread; an entry of the audit; a query of the unread messages, if there are new
/// messages.
#[utoipa::path(get, path = "/v1/support/threads/{thread}",
    params(("thread" = RoomId, Path, description = "The thread.")), extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = DeskThreadRead), Problems))]
pub async fn get_desk_thread(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    request: RequestId,
    Path(id): Path<RoomId>,
) -> Result<Json<DeskThreadRead>, web::Error> {
    let room = thread_named(&s, id).await?;
    let desk = desk_of(&room)?;
    talk::audited(&s, caller.member.user.id, &request.0, desk.customer).await?;
    let unread = thread::unread(&s.table, &room, Side::Team).await?;
    Ok(Json(DeskThreadRead { thread: DeskThread::new(&room, desk, s.sys.now()), unread }))
}

/// Lists the messages of a thread with their authors, the newest page first. For moderators. The audit records who read them.
///
/// AWS calls: the caller and their roles in one; the thread; an entry of the audit; a query of the messages.
#[utoipa::path(get, path = "/v1/support/threads/{thread}/messages",
    params(("thread" = RoomId, Path, description = "The thread."), SupportPageQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = SupportMessageList), Problems))]
pub async fn list_desk_messages(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    request: RequestId,
    Path(id): Path<RoomId>,
    Query(query): Query<SupportPageQuery>,
) -> Result<Json<SupportMessageList>, web::Error> {
    query.limit()?;
    let room = thread_named(&s, id).await?;
    let reader = caller.member.user.id;
    talk::audited(&s, reader, &request.0, desk_of(&room)?.customer).await?;
    page(&s, room, Side::Team, reader, &query).await
}

/// An answer of the team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendDeskMessage {
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000, examples("It is on its way."))]
    text: String,
    /// The client's nonce for this message. Repeating it commits nothing more.
    nonce: Nonce,
    /// The last number that the author has seen. If there is a higher one the answer is refused. Required without `force`.
    #[schema(nullable = false, examples(1))]
    seen: Option<u64>,
    /// Whether to send it even if there are newer messages.
    #[serde(default)]
    #[schema(default = false)]
    force: bool,
}

/// Sends an answer of the team. It is refused with `thread_moved_on` if somebody has written in the meantime, so that only one of two
/// concurrent answers is sent. For moderators.
///
/// AWS calls: the caller and their roles in one; a batch of the thread and of the receipt of the nonce; the transaction; a batch of the
/// customer's sockets and a query of the team's with a batch of their people; a post for each. If it is refused, two reads of the newer
/// messages.
#[utoipa::path(post, path = "/v1/support/threads/{thread}/messages", request_body = SendDeskMessage,
    params(("thread" = RoomId, Path, description = "The thread.")),
    extensions(("x-problems" = json!(["not_found", "message_length", "invalid", "nonce_reused", "thread_moved_on"]))),
    responses((status = 201, body = SentSupportMessage), Problems))]
pub async fn send_desk_message(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Path(id): Path<RoomId>,
    Json(body): Json<SendDeskMessage>,
) -> Result<Created<SentSupportMessage>, web::Error> {
    let SendDeskMessage { text, nonce, seen, force } = body;
    let message = NewMessage { text: Text::parse(&text)?, nonce, reply_to: None, seen, force };
    message.admits(true)?;
    let user = &caller.member.user;
    let (room_key, receipt_key) = (Room::key_of(id), Receipt::key_of(user.id, id, &message.nonce));
    let mut found = s.table.get_many(vec![room_key.clone(), receipt_key.clone()]).await?;
    let room = found.take::<Room>(&room_key)?.ok_or(Kind::NotFound)?;
    let speaker = MessageSender { user, side: Side::Team, socket: "", chat: ChatState::default(), receipt: found.take(&receipt_key)? };
    let sent = talk::say(&s, speaker, room, message).await?;
    Ok(Created(format!("/v1/support/threads/{id}/messages"), sent.receipt.into()))
}

/// The new state of a thread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetThreadState {
    /// The state.
    state: ThreadState,
    /// The last number that the caller has seen. If there is a higher one, nothing changes.
    #[schema(examples(1))]
    seen: u64,
    /// The end of the snooze, within 90 days. Required with `snoozed`, and not allowed with other states.
    #[schema(value_type = Option<String>, format = DateTime, max_length = 35, nullable = false)]
    until: Option<Timestamp>,
}

/// Changes the state of a thread, unless somebody has written since the caller read it, or it has no message. For moderators.
///
/// AWS calls: the caller and their roles in one; the thread; a write; a query of the team's sockets with a batch of their people, and a
/// post for each.
#[utoipa::path(put, path = "/v1/support/threads/{thread}/state", request_body = SetThreadState,
    params(("thread" = RoomId, Path, description = "The thread.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "thread_moved_on", "conflict"]))),
    responses((status = 200, body = DeskThread), Problems))]
pub async fn set_desk_thread_state(
    State(s): State<crate::State>,
    _caller: Staff<Moderator>,
    Path(id): Path<RoomId>,
    Json(body): Json<SetThreadState>,
) -> Result<Json<DeskThread>, web::Error> {
    let until = body.state.snooze(body.until, s.sys.now()).map_err(|wrong| Problem::field("/until", wrong))?;
    let room = thread_named(&s, id).await?;
    let room = thread::set_state(&s.table, &room, body.seen, body.state, until).await?;
    Ok(Json(talk::tell_team_of(&s, &room).await?))
}

/// Assigns a thread without an assignee to the caller, unless it is done or has no message. No effect if the caller has it. For moderators.
///
/// AWS calls: the caller and their roles in one; a transaction and a read; a query of the team's sockets with a batch of their people, and
/// a post for each.
#[utoipa::path(post, path = "/v1/support/threads/{thread}/take",
    params(("thread" = RoomId, Path, description = "The thread.")), extensions(("x-problems" = json!(["not_found", "thread_taken", "conflict"]))),
    responses((status = 200, body = DeskThread), Problems))]
pub async fn take_desk_thread(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Path(id): Path<RoomId>,
) -> Result<Json<DeskThread>, web::Error> {
    let room = thread::take(&s.table, id, &caller.member.user).await?;
    Ok(Json(talk::tell_team_of(&s, &room).await?))
}

/// The new assignee of a thread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveThread {
    /// Another member of the team.
    to: UserId,
}

/// Assigns a thread of the caller to another member of the team. For moderators.
///
/// AWS calls: the caller and their roles in one; a batch of the other person and their roles; a transaction and a read; a query of the
/// team's sockets with a batch of their people, and a post for each.
#[utoipa::path(post, path = "/v1/support/threads/{thread}/give", request_body = GiveThread,
    params(("thread" = RoomId, Path, description = "The thread.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "thread_taken", "conflict"]))),
    responses((status = 200, body = DeskThread), Problems))]
pub async fn give_desk_thread(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Path(id): Path<RoomId>,
    Json(GiveThread { to }): Json<GiveThread>,
) -> Result<Json<DeskThread>, web::Error> {
    let (person, roles) = (User::key_of(to), Roles::key_of(to));
    let mut found = s.table.get_many(vec![person.clone(), roles.clone()]).await?;
    let is_team = found.take::<Roles>(&roles)?.is_some_and(|roles| present::is_team(&roles.roles));
    let to = found.take::<User>(&person)?.filter(|user| is_team && user.status == Status::Active);
    let to = to.ok_or_else(|| Problem::field("/to", FieldError::CHOICE))?;
    let room = thread::give(&s.table, id, caller.member.user.id, &to).await?;
    Ok(Json(talk::tell_team_of(&s, &room).await?))
}

/// The days of the figures.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FiguresQuery {
    /// The number of days that end today: 1 to 90.
    #[serde(default = "month")]
    #[param(required = false, minimum = 1, maximum = 90, default = 30)]
    days: u32,
}

const fn month() -> u32 {
    30
}

/// The response times of the team on a day.
#[derive(Serialize, ToSchema)]
pub struct AnswerFigures {
    /// The day in UTC.
    #[schema(format = Date, examples("2030-01-01"))]
    day: String,
    /// The number of first answers to customers.
    answers: u64,
    /// How long their customers waited on average, in seconds.
    mean_seconds: u64,
}

/// The response times of the team.
#[derive(Serialize, ToSchema)]
pub struct DeskFigures {
    /// The days that had first answers, in ascending order.
    days: Vec<AnswerFigures>,
}

/// Shows how long customers waited for first answers, by day. For moderators.
///
/// AWS calls: the caller and their roles in one; a query.
#[utoipa::path(get, path = "/v1/support/figures", params(FiguresQuery), extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 200, body = DeskFigures), Problems))]
pub async fn get_desk_figures(
    State(s): State<crate::State>,
    _caller: Staff<Moderator>,
    Query(FiguresQuery { days }): Query<FiguresQuery>,
) -> Result<Json<DeskFigures>, web::Error> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::field("/days", FieldError::RANGE.with("min", 1).with("max", DAYS_MAX)).into());
    }
    let days = figures::days(&s.table, s.sys.now(), days).await?;
    let day = |day: figures::AnswersOfDay| AnswerFigures {
        mean_seconds: day.seconds.checked_div(day.answers).unwrap_or_default(),
        answers: day.answers,
        day: day.day,
    };
    Ok(Json(DeskFigures { days: days.into_iter().map(day).collect() }))
}
