//! Showing an account to staff.
//!
//! Addresses and numbers are masked for all staff. Staff do not need them to write to somebody, and find an account by a whole address or
//! number. Only superusers see client addresses and the day of birth. Credentials and factors are never shown.

use accounts::{
    agent::Agent,
    directory::{Account, AccountState},
    identifier::Contact,
    last_seen::LastSeen,
    session::{self, Session},
    staff::{Actor, Role},
    user::User,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use commerce::{
    machine::OrderState,
    order::{self, Order},
};
use futures_util::try_join;
use kernel::{
    Locale, Time, Timestamp,
    conversation::ThreadState,
    id::{DeviceId, OrderId, PictureId, RoomId, SessionId, UserId},
};
use messaging::{
    ban::{Ban, BanReason},
    room::Room,
    spam::ChatState,
    support::thread::thread_of,
};
use money::Money;
use proofs::device::{self, Device};
use serde::Serialize;
use store::{Batch, Key, StoreError, Table};
use utoipa::ToSchema;
use web::{Error, Path, Problems, Versioned};

use crate::{
    patch::UpdateAccount,
    rights::{self, AccountRight},
};

/// How many of the most recent orders are shown.
const ORDERS: u32 = 10;

/// An account in a list.
#[derive(Serialize, ToSchema)]
pub struct AccountInfo {
    /// The id of the account.
    user_id: UserId,
    /// The username.
    #[schema(examples("anna"))]
    username: String,
    /// The state of the account.
    state: AccountState,
    /// The roles of its owner.
    roles: Vec<Role>,
    /// The e-mail address, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    email: Option<String>,
    /// The phone number, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("+••••••56"))]
    phone: Option<String>,
    /// Whether second factors are on.
    second_step: bool,
    /// When the account was created.
    created_at: Timestamp,
    /// When it was deactivated. Absent if it is not deactivated, or if the time was not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_at: Option<Timestamp>,
    /// When its deletion is due, if one is scheduled or has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_due_at: Option<Timestamp>,
}

impl From<Account> for AccountInfo {
    fn from(account: Account) -> Self {
        let state = account.state();
        let Account { user, roles, deletion } = account;
        Self {
            user_id: user.id,
            state,
            roles: roles.roles,
            second_step: user.has_second_step(),
            email: user.email.map(|email| Contact::Email(email).masked()),
            phone: user.phone.map(|phone| Contact::Phone(phone).masked()),
            username: user.username.to_string(),
            created_at: user.created_at.into(),
            deactivated_at: user.deactivated_at.map(Into::into),
            deletion_due_at: deletion.map(|d| d.due_at.into()),
        }
    }
}

/// Everything that staff see of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountDetails {
    #[serde(flatten)]
    account: AccountInfo,
    /// What the caller may do with the account. Everything else is refused.
    may: Vec<AccountRight>,
    /// The members of the profile that the caller may change.
    #[schema(examples("username", "bio"))]
    changeable: Vec<&'static str>,
    /// The version, which a change names in `If-Match`.
    #[schema(minimum = 1)]
    version: u64,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// Day of birth. For superusers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// The text about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
    /// Whether others see only the username and the picture.
    private: bool,
    /// The language of mails.
    language: Locale,
    /// The picture. Absent if it is the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<PictureId>,
    /// When the person was last active. Absent if that is so long ago that the time is no longer kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<Timestamp>,
    /// The sessions that have not ended, the most recently used first. At most twenty.
    sessions: Vec<AccountSession>,
    /// The devices that are trusted, the most recently used first. At most ten.
    devices: Vec<AccountDevice>,
    /// The ban from chat, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    ban: Option<AccountBan>,
    /// The last ten orders, the newest first.
    orders: Vec<AccountOrder>,
    /// The thread with the support team, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_thread: Option<AccountThread>,
}

/// A session of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountSession {
    id: SessionId,
    /// The client in words.
    agent: Agent,
    /// The client address at the sign-in or the last refresh. For superusers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("192.0.2.7"))]
    address: Option<String>,
    /// City and country, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    created_at: Timestamp,
    /// When it was last refreshed.
    last_used_at: Timestamp,
}

/// A trusted device of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountDevice {
    id: DeviceId,
    /// The client in words.
    agent: Agent,
    /// City and country, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
}

/// A ban of the person from chat.
#[derive(Serialize, ToSchema)]
pub struct AccountBan {
    /// Why.
    reason: BanReason,
    /// The explanation that the person reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    created_at: Timestamp,
    /// When it ends. Absent if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
}

/// An order of the person.
#[derive(Serialize, ToSchema)]
pub struct AccountOrder {
    id: OrderId,
    state: OrderState,
    /// The total of the order.
    total: Money,
    created_at: Timestamp,
}

/// The thread of the person with the support team.
#[derive(Serialize, ToSchema)]
pub struct AccountThread {
    /// The room of the thread.
    room: RoomId,
    state: ThreadState,
}

/// The items that are read in addition to the account.
struct RelatedItems {
    seen: Option<LastSeen>,
    chat: Option<ChatState>,
    thread: Option<Room>,
    sessions: Vec<Session>,
    devices: Vec<Device>,
    orders: Vec<Order>,
}

