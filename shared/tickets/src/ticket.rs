//! A ticket and its states.
//!
//! `open`: the team has to do something. `waiting`: the team has answered. `snoozed`: nothing has to be done until a given time. `done`:
//! nothing has to be done, and it has no assignee.

use std::time::Duration;

use accounts::{
    identifier::Email,
    statistics::Day,
    user::{owned, owned_partition},
};
use kernel::{
    Locale, Time,
    conversation::ThreadState,
    id::{TicketId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Index, Item, Key, Page, Personal, Range, Row, Slot, StoreError, Table, Tx, field};

use crate::message::{PREFIX, TicketMessage, partition};

/// The maximum number of characters of the sender's name.
pub const NAME_MAX: usize = 100;
/// How long a ticket is kept after it was written, with its messages.
pub(crate) const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The most tickets of an account that are listed at once, and the items that are read for that.
const TICKETS_OF_ACCOUNT: usize = 50;
const ROWS_OF_ACCOUNT: u32 = 200;

kernel::lines! {
    /// The name of the sender: 1 to 100 characters.
    SenderName 1 100;
}

/// A ticket. That of a guest has no account, so it goes after a year alone, also if its address is that of an account which is deleted:
/// nobody has proven that they wrote it, and there is no index of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The id, which is its number.
    pub id: TicketId,
    /// The account that wrote it, if somebody was signed in.
    pub user: Option<UserId>,
    /// The name that the sender gave.
    pub name: SenderName,
    /// The address for answers.
    pub email: Email,
    /// Whether that was the proven address of the account.
    pub proven: bool,
    /// The value of the subject.
    pub subject: String,
    /// The beginning of the first message.
    pub preview: String,
    /// The language that it was written in.
    pub locale: Locale,
    /// The state as it is stored: see [`Ticket::state_at`].
    pub state: ThreadState,
    /// Since when it is in this state.
    pub since: Time,
    /// The end of the snooze.
    pub snoozed_until: Option<Time>,
    /// The member of the team to whom it is assigned.
    pub assignee: Option<UserId>,
    /// The number of messages.
    pub messages: u32,
    /// When it was written.
    pub created_at: Time,
    /// The time until which it is kept.
    pub until: Time,
    /// Increased by every change.
    pub version: u64,
}

impl Ticket {
    /// Returns the key of a ticket.
    #[must_use]
    pub fn key_of(id: TicketId) -> Key {
        Key::new(partition(id), "CONTACT_TICKET")
    }

    /// Returns the state at this time: see [`ThreadState::at`].
    #[must_use]
    pub fn state_at(&self, now: Time) -> ThreadState {
        self.state.at(self.snoozed_until, now)
    }

    /// Returns whether it is still kept.
    #[must_use]
    pub fn is_kept(&self, now: Time) -> bool {
        self.until > now
    }

    /// Returns the ticket in another state. A ticket that is done has no assignee.
    #[must_use]
    pub fn in_state(&self, state: ThreadState, snoozed_until: Option<Time>, now: Time) -> Self {
        let assignee = self.assignee.filter(|_| state != ThreadState::Done);
        Self { state, since: now, snoozed_until, assignee, version: self.version.saturating_add(1), ..self.clone() }
    }

    /// Returns the ticket with another assignee, or none.
    #[must_use]
    pub fn given_to(&self, assignee: Option<UserId>) -> Self {
        Self { assignee, version: self.version.saturating_add(1), ..self.clone() }
    }

    /// Returns the condition that the ticket has not changed since it was read.
    pub(crate) fn is_current(&self) -> Cond {
        field("version").eq(self.version)
    }

    /// Adds the change of the ticket to `next` to a transaction. Refused if the ticket has changed since it was read.
    pub fn replace(&self, tx: &mut Tx, next: &Self) -> Slot {
        tx.put(next, self.is_current())
    }

    /// Returns the place among the tickets in the same state: by when they came into it, and of snoozed ones by the end of the snooze.
    fn place(&self) -> Key {
        Key::new(in_state(self.state), format!("{}#{}", moment(self.snoozed_until.unwrap_or(self.since)), self.id))
    }
}

