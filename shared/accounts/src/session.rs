//! Sessions and refresh tokens.
//!
//! A refresh token is opaque to clients. It contains the account, the session, the generation, 256 secret bits and a tag (a MAC that only
//! the server can make). The session stores a hash of the secret bits. Each use replaces the token. The successor is derived from the used
//! token with a server key, so that a client that lost the reply gets the *same* successor within ten seconds, and nothing has to be stored
//! for it. The tag distinguishes a used token of this server from a forged one: the reuse of a used token ends the session. A forged token
//! has no effect, and is detected by one computation without a read.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use events::{Notice, Outbox, accounts::SessionsEnded};
use kernel::{
    Client, Origin, Problem, Secret, Sys, Time,
    crypto::{hkdf_sha256, hmac_sha256, truncate},
    env::Reader,
    id::{DeviceId, SessionId, UserId},
    opaque,
    secret::same,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, WriteError, field};

use crate::{
    audit::{Action, Audit, AuditEntry},
    identifier::Contact,
    known_network, last_seen,
    token::{Claims, Method},
    user::{Status, User, notify_of, partition},
};

/// The maximum lifetime of a session. It ends earlier if it is not used: see [`IdleDays`].
pub const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 3600);
/// A session that was not used for this long counts as interrupted. Earlier proofs are then not valid for staff any more.
pub const PAUSE: Duration = Duration::from_secs(30 * 60);
/// How long a client that lost the reply may still use the previous token.
pub const LOST_REPLY: Duration = Duration::from_secs(10);
/// The maximum number of sessions of an account. New sessions replace the least recently used ones.
pub const MAX: usize = 20;

/// The days without use after which a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleDays(u32);

impl IdleDays {
    /// The value for a deployment that sets none.
    pub const DEFAULT: Self = Self(14);

    /// Reads `SESSION_IDLE_DAYS`: from 1 to 30, after which a session ends in any case.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let days = r.or("SESSION_IDLE_DAYS", Self::DEFAULT.0);
        if !(1..=30).contains(&days) {
            r.wrong("SESSION_IDLE_DAYS must be from 1 to 30".to_owned());
        }
        Self(days)
    }

    const fn by_default() -> Self {
        Self::DEFAULT
    }

    const fn time(self) -> Duration {
        Duration::from_secs((self.0 as u64).saturating_mul(24 * 3600))
    }
}

/// A sign-in of one client. A session ends by being deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The id of the session.
    pub id: SessionId,
    /// The account.
    pub user: UserId,
    /// How the person proved who they are.
    pub amr: Vec<Method>,
    /// When they proved it.
    pub auth_time: Time,
    /// When it began.
    pub created_at: Time,
    /// When its refresh token was last used.
    pub last_used_at: Time,
    /// The number of days without use after which it ends: the setting of the deployment when it began.
    #[serde(default = "IdleDays::by_default")]
    pub idle_days: IdleDays,
    /// The beginning of the current series of uses without an interruption of [`PAUSE`].
    #[serde(default = "Session::since_ever")]
    pub active_since: Time,
    /// The client's `User-Agent`, at most 255 characters.
    pub user_agent: String,
    /// The [neighbourhood](Client::neighbourhood) in which it began. `None` for sessions from before this attribute.
    #[serde(default)]
    pub network: Option<String>,
    /// The IP address of the sign-in or the last refresh.
    #[serde(default)]
    pub address: Option<String>,
    /// City and country of that request, if an edge in front of the API states them.
    #[serde(default)]
    pub place: Option<String>,
    /// The trusted device on which it began, if any.
    #[serde(default)]
    pub device: Option<DeviceId>,
    /// [`User::credentials`] when it began.
    #[serde(default)]
    pub credentials: u32,
    /// The generation of the current refresh token, from 0.
    pub generation: u32,
    /// The hash of the current token's secret.
    pub refresh_hash: String,
    /// The last refresh token that a step-up replaced.
    #[serde(default)]
    pub replaced: Option<Replaced>,
    /// The current burst of refreshes: tabs of a browser share a token and refresh it at the same time.
    #[serde(default)]
    pub burst: Option<Burst>,
}

/// Refreshes that followed each other within [`LOST_REPLY`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Burst {
    /// The generation of the first token of the burst.
    from: u32,
    /// When that token was used.
    at: Time,
}

