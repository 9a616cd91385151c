//! Reading the inbox, and marking entries as read.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{
    Resource,
    user::{Status, User, partition},
};
use axum::extract::State;
use callers::{Member, MemberWith};
use kernel::{
    FieldError, Id as _, Kind, Problem,
    id::{NotificationId, RoomId, UserId},
};
use messaging::{member::Membership, room::Room, support::thread::thread_of};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Index, Key, Personal, Range, StoreError, Stored, Update, field};
use utoipa::{IntoParams, ToSchema};
use web::{Json, NoContent, PageQuery, Path, Problems, Query};

use crate::entry::{ENTRIES, InboxEntry, NotificationInfo, unread_of};

/// The most unread entries that are counted.
const COUNTED: usize = 99;

/// The state of a person's inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inbox {
    /// All entries up to this one were read at once.
    #[serde(default)]
    read_upto: Option<NotificationId>,
}

impl Inbox {
    fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "NOTIFICATIONS")
    }
}

impl Stored for Inbox {
    const KIND: &'static str = "notifications";
    const ABOUT: About = About::beside_user("NOTIFICATIONS", Personal::Exported(&["read_upto"]));
}

/// The state of the caller's own inbox.
impl Resource for Inbox {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only unread notifications.
    #[serde(default)]
    #[param(required = false)]
    unread: bool,
}

