//! Imposing and ending bans from chat, and the list of current bans.
//!
//! The code that imposes a ban closes the person's sockets. A consumer of the event [`ChatBanned`] does it again, in case the process ended
//! in between.

use accounts::{
    staff,
    user::{User, notify},
};
use events::{Notice, Outbox, rooms::ChatBanned};
use kernel::{Locale, Sys, Time, id::UserId};
use store::{Cond, Conditional as _, Index, Key, Page, Range, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    Sockets,
    ban::{Ban, lifted},
    connection::{self, CloseError},
    frame,
    spam::ChatState,
};

/// The partition of the index of bans.
const BANS: &str = "CHAT_BANS";
/// A sort key after every time.
const NEVER: &str = "~";

/// Returns the update that imposes a ban.
pub(crate) fn imposed(user: UserId, ban: &Ban) -> Update {
    let Ban { at, until, reason, explanation, by } = ban;
    let update = Update::upsert::<ChatState>(ChatState::key_of(user)).set("user", user);
    let update = update.set("banned_at", at).set("banned_until", until).set("ban_reason", reason).set("ban_text", explanation);
    let update = update.set("banned_by", by).index(Index::CurrentBans, Some(Key::new(BANS, place(user, *until))));
    update.index(Index::BansByAuthor, by.map(|by| Key::new(by_author(by), user.to_string())))
}

/// Adds a ban to a transaction, in place of the one that was read, if any. Refused if the ban has changed since then.
fn impose(tx: &mut Tx, user: UserId, ban: &Ban, read: &ChatState) -> Slot {
    tx.update(imposed(user, ban).when(unchanged(read)))
}

/// Adds the end of a person's ban to a transaction. Refused if the ban has changed since it was read.
fn lift(tx: &mut Tx, user: UserId, read: &ChatState) -> Slot {
    tx.update(lifted(Update::of(ChatState::key_of(user))).when(unchanged(read)))
}

/// Adds a ban by staff to a transaction, in place of the ban that was read, if any, and the event that closes the person's sockets.
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

/// Adds the end of a ban by staff to a transaction, and a notice to the person. Refused if the ban has changed.
pub fn end(tx: &mut Tx, sys: &Sys, user: UserId, read: &ChatState) -> Slot {
    let same = lift(tx, user, read);
    notify(tx, sys, user, Notice::ChatUnbanned);
    same
}

fn unchanged(read: &ChatState) -> Cond {
    read.banned_at.map_or_else(|| field("banned_at").absent(), |at| field("banned_at").eq(at))
}

/// Closes every socket of a banned person, after a frame with the reason and the end of the ban. A read; a frame and a close for each
/// socket; a transaction.
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn close(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId, ban: &Ban, locale: Locale) -> Result<(), CloseError> {
    let last = frame::error("chat", None, &ban.problem(sys.now()), locale, "");
    connection::close_all(table, sys, sockets, user, Some(last)).await
}

/// Closes the remaining sockets of a banned person. No effect if the ban is over. A batch read, and the requests of [`close`].
///
/// # Errors
/// [`CloseError`]. May be repeated at any point.
pub async fn enforce(table: &Table, sys: &Sys, sockets: &Sockets, user: UserId) -> Result<(), CloseError> {
    let (chat, person) = (ChatState::key_of(user), User::key_of(user));
    let mut found = table.get_many(vec![chat.clone(), person.clone()]).await?;
    let Some(ban) = found.take::<ChatState>(&chat)?.and_then(|chat| chat.ban(sys.now())) else { return Ok(()) };
    let locale = found.take::<User>(&person)?.map(|user| user.locale).unwrap_or_default();
    close(table, sys, sockets, user, &ban, locale).await
}

/// Bans are sorted by their end. Bans without an end come last.
fn place(user: UserId, until: Option<Time>) -> String {
    format!("{}#{user}", until.map_or_else(|| NEVER.to_owned(), moment))
}

fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// Returns the index partition of the bans that a moderator has imposed.
fn by_author(user: UserId) -> String {
    format!("USER#{user}#BANS")
}

/// Returns a page of the current bans, in the order of their ends, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, now: Time, after: Option<(UserId, Option<Time>)>, limit: u32) -> Result<Page<ChatState>, StoreError> {
    // The end of a ban is exclusive, so the first current ban ends one millisecond from now.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn bans_without_an_end_come_last() {
        let user = Sys::real().id();
        let mut places = [place(user, None), place(user, Some(NOW)), place(user, Some(NOW + Duration::from_secs(1)))];
        places.sort();
        assert_eq!(places.last(), Some(&place(user, None)));
    }
}