/// A refresh token that a step-up replaced by an independent one, so that a copy of the old token does not lead to the new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replaced {
    generation: u32,
    at: Time,
}

impl Session {
    /// Returns the key of a session.
    #[must_use]
    pub fn key_of(user: UserId, id: SessionId) -> Key {
        Key::new(partition(user), format!("SESSION#{id}"))
    }

    /// Returns the update that replaces the used refresh token. Refused if a concurrent request has used it.
    fn rotate(&self, successor: &RefreshToken, used: &RefreshToken, now: Time, client: &Client) -> Update {
        let active_since = if now.since(self.last_used_at) > PAUSE { now } else { self.active_since };
        Update::of(self.key())
            .set("burst", self.burst_with(used.generation, now))
            .set("refresh_hash", successor.hash())
            .set("generation", successor.generation)
            .set("last_used_at", now)
            .set("address", client.address.map(|a| a.to_string()))
            .set("place", &client.place)
            .set("active_since", active_since)
            .when(field("generation").eq(used.generation))
    }

    /// Returns the burst after the use of a token of this generation.
    fn burst_with(&self, generation: u32, now: Time) -> Burst {
        let running = self.burst.filter(|burst| now.since(burst.at) <= LOST_REPLY);
        running.unwrap_or(Burst { from: generation, at: now })
    }

    /// Returns whether the session is valid for this user.
    #[must_use]
    pub fn is_good(&self, user: &User, now: Time) -> bool {
        self.ended(user, now).is_none()
    }

    /// Returns why the session is no longer valid for this user. `None` if it is.
    #[must_use]
    pub fn ended(&self, user: &User, now: Time) -> Option<&'static str> {
        if now >= self.ends_at() {
            Some("the session has expired")
        } else if self.credentials != user.credentials {
            Some("how the person signs in was changed after the session began")
        } else {
            None
        }
    }

    /// Returns the session with the proof that this token states.
    #[must_use]
    pub fn proven_by(self, claims: &Claims) -> Self {
        // Tokens have times in seconds.
        let same = self.auth_time.seconds() == claims.auth_time;
        let auth_time = if same { self.auth_time } else { Time::from_millis(claims.auth_time.saturating_mul(1000)) };
        Self { amr: claims.amr.clone(), auth_time, ..self }
    }

    /// Adds a step-up of the session to a transaction. Returns the session after it and a refresh token that is not derived from
    /// the previous one, so that a copy of the previous one is worthless and its reuse is detected. The slot is refused if the
    /// session has ended or was refreshed in the meantime.
    pub fn step_up(self, tx: &mut Tx, sys: &Sys, key: &Secret, amr: Vec<Method>) -> (Self, RefreshToken, Slot) {
        let (now, generation) = (sys.now(), self.generation.saturating_add(1));
        let refresh = RefreshToken::make(key, self.user, self.id, generation, sys.bytes());
        let unchanged = credentials_are(self.credentials).and(field("generation").eq(self.generation));
        let replaced = Some(Replaced { generation: self.generation, at: now });
        let session = Self { amr, auth_time: now, generation, refresh_hash: refresh.hash(), replaced, ..self };
        let proven = Update::of(session.key())
            .set("amr", &session.amr)
            .set("auth_time", session.auth_time)
            .set("generation", session.generation)
            .set("refresh_hash", &session.refresh_hash)
            .set("replaced", &session.replaced);
        let slot = tx.update(proven.when(unchanged));
        (session, refresh, slot)
    }

    /// Returns the default for sessions that were stored before this attribute existed.
    const fn since_ever() -> Time {
        Time::from_millis(0)
    }

    /// Returns when the session ends if it is not used again.
    #[must_use]
    pub fn ends_at(&self) -> Time {
        (self.last_used_at + self.idle_days.time()).min(self.created_at + ABSOLUTE)
    }
}

impl Item for Session {
    const KIND: &'static str = "session";
    const ABOUT: About = About::beside_user(
        "SESSION#{session}",
        Personal::Exported(&[
            "id",
            "amr",
            "auth_time",
            "created_at",
            "last_used_at",
            "user_agent",
            "network",
            "address",
            "place",
            "device",
        ]),
    )
    .expires()
    .removed_by("sessions");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.created_at + ABSOLUTE)
    }
}