impl RelatedItems {
    /// Reads the items: a batch and three queries, concurrently.
    async fn of(table: &Table, user: UserId) -> Result<Self, StoreError> {
        let (seen, chat, thread) = (LastSeen::key_of(user), ChatState::key_of(user), Room::key_of(thread_of(user)));
        let keys: Vec<Key> = vec![seen.clone(), chat.clone(), thread.clone()];
        let (mut found, sessions, devices, orders): (Batch, _, _, _) = try_join!(
            table.get_many(keys),
            session::list(table, user),
            device::list(table, user),
            order::history(table, user, None, ORDERS)
        )?;
        let (seen, chat, thread) = (found.take(&seen)?, found.take(&chat)?, found.take(&thread)?);
        Ok(Self { seen, chat, thread, sessions, devices, orders: orders.items })
    }
}

/// Returns the sessions that have not ended, as this role sees them.
fn sessions(mut sessions: Vec<Session>, user: &User, viewer: Role, now: Time) -> Vec<AccountSession> {
    sessions.retain(|session| session.is_good(user, now));
    sessions.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
    let info = |session: Session| AccountSession {
        id: session.id,
        agent: Agent::of(&session.user_agent),
        address: session.address.filter(|_| viewer == Role::Superuser),
        place: session.place,
        created_at: session.created_at.into(),
        last_used_at: session.last_used_at.into(),
    };
    sessions.into_iter().map(info).collect()
}

/// Returns the devices that are trusted.
fn devices(mut devices: Vec<Device>, user: &User, now: Time) -> Vec<AccountDevice> {
    devices.retain(|device| device.is_good(user, now));
    devices.sort_by_key(|device| std::cmp::Reverse(device.last_used_at));
    let info = |device: Device| AccountDevice {
        id: device.id,
        agent: Agent::of(&device.user_agent),
        place: device.place,
        created_at: device.created_at.into(),
        last_used_at: device.last_used_at.into(),
    };
    devices.into_iter().map(info).collect()
}

impl From<Ban> for AccountBan {
    fn from(Ban { at, until, reason, explanation, by: _ }: Ban) -> Self {
        let explanation = explanation.map(|explanation| explanation.to_string());
        Self { reason, explanation, created_at: at.into(), ends_at: until.map(Into::into) }
    }
}

impl From<Order> for AccountOrder {
    fn from(order: Order) -> Self {
        Self { id: order.id, state: order.state, total: order.total, created_at: order.created_at.into() }
    }
}

impl AccountDetails {
    fn of(account: Account, related: RelatedItems, viewer: Actor, now: Time) -> Self {
        let (user, may, viewer) = (account.user.clone(), rights::of(viewer, &account), viewer.role);
        let state = |room: &Room| room.desk.as_ref().map(|desk| desk.state_at(now));
        Self {
            account: account.into(),
            changeable: if may.contains(&AccountRight::Change) { UpdateAccount::changeable(viewer) } else { Vec::new() },
            may,
            version: user.version,
            sessions: sessions(related.sessions, &user, viewer, now),
            devices: devices(related.devices, &user, now),
            last_seen_at: related.seen.map(|seen| seen.at.into()),
            ban: related.chat.and_then(|chat| chat.ban(now)).map(Into::into),
            orders: related.orders.into_iter().map(Into::into).collect(),
            support_thread: related.thread.and_then(|room| Some(AccountThread { state: state(&room)?, room: room.id })),
            first_name: user.first_name.map(|name| name.to_string()),
            last_name: user.last_name.map(|name| name.to_string()),
            birth_date: user.birth_date.filter(|_| viewer == Role::Superuser).map(|day| day.to_string()),
            bio: user.bio,
            private: user.private,
            language: user.locale,
            picture: user.picture,
        }
    }
}

/// Returns the details of an account, with its version.
pub async fn details(s: &crate::State, account: Account, viewer: Actor) -> Result<Versioned<AccountDetails>, StoreError> {
    let related = RelatedItems::of(&s.table, account.user.id).await?;
    Ok(Versioned(account.user.version, AccountDetails::of(account, related, viewer, s.sys.now())))
}

/// Shows everything that staff see of an account: its profile, state and roles, the sessions and trusted devices, the ban from chat, the
/// last orders and the thread with the support team; and what the caller may do with it.
///
/// For administrators, with a second factor. Contacts are masked. Only superusers see the day of birth and the addresses of sessions.
/// The `ETag` is the version of the profile, which a change names in `If-Match`.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; then, at
/// once, a batch of the ban, the support thread and the last activity, and queries of sessions, devices and ten orders.
#[utoipa::path(get, path = "/v1/admin/users/{username}",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = AccountDetails, headers(("ETag" = String, description = "The version, such as `\"v3\"`."))), Problems))]
pub async fn get_account(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Path(username): Path<String>,
) -> Result<Versioned<AccountDetails>, Error> {
    let account = Account::named(&s.table, &username).await?;
    Ok(details(&s, account, Actor { user: caller.member.user.id, role: caller.role }).await?)
}
