//! Bans from chat: by the limit of messages or by a moderator, with a reason, and with an end or without.
//!
//! A person has one ban at a time. It is part of their [`ChatState`], which every frame, every send and every new socket is judged by,
//! so that a ban holds from the transaction that imposes it. A ban with an end is over when the clock says so, without a write; what
//! is left of it is removed with the next message.
//!
//! Who imposes a ban closes the sockets of the person. The event [`ChatBanned`] does it again, in case
//! that process was killed in between.

use std::time::Duration;

use accounts::{audit::AuditEntry, staff, user::notify};
use events::{Notice, Outbox, rooms::ChatBanned};
use kernel::{FieldError, Kind, Locale, Problem, Sys, Time, Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use store::{Cond, Conditional as _, Index, Key, Page, Range, Slot, StoreError, Table, Tx, Update, field};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use crate::{
    Sockets,
    connection::{self, CloseError},
    frame,
    message::Explanation,
    report::ReportReason,
    spam::ChatState,
};

/// The longest ban that has an end, in minutes: a year.
pub const MINUTES_MOST: u32 = 366 * 24 * 60;

/// The end of a ban that lasts so many minutes.
///
/// # Errors
/// `range`
pub fn ends_after(minutes: u32, now: Time) -> Result<Time, FieldError> {
    match minutes {
        1..=MINUTES_MOST => Ok(now + Duration::from_secs(u64::from(minutes).saturating_mul(60))),
        _ => Err(FieldError::new("range").with("min", 1).with("max", MINUTES_MOST)),
    }
}

/// Why somebody is banned from chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BanReason {
    /// Too many messages within a minute. Only the server bans for that.
    Rate,
    /// What somebody has written.
    #[serde(untagged)]
    Conduct(ReportReason),
}

impl BanReason {
    /// Its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Conduct(reason) => reason.as_str(),
        }
    }
}

impl ToSchema for BanReason {}

/// One list of names, for the API's document.
impl PartialSchema for BanReason {
    fn schema() -> RefOr<Schema> {
        let names = [Self::Rate].into_iter().chain(ReportReason::ALL.map(Self::Conduct)).map(Self::as_str);
        let text = ObjectBuilder::new().schema_type(Type::String).description(Some("Why somebody is banned from chat."));
        text.enum_values(Some(names)).into()
    }
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Since when.
    pub at: Time,
    /// Its end. `None` if it has none.
    pub until: Option<Time>,
    /// Why.
    pub reason: BanReason,
    /// What the moderator tells the person about it.
    pub explanation: Option<Explanation>,
    /// The moderator. `None` for a ban by the server, or if the moderator's account was deleted.
    pub by: Option<UserId>,
}

impl Ban {
    /// A ban for too many messages.
    #[must_use]
    pub const fn for_rate(now: Time) -> Self {
        Self { at: now, until: None, reason: BanReason::Rate, explanation: None, by: None }
    }

    /// The problem of everything that the person may not do.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, now: Time) -> Problem {
        let problem = Kind::ChatBanned.because("the person is banned from chat").with("reason", self.reason.as_str());
        explained(problem, self.explanation.as_ref(), self.until, now)
    }
}

/// Adds to the problem of a ban what is said about it, and when it ends.
pub(crate) fn explained(mut problem: Problem, explanation: Option<&Explanation>, until: Option<Time>, now: Time) -> Problem {
    if let Some(explanation) = explanation {
        problem = problem.with("explanation", explanation.to_string());
    }
    if let Some(until) = until {
        let ends_at = serde_json::to_value(Timestamp::from(until)).unwrap_or_default();
        problem = problem.with("ends_at", ends_at).retry_after(until.since(now));
    }
    problem
}

/// The condition that a person is not banned.
#[must_use]
pub fn is_over(now: Time) -> Cond {
    field("banned_at").absent().or(field("banned_until").le(now))
}

/// The update that makes this the person's ban.
pub(crate) fn imposed(user: UserId, ban: &Ban) -> Update {
    let Ban { at, until, reason, explanation, by } = ban;
    let update = Update::upsert::<ChatState>(ChatState::key_of(user)).set("user", user);
    let update = update.set("banned_at", at).set("banned_until", until).set("ban_reason", reason).set("ban_text", explanation);
    let update = update.set("banned_by", by).index(Index::CurrentBans, Some(Key::new(BANS, place(user, *until))));
    update.index(Index::BansByAuthor, by.map(|by| Key::new(by_author(by), user.to_string())))
}

/// Adds to an update that there is no ban any more.
pub(crate) fn lifted(update: Update) -> Update {
    let update = update.remove("banned_at").remove("banned_until").remove("ban_reason").remove("ban_text").remove("banned_by");
    update.index(Index::CurrentBans, None).index(Index::BansByAuthor, None)
}

/// Adds a ban to a transaction, in place of the one that was read, if there was one. Refused if that has changed.
fn impose(tx: &mut Tx, user: UserId, ban: &Ban, read: &ChatState) -> Slot {
    tx.update(imposed(user, ban).when(unchanged(read)))
}

/// Adds the end of a person's ban to a transaction. Refused if the ban is another one than the one that was read.
fn lift(tx: &mut Tx, user: UserId, read: &ChatState) -> Slot {
    tx.update(lifted(Update::of(ChatState::key_of(user))).when(unchanged(read)))
}

/// Adds to a transaction that staff ban somebody from chat, in place of the ban that was read, if there was one. An event closes what
/// stays open.
pub fn by_staff(tx: &mut Tx, sys: &Sys, user: UserId, ban: &Ban, read: &ChatState) -> StaffBan {
    let same = impose(tx, user, ban, read);
    let ordinary = staff::require_none(tx, user);
    Outbox::add(tx, sys, &ChatBanned { user });
    StaffBan { same, ordinary }
}