/// A parsed refresh token.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// The account.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    generation: u32,
    secret: Secret<[u8; 32]>,
    tag: [u8; TAG],
}

/// The length of the tag in bytes.
const TAG: usize = 16;

impl RefreshToken {
    /// Parses a token. It may still be forged or used.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let ((user, session, generation, secret), tag) = opaque::read("rft", text)?;
        Some(Self { user, session, generation, secret: Secret::new(secret), tag })
    }

    /// Makes a token with a valid tag.
    fn make(key: &Secret, user: UserId, session: SessionId, generation: u32, secret: [u8; 32]) -> Self {
        let token = Self { user, session, generation, secret: Secret::new(secret), tag: [0; TAG] };
        Self { tag: token.tag_under(key), ..token }
    }

    /// Returns whether the tag is valid, so that this server made the token. It may still be used or expired.
    fn is_ours(&self, key: &Secret) -> bool {
        same(&self.tag_under(key), &self.tag)
    }

    fn tag_under(&self, key: &Secret) -> [u8; TAG] {
        truncate(hmac_sha256(key.expose().as_bytes(), &[b"stoa refresh token v1", &opaque::bytes(&self.body())]))
    }

    /// Returns the token for the client.
    #[must_use]
    pub fn reveal(&self) -> String {
        opaque::write("rft", &(self.body(), self.tag))
    }

    /// Returns the parts that the tag authenticates.
    fn body(&self) -> (UserId, SessionId, u32, [u8; 32]) {
        (self.user, self.session, self.generation, *self.secret.expose())
    }

    fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret.expose()))
    }

    /// Returns the token of a later generation, if all generations in between are refreshes.
    fn descendant(&self, key: &Secret, generation: u32) -> Option<Self> {
        let steps = generation.checked_sub(self.generation).filter(|steps| *steps <= BURST_MAX)?;
        Some((0..steps).fold(self.clone(), |token, _| token.successor(key)))
    }

    fn successor(&self, key: &Secret) -> Self {
        let info = format!("stoa refresh v1 {}", self.session);
        let secret = hkdf_sha256(key.expose().as_bytes(), self.secret.expose(), info.as_bytes());
        Self::make(key, self.user, self.session, self.generation.saturating_add(1), secret)
    }
}

/// The maximum number of refreshes of a burst that are recomputed from an older token.
const BURST_MAX: u32 = 64;

/// A session that is about to be created. Every session is created by this type.
#[derive(Debug)]
pub struct Opening {
    /// The session to be stored.
    pub session: Session,
    contacts: Vec<Contact>,
    client: Client,
    /// The refresh token for the client.
    pub refresh: RefreshToken,
    ended: Vec<Session>,
    is_new_client: bool,
}

impl Opening {
    /// Prepares a session for a user who has just proven who they are.
    #[must_use]
    pub fn new(sys: &Sys, key: &Secret, user: &User, amr: Vec<Method>, client: &Client) -> Self {
        Self { contacts: user.contacts(), ..Self::of(sys, key, user.id, user.credentials, amr, client) }
    }

    /// Prepares the session of a new account, whose owner was reached at this contact.
    #[must_use]
    pub fn first(sys: &Sys, key: &Secret, user: UserId, contact: impl Into<Contact>, amr: Vec<Method>, client: &Client) -> Self {
        Self { contacts: vec![contact.into()], ..Self::of(sys, key, user, 0, amr, client) }
    }

    fn of(sys: &Sys, key: &Secret, user: UserId, credentials: u32, amr: Vec<Method>, client: &Client) -> Self {
        let (now, id) = (sys.now(), sys.id());
        let refresh = RefreshToken::make(key, user, id, 0, sys.bytes());
        let session = Session {
            id,
            user,
            device: None,
            credentials,
            amr,
            auth_time: now,
            created_at: now,
            last_used_at: now,
            idle_days: IdleDays::DEFAULT,
            active_since: now,
            user_agent: client.user_agent.clone(),
            network: Some(client.neighbourhood()),
            address: client.address.map(|a| a.to_string()),
            place: client.place.clone(),
            generation: 0,
            refresh_hash: refresh.hash(),
            replaced: None,
            burst: None,
        };
        Self { session, refresh, contacts: Vec::new(), client: client.clone(), ended: Vec::new(), is_new_client: false }
    }