/// A page of the inbox.
#[derive(Serialize, ToSchema)]
pub struct NotificationList {
    /// The notifications, the newest first.
    items: Vec<NotificationInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The number of unread notifications.
#[derive(Serialize, ToSchema)]
pub struct UnreadCount {
    /// The number, at most 99.
    unread: usize,
    /// Whether there are more.
    more: bool,
}

/// Unread entries, the newest first.
fn unread(user: UserId, read_upto: Option<NotificationId>) -> Range {
    let range = Range::of_index(Index::UnreadNotifications, unread_of(user)).newest_first();
    match read_upto {
        // Both ends of a range are included, and the entry `read` must not be. `read~` sorts after it and before the next id.
        Some(read) => range.between(format!("{read}~"), "~"),
        None => range,
    }
}

/// Lists the caller's notifications of the last ninety days, the newest first.
///
/// AWS calls: the batch that authenticates the caller and reads the state of their inbox; a query; a batch of the people and the
/// rooms that the notifications are about, if there are any.
#[utoipa::path(get, path = "/v1/notifications", params(NotificationQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = NotificationList), Problems))]
pub async fn list_notifications(
    State(s): State<crate::State>,
    caller: MemberWith<Inbox>,
    Query(query): Query<NotificationQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<NotificationList>, web::Error> {
    let (limit, me, now) = (page.limit()?, caller.member.user.id, s.sys.now());
    let read_upto = caller.resource.and_then(|inbox| inbox.read_upto);
    let cursors = s.sealer.cursors(format!("notifications of {me}, unread: {}", query.unread));
    let mut range = if query.unread { unread(me, read_upto) } else { Range::of(partition(me)).prefix(ENTRIES).newest_first() }.limit(limit);
    if let Some(after) = cursors.open(page.cursor())? {
        range = range.after(InboxEntry::key_of(me, after), query.unread.then(|| InboxEntry::unread(me, after)));
    }
    let found = s.table.query::<InboxEntry>(range).await?;
    let next_cursor = cursors.next(found.last().map(|entry| entry.id))?;
    let entries: Vec<InboxEntry> = found.items.into_iter().filter(|entry| store::Item::expires(entry).is_none_or(|at| now < at)).collect();
    let subjects = Subjects::read(&s, me, &entries).await?;
    let items = entries.into_iter().filter_map(|entry| {
        let read = entry.read_at.is_some() || read_upto.is_some_and(|upto| entry.id <= upto) || subjects.is_read(&entry);
        let name = entry.what.other_person().and_then(|user| subjects.names.get(&user)).cloned();
        let shown = !(query.unread && read);
        shown.then(|| NotificationInfo::new(Some(entry.id), entry.what, entry.at, read, name))
    });
    Ok(Json(NotificationList { items: items.collect(), next_cursor }))
}

/// The people and rooms in some entries.
#[derive(Default)]
struct Subjects {
    /// The usernames of people with active accounts.
    names: BTreeMap<UserId, String>,
    /// The numbers up to which the person has read the rooms that they are a member of.
    read: BTreeMap<RoomId, u64>,
}

impl Subjects {
    /// Reads the items that the entries refer to: one batch, or no read if the entries have no people and no rooms.
    async fn read(s: &crate::State, me: UserId, entries: &[InboxEntry]) -> Result<Self, StoreError> {
        let people: BTreeSet<UserId> = entries.iter().filter_map(|entry| entry.what.other_person()).collect();
        let rooms: BTreeSet<RoomId> = entries.iter().filter_map(|entry| entry.what.chat()).map(|(room, _)| room).collect();
        if people.is_empty() && rooms.is_empty() {
            return Ok(Self::default());
        }
        // A support thread has no memberships. Its room has the number up to which the customer has read.
        let thread = thread_of(me);
        let marker = |room: RoomId| if room == thread { Room::key_of(room) } else { Membership::key_of(room, me) };
        let keys = people.iter().map(|id| User::key_of(*id)).chain(rooms.iter().map(|room| marker(*room)));
        let mut found = s.table.get_many(keys.collect()).await?;
        let mut all = Self::default();
        for id in people {
            let user = found.take::<User>(&User::key_of(id))?.filter(|user| user.status == Status::Active);
            all.names.extend(user.map(|user| (id, user.username.to_string())));
        }
        for room in rooms {
            let upto = if room == thread {
                found.take::<Room>(&marker(room))?.and_then(|room| room.desk).map(|desk| desk.customer_read)
            } else {
                found.take::<Membership>(&marker(room))?.map(|member| member.read_upto())
            };
            all.read.extend(upto.map(|upto| (room, upto)));
        }
        Ok(all)
    }

    /// Returns whether the person has read the messages of an entry, on any device, or has left their room.
    fn is_read(&self, entry: &InboxEntry) -> bool {
        entry.what.chat().is_some_and(|(room, seq)| self.read.get(&room).is_none_or(|upto| seq <= *upto))
    }
}

/// Counts the caller's unread notifications.
///
/// AWS calls: the batch that authenticates the caller and reads the state of their inbox; a query of at most a hundred; a batch of the
/// people and rooms that they are about, if there are any. The last two are repeated while fewer than a hundred count and there are more.
#[utoipa::path(get, path = "/v1/notifications/unread", responses((status = 200, body = UnreadCount), Problems))]
pub async fn count_unread_notifications(State(s): State<crate::State>, caller: MemberWith<Inbox>) -> Result<Json<UnreadCount>, web::Error> {
    let read_upto = caller.resource.and_then(|inbox| inbox.read_upto);
    let now = s.sys.now();
    let most = u32::try_from(COUNTED.saturating_add(1)).unwrap_or(u32::MAX);
    let me = caller.member.user.id;
    let (mut there, mut after) = (0_usize, None);
    loop {
        let range = unread(me, read_upto).limit(most);
        let range = match after {
            Some(id) => range.after(InboxEntry::key_of(me, id), Some(InboxEntry::unread(me, id))),
            None => range,
        };
        let page = s.table.query::<InboxEntry>(range).await?;
        let subjects = if page.items.iter().any(|entry| entry.what.chat().is_some()) {
            Subjects::read(&s, me, &page.items).await?
        } else {
            Subjects::default()
        };
        let lives = |entry: &&InboxEntry| store::Item::expires(*entry).is_none_or(|at| now < at) && !subjects.is_read(entry);
        there = there.saturating_add(page.items.iter().filter(lives).count());
        // Entries about rooms that were read since are still in the index.
        after = page.last().map(|entry| entry.id);
        if there > COUNTED || after.is_none() {
            return Ok(Json(UnreadCount { unread: there.min(COUNTED), more: there > COUNTED }));
        }
    }
}

/// Marks a notification as read. The operation can be repeated.
///
/// AWS calls: the caller; an update.
#[utoipa::path(post, path = "/v1/notifications/{notification}/read", params(("notification" = NotificationId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204, description = "It is read."), Problems))]
pub async fn read_notification(
    State(s): State<crate::State>,
    caller: Member,
    Path(id): Path<NotificationId>,
) -> Result<NoContent, web::Error> {
    let read =
        Update::of(InboxEntry::key_of(caller.user.id, id)).set_if_absent("read_at", s.sys.now()).index(Index::UnreadNotifications, None);
    if s.table.update(read.when(Cond::Exists)).await.applied()? { Ok(NoContent) } else { Err(Kind::NotFound.into()) }
}

/// Marks several notifications as read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadNotifications {
    /// The newest notification that the caller has seen. All up to it become read.
    upto: NotificationId,
}

/// Marks all notifications up to one as read. An earlier one has no effect. The operation can be repeated.
///
/// AWS calls: the caller; an update.
#[utoipa::path(post, path = "/v1/notifications/read", request_body = ReadNotifications,
    extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 204, description = "They are read."), Problems))]
pub async fn read_notifications(
    State(s): State<crate::State>,
    caller: Member,
    Json(body): Json<ReadNotifications>,
) -> Result<NoContent, web::Error> {
    // With an id of the future, later notifications would be marked as read.
    if i64::try_from(body.upto.ulid().timestamp_ms()).unwrap_or(i64::MAX) > s.sys.now().millis() {
        return Err(Problem::field("/upto", FieldError::IN_FUTURE).into());
    }
    let read = Update::upsert::<Inbox>(Inbox::key_of(caller.user.id)).set("read_upto", body.upto);
    let forward = field("read_upto").absent().or(field("read_upto").lt(body.upto));
    s.table.update(read.when(forward)).await.refused_is_fine()?;
    Ok(NoContent)
}