/// The slots of [`by_staff`].
#[derive(Clone, Copy, Debug)]
pub struct StaffBan {
    /// Refused if the ban has changed in the meantime.
    pub same: Slot,
    /// Refused if the person has a role.
    pub ordinary: Slot,
}

/// Adds to a transaction that staff end a ban before its time, and that the person is told. Refused if the ban has changed.
pub fn end(tx: &mut Tx, sys: &Sys, user: UserId, read: &ChatState) -> Slot {
    let same = lift(tx, user, read);
    notify(tx, sys, user, Notice::ChatUnbanned);
    same
}

/// An entry of the audit with a ban that takes the place of another one, or of none, or that is ended.
#[must_use]
pub fn audited(entry: AuditEntry, before: Option<&Ban>, after: Option<&Ban>) -> AuditEntry {
    let entry = entry.changed("reason", before.map(|ban| ban.reason), after.map(|ban| ban.reason));
    entry.changed("ends_at", before.and_then(|ban| ban.until), after.and_then(|ban| ban.until))
}

fn unchanged(read: &ChatState) -> Cond {
    read.banned_at.map_or_else(|| field("banned_at").absent(), |at| field("banned_at").eq(at))
}

/// Closes every socket of a banned person, after a frame that says why and until when. A read; a frame and a close for each socket; a
/// transaction.
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn close(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId, ban: &Ban, locale: Locale) -> Result<(), CloseError> {
    let told = frame::error("chat", None, &ban.problem(sys.now()), locale, "");
    connection::close_all(table, sys, sockets, user, Some(told)).await
}

/// Closes what is still open of a person who was banned. No effect if the ban is over. A batch read, and those of [`close`].
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn enforce(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Result<(), CloseError> {
    let (chat, person) = (ChatState::key_of(user), accounts::user::User::key_of(user));
    let mut found = table.get_many(vec![chat.clone(), person.clone()]).await?;
    let Some(ban) = found.take::<ChatState>(&chat)?.and_then(|chat| chat.ban(sys.now())) else { return Ok(()) };
    let locale = found.take::<accounts::user::User>(&person)?.map(|user| user.locale).unwrap_or_default();
    close(table, sys, sockets, user, &ban, locale).await
}

/// The partition of the index of bans.
const BANS: &str = "CHAT_BANS";
/// Sorts after every moment.
const NEVER: &str = "~";

/// Bans are in the order of their ends. Those without an end come last.
fn place(user: UserId, until: Option<Time>) -> String {
    format!("{}#{user}", until.map_or_else(|| NEVER.to_owned(), moment))
}

fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// The index partition of the bans that a moderator has imposed.
fn by_author(user: UserId) -> String {
    format!("USER#{user}#BANS")
}

/// A page of the bans that are not over, in the order of their ends, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, now: Time, after: Option<(UserId, Option<Time>)>, limit: u32) -> Result<Page<ChatState>, StoreError> {
    // The first moment at which a ban that ends then is not over.
    let first = moment(Time::from_millis(now.millis().saturating_add(1)));
    let range = Range::of_index(Index::CurrentBans, BANS).between(first, format!("{NEVER}{NEVER}")).limit(limit);
    let range = match after {
        Some((user, until)) => range.after(ChatState::key_of(user), Some(Key::new(BANS, place(user, until)))),
        None => range,
    };
    table.query(range).await
}

/// Removes a moderator from some of the bans that they have imposed. True if there are more.
///
/// # Errors
/// [`StoreError`]. May be repeated at any point.
pub(crate) async fn forget_author(table: &Table, author: UserId, limit: u32) -> Result<bool, StoreError> {
    let page = table.query_rows(Range::of_index(Index::BansByAuthor, by_author(author)).limit(limit)).await?;
    for key in page.items.iter().filter_map(store::Row::key) {
        let forget = Update::of(key).remove("banned_by").index(Index::BansByAuthor, None);
        table.update(forget.when(field("banned_by").eq(author))).await.refused_is_fine()?;
    }
    Ok(page.more)
}

kernel::audited_words!(BanReason);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn a_ban_says_why_and_until_when() {
        let until = NOW + Duration::from_secs(90);
        let ban = Ban { until: Some(until), reason: BanReason::Conduct(ReportReason::Hate), ..Ban::for_rate(NOW) };
        let problem = ban.problem(NOW);
        assert_eq!((problem.kind, problem.retry_after), (Kind::ChatBanned, Some(90)));
        assert_eq!(problem.members["reason"], "hate");
        assert!(problem.members["ends_at"].is_string() && !problem.members.contains_key("explanation"));
        let forever = Ban::for_rate(NOW).problem(NOW);
        assert_eq!((forever.retry_after, forever.members.contains_key("ends_at")), (None, false));
    }

    #[test]
    fn a_reason_has_one_name() {
        for reason in [BanReason::Rate].into_iter().chain(ReportReason::ALL.map(BanReason::Conduct)) {
            let name = serde_json::to_value(reason).unwrap();
            assert_eq!(name, reason.as_str());
            assert_eq!(serde_json::from_value::<BanReason>(name).unwrap(), reason);
        }
    }

    #[test]
    fn bans_without_an_end_come_last() {
        let user = Sys::real().id();
        let mut places = [place(user, None), place(user, Some(NOW)), place(user, Some(NOW + Duration::from_secs(1)))];
        places.sort();
        assert_eq!(places.last(), Some(&place(user, None)));
    }
}