    /// Ends the least recently used of the `others` if there are too many, and notifies the person if the client is new. A client is new if
    /// no other session has its `User-Agent`, or, because a stranger can copy that, if none has its network. Sessions that may be
    /// deleted at any time do not count. A client on a trusted device is not new.
    #[must_use]
    pub fn among(mut self, mut others: Vec<Session>, trusted: bool) -> Self {
        let Session { user_agent, network, created_at, .. } = &self.session;
        let kept: Vec<&Session> = others.iter().filter(|s| s.expires().is_none_or(|end| *created_at < end)).collect();
        let known = kept.iter().any(|s| s.user_agent == *user_agent) && kept.iter().any(|s| s.network.is_none() || s.network == *network);
        self.is_new_client = !known && !trusted;
        others.sort_by_key(|s| std::cmp::Reverse(s.last_used_at));
        // A bounded number, because a transaction has at most a hundred writes.
        self.ended = others.into_iter().skip(MAX.saturating_sub(1)).take(50).collect();
        self
    }

    /// Ends a session that this one replaces.
    #[must_use]
    pub fn instead_of(mut self, previous: Option<Session>) -> Self {
        self.ended.extend(previous.filter(|p| self.ended.iter().all(|e| e.id != p.id)));
        self
    }

    /// Sets the days without use after which it ends.
    #[must_use]
    pub fn idle_for(mut self, days: IdleDays) -> Self {
        self.session.idle_days = days;
        self
    }

    /// Stores the trusted device on which it begins.
    #[must_use]
    pub fn on(mut self, device: Option<DeviceId>) -> Self {
        self.session.device = device;
        self
    }

    /// Returns whether the person is notified of the client, because it is new.
    #[must_use]
    pub const fn is_new_client(&self) -> bool {
        self.is_new_client
    }

    /// Adds the session to a transaction, with the deletion of the sessions that it ends and an event that closes their sockets.
    /// The slot is refused if the account is not active, or its credentials have changed since they were checked.
    pub fn write(&self, tx: &mut Tx, sys: &Sys) -> Slot {
        self.create(tx, sys);
        if self.is_new_client {
            notify_of(tx, sys, self.session.user, Notice::NewSignIn, &self.client);
        }
        let unchanged = credentials_are(self.session.credentials);
        let mut used = Update::of(User::key_of(self.session.user)).set("used_at", self.session.created_at);
        let amr = &self.session.amr;
        let more = amr.iter().any(|m| matches!(m, Method::Otp | Method::Sms | Method::Pop | Method::Recovery));
        // A passkey alone does not prove that the new password is the owner's.
        if more && amr.contains(&Method::Pwd) {
            used = used.remove("reset_by_mail");
        }
        tx.update(used.when(field("status").eq(Status::Active).and(unchanged)))
    }

    /// Adds the session to the transaction that creates the account, with the deletion of the sessions that it ends and an event
    /// that closes their sockets, and records the client as known.
    pub fn create(&self, tx: &mut Tx, sys: &Sys) {
        for ended in &self.ended {
            tx.delete(ended.key());
        }
        self.ended.iter().map(|e| e.user).collect::<BTreeSet<_>>().into_iter().for_each(|user| end(tx, sys, user));
        tx.create(&self.session);
        known_network::record(tx, sys.now(), self.session.user, &self.contacts, &self.client);
        last_seen::record_sign_in(tx, self.session.user, self.session.created_at);
    }
}

/// Returns the condition that the credentials are unchanged. Items from before this attribute lack it.
pub(crate) fn credentials_are(known: u32) -> Cond {
    let same = field("credentials").eq(known);
    if known == 0 { same.or(field("credentials").absent()) } else { same }
}

/// Adds the event that closes the sockets of a person's ended sessions.
fn end(tx: &mut Tx, sys: &Sys, user: UserId) {
    Outbox::add(tx, sys, &SessionsEnded { user });
}

/// The result of using a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// The session continues.
    Alive {
        /// The session after the use.
        session: Box<Session>,
        /// The token to use next.
        refresh: RefreshToken,
    },
    /// A used token was used again, so there is a copy of it: the session was ended.
    Reused,
    /// The token is unknown, forged, or of a session that has ended. Nothing was changed.
    Invalid,
}