impl Item for Ticket {
    const KIND: &'static str = "contact_ticket";
    const ABOUT: About = About::at(
        "CONTACT#{ticket}",
        "CONTACT_TICKET",
        Personal::Exported(&["id", "name", "email", "proven", "subject", "locale", "state", "created_at"]),
    )
    .owned()
    .indexed(Index::TicketsByState, "CONTACT_TICKETS#{state}", "{at}#{ticket}")
    .expires()
    .removed_by("contact");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let owner = self.user.map(|user| (Index::Owner, owned(user, &self.key())));
        [(Index::TicketsByState, self.place())].into_iter().chain(owner).collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Returns the partition of the index with all tickets in a state.
pub(crate) fn in_state(state: ThreadState) -> String {
    format!("CONTACT_TICKETS#{}", state.as_str())
}

/// Returns a time as a part of a sort key. The keys sort as the times do.
pub(crate) fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// A position in a list of tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketPosition {
    ticket: TicketId,
    sort: String,
}

impl TicketPosition {
    /// Returns the position after a ticket.
    #[must_use]
    pub fn behind(ticket: &Ticket) -> Self {
        Self { ticket: ticket.id, sort: ticket.place().sort().to_owned() }
    }
}

/// The days on which tickets came into their state, or on which their snooze ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Days {
    /// The first one.
    pub from: Option<Day>,
    /// The last one.
    pub until: Option<Day>,
}

impl Days {
    /// Returns the lowest and the highest sort key of their tickets. `None` if the range is empty.
    fn places(self) -> Option<(String, String)> {
        let low = self.from.map_or_else(|| "0".to_owned(), |day| moment(day.begins()));
        let high = self.until.map_or_else(|| "~".to_owned(), |day| moment(day.ends()));
        (low < high).then_some((low, high))
    }
}

/// Returns a page of the tickets in a state since one of these days, after this place. Of open and snoozed ones the first is the one that
/// waits longest or ends first, of others the one that came last. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn list(
    table: &Table,
    state: ThreadState,
    days: Days,
    after: Option<&TicketPosition>,
    limit: u32,
) -> Result<Page<Ticket>, StoreError> {
    let Some((low, high)) = days.places() else { return Ok(Page { items: Vec::new(), more: false }) };
    let range = Range::of_index(Index::TicketsByState, in_state(state)).between(low, high).limit(limit);
    let range = match state {
        ThreadState::Open | ThreadState::Snoozed => range,
        ThreadState::Waiting | ThreadState::Done => range.newest_first(),
    };
    let range = match after {
        Some(TicketPosition { ticket, sort }) => range.after(Ticket::key_of(*ticket), Some(Key::new(in_state(state), sort.as_str()))),
        None => range,
    };
    table.query(range).await
}

/// A search in tickets: words, or parts of words, in the name, the address or the beginning of the message. All of them have to occur, in
/// upper or lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Parses what somebody typed. `None` if there is no word in it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        Some(Self(words)).filter(|words| !words.0.is_empty())
    }

    /// Returns whether they are in a ticket.
    #[must_use]
    pub fn find(&self, ticket: &Ticket) -> bool {
        let text = format!("{}\n{}\n{}", ticket.name, ticket.email, ticket.preview).to_lowercase();
        self.0.iter().all(|word| text.contains(word))
    }
}

/// Returns the latest tickets that an account has written, in every state: at most fifty. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn of_account(table: &Table, user: UserId) -> Result<Vec<Ticket>, StoreError> {
    // The messages of the tickets are in the same list.
    let theirs = Range::of_index(Index::Owner, owned_partition(user)).prefix(PREFIX).newest_first().limit(ROWS_OF_ACCOUNT);
    let tickets = table.query_rows(theirs).await?.items.into_iter().filter(Row::is::<Ticket>);
    tickets.take(TICKETS_OF_ACCOUNT).map(Row::decode).collect()
}