#[derive(Debug, PartialEq, Eq)]
enum Use {
    /// The current token: replace it.
    Rotate,
    /// The previous token, from a client that lost the reply, or another token of the same burst: return the current token again.
    Repeat,
    /// A token that a step-up has just replaced, possibly by another window of the same client: refuse it.
    Late,
    /// A used token: there is a copy of it.
    Replay,
    /// Not made by this server.
    Forged,
}

fn judge(session: &Session, token: &RefreshToken, key: &Secret, now: Time) -> Use {
    let is_current =
        |token: &RefreshToken| token.generation == session.generation && same(token.hash().as_bytes(), session.refresh_hash.as_bytes());
    let replaced_lately = |r: &Replaced| token.generation <= r.generation && now.since(r.at) <= LOST_REPLY;
    let is_previous = token.generation.saturating_add(1) == session.generation && now.since(session.last_used_at) <= LOST_REPLY;
    let in_burst = session.burst.is_some_and(|burst| burst.from <= token.generation && now.since(burst.at) <= LOST_REPLY);
    let leads_here = || token.descendant(key, session.generation).is_some_and(|current| is_current(&current));
    if !token.is_ours(key) {
        Use::Forged
    } else if is_current(token) {
        Use::Rotate
    } else if (is_previous || in_burst) && leads_here() {
        Use::Repeat
    } else if session.replaced.as_ref().is_some_and(replaced_lately) {
        Use::Late
    } else if token.generation < session.generation {
        Use::Replay
    } else {
        Use::Forged
    }
}

/// Uses a refresh token. Two requests: a read of the session with its user, and the conditional update. A third one records the first use
/// of a day. No request for a forged token.
///
/// # Errors
/// A [`Problem`] if the table does not work.
pub async fn refresh(table: &Table, sys: &Sys, key: &Secret, token: &RefreshToken, client: &Client) -> Result<Refreshed, Problem> {
    if !token.is_ours(key) {
        return Ok(Refreshed::Invalid);
    }
    let now = sys.now();
    let (session_key, user_key) = (Session::key_of(token.user, token.session), User::key_of(token.user));
    let mut batch = table.get_many(vec![session_key.clone(), user_key.clone()]).await?;
    let user = batch.take::<User>(&user_key)?.filter(|u| u.status == Status::Active);
    let found = batch.take::<Session>(&session_key)?.filter(|s| user.is_some_and(|user| s.is_good(&user, now)));
    let Some(mut session) = found else { return Ok(Refreshed::Invalid) };
    // The second attempt is for a request that lost a race: its token is now the previous one.
    for _ in 0..2 {
        match judge(&session, token, key, now) {
            Use::Forged | Use::Late => break,
            Use::Repeat => {
                let Some(refresh) = token.descendant(key, session.generation) else { break };
                return Ok(Refreshed::Alive { session: Box::new(session), refresh });
            }
            Use::Replay => {
                end_family(table, sys, &session).await?;
                return Ok(Refreshed::Reused);
            }
            Use::Rotate => {
                let successor = token.successor(key);
                match table.update(session.rotate(&successor, token, now, client)).await {
                    Ok(row) => {
                        note_use(table, &session, now).await;
                        return Ok(Refreshed::Alive { session: Box::new(row.decode()?), refresh: successor });
                    }
                    Err(WriteError::Refused(Some(row))) => session = row.decode()?,
                    Err(WriteError::Refused(None)) => break,
                    Err(WriteError::Store(e)) => return Err(e.into()),
                }
            }
        }
    }
    Ok(Refreshed::Invalid)
}

/// Records the first use of a day on the user item. Best effort, because the time is only compared with periods of months.
async fn note_use(table: &Table, before: &Session, now: Time) {
    if before.last_used_at.date() == now.date() {
        return;
    }
    let note = Update::of(User::key_of(before.user)).set("used_at", now).when(field("status").eq(Status::Active));
    if let Err(e) = table.update(note).await.refused_is_fine() {
        tracing::warn!(error = %e, "the use of an account could not be recorded");
    }
}

/// Returns the session of a refresh token, used or not. `None` for forged tokens.
///
/// # Errors
/// [`StoreError`]
pub async fn of_token(table: &Table, now: Time, key: &Secret, token: &RefreshToken) -> Result<Option<Session>, StoreError> {
    if !token.is_ours(key) {
        return Ok(None);
    }
    let session = table.get::<Session>(Session::key_of(token.user, token.session)).await?;
    Ok(session.filter(|s| judge(s, token, key, now) != Use::Forged))
}

async fn end_family(table: &Table, sys: &Sys, session: &Session) -> Result<(), Problem> {
    tracing::warn!(user.id = %session.user, session.id = %session.id, "a spent refresh token was used: the session ends");
    let mut tx = Tx::new();
    tx.delete_when(session.key(), Cond::Exists);
    // The notice names the client of the session. Who used the copy is unknown.
    let client = Client { user_agent: session.user_agent.clone(), ..Client::default() };
    notify_of(&mut tx, sys, session.user, Notice::SessionReused, &client);
    end(&mut tx, sys, session.user);
    // A refusal means that the session has already ended and the person was notified.
    Ok(table.commit(tx).await.refused_is_fine()?)
}

/// Returns all sessions of an account, in the order of their creation. At most about [`MAX`].
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<Session>, StoreError> {
    Ok(table.query::<Session>(Range::of(partition(user)).prefix("SESSION#")).await?.items)
}

/// Ends one session of an account at its owner's request, and closes its sockets. If it is the session of the request, the person is
/// recorded as signed out; otherwise the end is in the audit. Returns whether the session existed. One transaction.
///
/// # Errors
/// [`StoreError`]
pub async fn revoke(
    table: &Table,
    sys: &Sys,
    (audit, origin): (&Audit, &Origin),
    asking: &Session,
    session: SessionId,
) -> Result<bool, StoreError> {
    let (mut tx, user) = (Tx::new(), asking.user);
    tx.delete_when(Session::key_of(user, session), Cond::Exists);
    if session == asking.id {
        last_seen::record_sign_out(&mut tx, user, sys.now());
    } else {
        audit.add(&mut tx, &ended_by_owner(sys, origin, user, vec![session]));
    }
    end(&mut tx, sys, user);
    table.commit(tx).await.applied()
}

/// Returns the audit entry for sessions that their owner has ended.
fn ended_by_owner(sys: &Sys, origin: &Origin, user: UserId, sessions: Vec<SessionId>) -> AuditEntry {
    AuditEntry::of_own(sys, user, origin, Action::SessionsEnded).changed("sessions", sessions, ())
}

/// Ends the sessions of an account that `which` selects, at the request of its owner, and closes their sockets. It is in the audit. A
/// query, and a transaction if any is selected.
///
/// # Errors
/// A [`Problem`] if the table does not work.
pub async fn revoke_where(
    table: &Table,
    sys: &Sys,
    (audit, origin): (&Audit, &Origin),
    user: UserId,
    which: impl Fn(&Session) -> bool,
) -> Result<(), Problem> {
    let ended: Vec<Session> = list(table, user).await?.into_iter().filter(which).collect();
    // A transaction has at most a hundred writes. More than twenty sessions exist only briefly, after concurrent sign-ins.
    for some in ended.chunks(50) {
        let mut tx = Tx::new();
        for session in some {
            tx.delete(session.key());
        }
        audit.add(&mut tx, &ended_by_owner(sys, origin, user, some.iter().map(|session| session.id).collect()));
        end(&mut tx, sys, user);
        table.commit(tx).await?;
    }
    Ok(())
}