/// Returns a ticket with its messages in their order. One query. `None` if there is no such ticket, or if it is not kept any more.
///
/// # Errors
/// [`StoreError`]
pub async fn read(table: &Table, now: Time, id: TicketId) -> Result<Option<(Ticket, Vec<TicketMessage>)>, StoreError> {
    let rows = table.query_rows(Range::of(partition(id))).await?.items;
    let (tickets, messages): (Vec<_>, Vec<_>) = rows.into_iter().partition(Row::is::<Ticket>);
    let ticket = tickets.into_iter().next().map(Row::decode::<Ticket>).transpose()?.filter(|ticket| ticket.is_kept(now));
    let messages = messages.into_iter().map(Row::decode::<TicketMessage>).collect::<Result<_, _>>()?;
    Ok(ticket.map(|ticket| (ticket, messages)))
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn words_are_found_in_parts_and_in_any_case() {
        let ticket = ticket();
        for (typed, found) in [("ana", true), ("HELL", true), (" example.test  ana ", true), ("ana bye", false), ("other", false)] {
            assert_eq!(Words::parse(typed).unwrap().find(&ticket), found, "{typed}");
        }
        assert_eq!(Words::parse(" \t"), None);
    }

    const NOW: Time = Time::from_millis(1_893_499_200_000);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn ticket() -> Ticket {
        let sys = Sys::real();
        Ticket {
            id: sys.id(),
            user: None,
            name: SenderName::parse("Ana").unwrap(),
            email: Email::parse("ana@example.test").unwrap(),
            proven: false,
            subject: "other".to_owned(),
            preview: "Hello".to_owned(),
            locale: Locale::En,
            state: ThreadState::Open,
            since: NOW,
            snoozed_until: None,
            assignee: Some(sys.id()),
            messages: 1,
            created_at: NOW,
            until: NOW + KEPT,
            version: 1,
        }
    }

    #[test]
    fn a_snooze_ends_by_the_clock_and_nobody_has_what_is_done() {
        let end = NOW + Duration::from_secs(60);
        let snoozed = ticket().in_state(ThreadState::Snoozed, Some(end), NOW);
        assert_eq!((snoozed.state_at(NOW), snoozed.state_at(end)), (ThreadState::Snoozed, ThreadState::Open));
        assert!(snoozed.assignee.is_some() && snoozed.version == 2);
        let done = snoozed.in_state(ThreadState::Done, None, end);
        assert_eq!((done.assignee, done.snoozed_until, done.since, done.version), (None, None, end, 3));
        assert_ne!(done.place(), snoozed.place());
    }

    #[test]
    fn days_are_places_from_the_first_to_the_last() {
        let (today, place) = (Day::of(NOW), ticket().place().sort().to_owned());
        let on = |from, until| Days { from, until }.places().is_some_and(|(low, high)| (low..=high).contains(&place));
        let (yesterday, tomorrow) = (Day::of(NOW - DAY), Day::of(NOW + DAY));
        assert!(on(None, None) && on(Some(today), Some(today)) && on(Some(yesterday), None) && on(None, Some(tomorrow)));
        assert!(!on(Some(tomorrow), None) && !on(None, Some(yesterday)) && !on(Some(tomorrow), Some(yesterday)));
        let next = Ticket { since: today.ends(), ..ticket() }.place().sort().to_owned();
        assert!(Days { from: None, until: Some(today) }.places().is_some_and(|(_, high)| high < next), "the first moment after it");
    }

    #[test]
    fn a_ticket_is_kept_for_a_year() {
        let ticket = ticket();
        assert!(ticket.is_kept(NOW) && !ticket.is_kept(NOW + KEPT));
        assert_eq!(ticket.expires(), Some(NOW + KEPT));
    }

    #[test]
    fn the_limit_of_a_name_is_that_of_the_form() {
        assert!(SenderName::parse(&"ż".repeat(NAME_MAX)).is_ok() && SenderName::parse(&"ż".repeat(NAME_MAX + 1)).is_err());
        assert!(SenderName::parse("Ana\r\nBcc: eve@example.test").is_err());
    }
}