/// Adds to a transaction what every change of credentials does: all other sessions and all trusted devices become invalid, and their
/// sockets are closed. The session `keep`, which makes the change, stays valid. `record` is an update of the user item, which is extended.
/// Its slot is refused if a concurrent request has changed the credentials first.
pub fn renew_credentials(tx: &mut Tx, sys: &Sys, user: &User, record: Update, keep: Option<&Session>) -> Slot {
    let next = user.credentials.saturating_add(1);
    let active = field("status").eq(Status::Active);
    let slot = tx.update(record.set("credentials", next).add("version", 1).when(active.and(credentials_are(user.credentials))));
    if let Some(session) = keep {
        tx.update(Update::of(session.key()).set("credentials", next).when(Cond::Exists));
    }
    end(tx, sys, user.id);
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Secret {
        Secret::new("p8Jw2nQ7sT4vX9zB1dF6gH3kL5mN0rYc".to_owned())
    }

    fn contact() -> Contact {
        crate::identifier::Email::parse("ana@example.test").unwrap().into()
    }

    #[test]
    fn tokens_parse_back_and_made_up_ones_are_recognised() {
        let sys = Sys::real();
        let opening = Opening::first(&sys, &key(), sys.id(), contact(), vec![Method::Pwd], &Client::default());
        let token = RefreshToken::parse(&opening.refresh.reveal()).unwrap();
        assert_eq!(judge(&opening.session, &token, &key(), sys.now()), Use::Rotate);
        let forged = RefreshToken { secret: Secret::new([7; 32]), ..token.clone() };
        assert_eq!(judge(&opening.session, &forged, &key(), sys.now()), Use::Forged);
        let ahead = RefreshToken { generation: 1, ..token.clone() };
        assert_eq!(judge(&opening.session, &ahead, &key(), sys.now()), Use::Forged);
        // A forged token that claims an old generation is recognised without computing all generations since.
        let old = Session { generation: 4000, ..opening.session };
        let made_up = RefreshToken { tag: [7; TAG], ..token.clone() };
        assert_eq!(judge(&old, &made_up, &key(), sys.now()), Use::Forged);
        assert_eq!(judge(&old, &token, &key(), sys.now() + LOST_REPLY * 2), Use::Replay);
    }

    /// Clients hold tokens for weeks: the format of tokens and their successors must stay compatible.
    #[test]
    fn tokens_and_their_successors_keep_their_format() {
        let text = "rft_AZp-wl-I2PRsBrHsirFRtgGafsJfiNj0bAax7IqxUbcAAAADBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwf46O6OZDzal1J730Lnq475";
        let token = RefreshToken::parse(text).unwrap();
        assert_eq!((token.user.to_string().as_str(), token.generation), ("usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP", 3));
        assert!(token.is_ours(&key()) && token.reveal() == text);
        let next = "rft_AZp-wl-I2PRsBrHsirFRtgGafsJfiNj0bAax7IqxUbcAAAAEXEbaaETDP6p3QOUngnD55Tebn4tqwPgn8y4FiFVRQByLaHnBiyZtnQOzb3nhi95x";
        assert_eq!(token.successor(&key()).reveal(), next);
    }

    #[test]
    fn the_previous_token_is_valid_for_ten_seconds_and_then_counts_as_reused() {
        let sys = Sys::real();
        let Opening { mut session, refresh: first, .. } =
            Opening::first(&sys, &key(), sys.id(), contact(), vec![Method::Pwd], &Client::default());
        let now = sys.now();
        let rotate = |session: &mut Session, token: &RefreshToken| {
            let next = token.successor(&key());
            session.burst = Some(session.burst_with(token.generation, now));
            session.generation = next.generation;
            session.refresh_hash = next.hash();
            session.last_used_at = now;
            next
        };
        let second = rotate(&mut session, &first);
        assert_eq!(judge(&session, &second, &key(), now), Use::Rotate);
        assert_eq!(judge(&session, &first, &key(), now + LOST_REPLY), Use::Repeat);
        assert_eq!(judge(&session, &first, &key(), now + LOST_REPLY + Duration::from_millis(1)), Use::Replay);
        let third = rotate(&mut session, &second);
        assert_eq!(judge(&session, &third, &key(), now), Use::Rotate);
        // Tabs that share a token refresh at once: the slowest of them still gets the current one.
        for token in [&first, &second] {
            assert_eq!(judge(&session, token, &key(), now + LOST_REPLY), Use::Repeat);
            assert_eq!(judge(&session, token, &key(), now + LOST_REPLY + Duration::from_millis(1)), Use::Replay);
        }
        // A token from before the burst is a copy.
        let later = now + LOST_REPLY * 2;
        session.burst = Some(session.burst_with(third.generation, later));
        session.last_used_at = later;
        let fourth = third.successor(&key());
        (session.generation, session.refresh_hash) = (fourth.generation, fourth.hash());
        assert_eq!(judge(&session, &third, &key(), later), Use::Repeat);
        for copy in [&first, &second] {
            assert_eq!(judge(&session, copy, &key(), later), Use::Replay);
        }
    }

    #[test]
    fn a_token_that_a_step_up_replaced_is_refused_and_later_counts_as_reused() {
        let sys = Sys::real();
        let Opening { session, refresh: first, .. } =
            Opening::first(&sys, &key(), sys.id(), contact(), vec![Method::Pwd], &Client::default());
        let before = first.successor(&key());
        let session = Session { generation: 1, refresh_hash: before.hash(), ..session };
        let (session, after, _) = session.step_up(&mut Tx::new(), &sys, &key(), vec![Method::Otp]);
        let at = session.auth_time;
        assert_eq!(judge(&session, &after, &key(), at), Use::Rotate);
        for copy in [&first, &before] {
            assert_eq!(judge(&session, copy, &key(), at + LOST_REPLY), Use::Late);
            assert_eq!(judge(&session, copy, &key(), at + LOST_REPLY + Duration::from_millis(1)), Use::Replay);
        }
        let guess = RefreshToken { generation: after.generation, ..before };
        assert_eq!(judge(&session, &guess, &key(), at), Use::Forged);
    }

    #[test]
    fn a_session_keeps_the_days_that_it_began_with() {
        let read = |days: &str| {
            let env: kernel::Env = [("SESSION_IDLE_DAYS".to_owned(), days.to_owned())].into_iter().collect();
            env.read(IdleDays::read).map(|days| days.0).map_err(|e| e.to_string())
        };
        assert_eq!(["", "1", "30"].map(read), [Ok(14), Ok(1), Ok(30)]);
        for wrong in ["0", "31", "-1", "1.5", "a week"] {
            assert!(read(wrong).is_err_and(|error| error.contains("SESSION_IDLE_DAYS")), "{wrong}");
        }
        let sys = Sys::real();
        let opening = Opening::first(&sys, &key(), sys.id(), contact(), vec![Method::Pwd], &Client::default());
        let began = opening.session.created_at;
        assert_eq!(opening.session.ends_at(), began + Duration::from_secs(14 * 24 * 3600));
        let stored = serde_json::to_string(&opening.idle_for(IdleDays(3)).session).unwrap();
        let session: Session = serde_json::from_str(&stored).unwrap();
        assert_eq!(session.ends_at(), began + Duration::from_secs(3 * 24 * 3600));
        assert_eq!(Session { last_used_at: began + ABSOLUTE, ..session }.ends_at(), began + ABSOLUTE);
    }

    #[test]
    fn the_least_recently_used_sessions_are_replaced() {
        let (sys, client) = (Sys::real(), Client::default());
        let user = sys.id();
        let others: Vec<Session> = (0..21_i64)
            .map(|n| Session {
                last_used_at: Time::from_millis(n),
                ..Opening::first(&sys, &key(), user, contact(), vec![], &client).session
            })
            .collect();
        let oldest: Vec<SessionId> = others[..2].iter().rev().map(|s| s.id).collect();
        let again = others[0].clone();
        let opening = Opening::first(&sys, &key(), user, contact(), vec![], &client).among(others, false).instead_of(Some(again));
        assert_eq!(opening.ended.iter().map(|s| s.id).collect::<Vec<_>>(), oldest, "none of them twice");
    }

    #[test]
    fn a_client_is_new_by_its_user_agent_or_its_network() {
        let sys = Sys::real();
        let user = sys.id();
        let client = |address: &str, name: &str| Client { address: address.parse().ok(), user_agent: name.to_owned(), place: None };
        let opening = |address: &str, name: &str| Opening::first(&sys, &key(), user, contact(), vec![], &client(address, name));
        let known = vec![opening("203.0.113.7", "a browser").session, opening("198.51.100.1", "an app").session];
        for (address, name, told) in [
            ("203.0.113.7", "a browser", false),
            ("203.0.113.200", "a browser", false),
            ("198.51.100.1", "a browser", false),
            ("192.0.2.1", "a browser", true),
            ("203.0.113.7", "another", true),
        ] {
            assert_eq!(opening(address, name).among(known.clone(), false).is_new_client, told, "{address} {name}");
            assert!(!opening(address, name).among(known.clone(), true).is_new_client);
        }
        assert!(opening("203.0.113.7", "a browser").among(Vec::new(), false).is_new_client);
        let before = Session { network: None, ..known[0].clone() };
        assert!(!opening("192.0.2.1", "a browser").among(vec![before], false).is_new_client);
        let expired = Session { created_at: Time::from_millis(0), ..known[0].clone() };
        assert!(opening("203.0.113.7", "a browser").among(vec![expired], false).is_new_client);
    }
}
