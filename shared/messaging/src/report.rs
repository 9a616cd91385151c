//! Reports of messages to the moderators.
//!
//! A reported message has one item with a copy of its text ([`Report`]), which outlives the message and its room. It does not contain the
//! reporters: each reporter has a separate item ([`ReportMade`]), so that nobody reports a message twice. Moderators see only the reason
//! and the note of it.

use std::time::Duration;

use accounts::user::partition;
use kernel::{
    Kind, Problem, Sys, Time,
    id::{MessageId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Index, Item, Key, Page, Personal, Range, Row, Slot, StoreError, Table, Tx, field,
    limits::{self, DAY, Quota},
};
use utoipa::ToSchema;

use crate::{
    log::{self, TRIES},
    message::{Content, Explanation, LogEntry, Said},
};

/// The limit on reports of an account.
pub const REPORTED: Quota = Quota::window("reports", 50, DAY, "reports of messages by an account");
/// How long a report is kept after its last change.
const KEPT: Duration = DAY.saturating_mul(365);

/// Why a message is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Advertising or repetitions.
    Spam,
    /// Insults, threats or stalking.
    Harassment,
    /// Contempt for a group of people.
    Hate,
    /// Sexual content.
    Sexual,
    /// Violence, or a call for it.
    Violence,
    /// Deception for money or data.
    Fraud,
    /// Anything else.
    Other,
}

impl ReportReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [Self::Spam, Self::Harassment, Self::Hate, Self::Sexual, Self::Violence, Self::Fraud, Self::Other];

    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Hate => "hate",
            Self::Sexual => "sexual",
            Self::Violence => "violence",
            Self::Fraud => "fraud",
            Self::Other => "other",
        }
    }
}

/// One person's report of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMade {
    /// The reporter.
    user: UserId,
    /// The room.
    pub room: RoomId,
    /// The message's number.
    pub seq: u64,
    /// Why.
    pub reason: ReportReason,
    /// What the reporter added.
    pub note: Option<Explanation>,
    /// When.
    pub at: Time,
    until: Time,
}

impl ReportMade {
    fn place(&self) -> Key {
        Key::new(of_message(self.room, self.seq), self.user.to_string())
    }
}

fn of_message(room: RoomId, seq: u64) -> String {
    format!("REPORTS_OF#{room}#{seq}")
}

impl Item for ReportMade {
    const KIND: &'static str = "report_made";
    const ABOUT: About = About::beside_user("REPORTED#{room}#{seq}", Personal::Exported(&["room", "seq", "reason", "note", "at"]))
        .indexed(Index::ReportsOfMessage, "REPORTS_OF#{room}#{seq}", "{user}")
        .expires();
    fn key(&self) -> Key {
        Key::new(partition(self.user), format!("REPORTED#{}#{}", self.room, self.seq))
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::ReportsOfMessage, self.place())]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// What the moderators have done about a reported message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportOutcome {
    /// The message breaks no rule.
    Dismissed,
    /// The message was deleted.
    MessageDeleted,
    /// The author was warned.
    AuthorWarned,
    /// The author was banned.
    AuthorBanned,
}

impl ReportOutcome {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dismissed => "dismissed",
            Self::MessageDeleted => "message_deleted",
            Self::AuthorWarned => "author_warned",
            Self::AuthorBanned => "author_banned",
        }
    }
}

kernel::audited_words!(ReportOutcome);

/// Whether a report waits for a moderator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// It waits for a moderator.
    Open,
    /// A moderator has resolved it. Another report of the message opens it again.
    Resolved,
}

impl ReportState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// The number of people who gave a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonCount {
    /// The reason.
    pub reason: ReportReason,
    /// The number of people.
    pub count: u32,
}

/// A reported message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The room.
    pub room: RoomId,
    /// The message's number.
    pub seq: u64,
    /// The id of the message.
    pub message: MessageId,
    /// The author.
    pub author: UserId,
    /// The author's username at that time.
    pub username: String,
    /// The text when it was reported, or when the report was last opened again.
    pub text: String,
    /// When it was reported, or opened again.
    pub at: Time,
    /// When the report last changed.
    pub changed_at: Time,
    /// The reasons, of all reporters.
    pub reasons: Vec<ReasonCount>,
    /// The state.
    pub state: ReportState,
    /// What was done, if it is resolved.
    pub outcome: Option<ReportOutcome>,
    /// Increased by every change.
    version: u64,
}

impl Report {
    /// Returns the key of the report of a message.
    #[must_use]
    pub fn key_of(room: RoomId, seq: u64) -> Key {
        Key::new(format!("REPORT#{room}#{seq}"), "REPORT")
    }

    /// Returns the report after one more person has reported the message. While the report is open, its copy of the text stays, so that an
    /// edit does not replace it.
    fn after(before: Option<&Self>, entry: &LogEntry, said: &Said, reason: ReportReason, now: Time) -> Self {
        let mut next = before.cloned().unwrap_or_else(|| Self {
            room: entry.room,
            seq: entry.seq,
            message: said.id,
            author: said.author,
            username: String::new(),
            text: String::new(),
            at: now,
            changed_at: now,
            reasons: Vec::new(),
            state: ReportState::Resolved,
            outcome: None,
            version: 0,
        });
        if next.state == ReportState::Resolved {
            next.username.clone_from(&said.username);
            next.text = said.text.to_string();
            (next.at, next.state, next.outcome) = (now, ReportState::Open, None);
        }
        match next.reasons.iter_mut().find(|counted| counted.reason == reason) {
            Some(counted) => counted.count = counted.count.saturating_add(1),
            None => next.reasons.push(ReasonCount { reason, count: 1 }),
        }
        Self { changed_at: now, version: next.version.saturating_add(1), ..next }
    }

    /// Checks that a moderator may see the notes of the reporters and decide: every moderator but the message's author. Reporters are
    /// promised that the author does not learn who they are, and their notes could reveal it. A moderator who has reported the message may
    /// decide, because the resolution only records what was done, and moderators can delete messages and ban people without a report too.
    ///
    /// # Errors
    /// [`Kind::Forbidden`]
    pub fn open_to(&self, moderator: UserId) -> Result<(), Problem> {
        if self.author == moderator {
            return Err(Kind::Forbidden.because("the reported message is the caller's own"));
        }
        Ok(())
    }

    /// Adds the resolution by a moderator to a transaction. Refused if the report has changed since it was read.
    ///
    /// # Errors
    /// The errors of [`Report::open_to`]; [`Kind::Conflict`] if it is resolved already.
    pub fn resolve(&self, tx: &mut Tx, moderator: UserId, outcome: ReportOutcome, now: Time) -> Result<Slot, Problem> {
        self.open_to(moderator)?;
        if self.state == ReportState::Resolved {
            return Err(Kind::Conflict.because("the report is already resolved"));
        }
        let version = self.version.saturating_add(1);
        let next = Self { state: ReportState::Resolved, outcome: Some(outcome), changed_at: now, version, ..self.clone() };
        Ok(tx.put(&next, field("version").eq(self.version)))
    }

    fn place(&self) -> Key {
        Key::new(in_state(self.state), format!("{:015}#{}#{}", self.at.millis().max(0), self.room, self.seq))
    }
}

fn in_state(state: ReportState) -> String {
    format!("REPORTS#{}", state.as_str())
}

fn about_author(author: UserId) -> String {
    format!("USER#{author}#REPORTS")
}

impl Item for Report {
    const KIND: &'static str = "report";
    const ABOUT: About = About::at("REPORT#{room}#{seq}", "REPORT", Personal::Withheld("only moderators see what others have reported"))
        .indexed(Index::ReportedMessages, "REPORTS#{state}", "{at}#{room}#{seq}")
        .indexed(Index::ReportsOfAuthor, "USER#{user}#REPORTS", "{room}#{seq}")
        .expires()
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.room, self.seq)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let of_author = Key::new(about_author(self.author), format!("{}#{}", self.room, self.seq));
        vec![(Index::ReportedMessages, self.place()), (Index::ReportsOfAuthor, of_author)]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.changed_at + KEPT)
    }
}

/// Reports a message. `entry` and `before` are the message and its report as read. No effect if the person has already reported it. A
/// counter and a transaction, and another one for each concurrent report of the same message.
///
/// # Errors
/// [`Kind::NotFound`] if there is no message under the number, [`Kind::Forbidden`] for one's own, [`Kind::TooManyRequests`] after
/// fifty reports in a day.
pub async fn make(
    table: &Table,
    sys: &Sys,
    reporter: UserId,
    entry: &LogEntry,
    mut before: Option<Report>,
    (reason, note): (ReportReason, Option<Explanation>),
) -> Result<(), Problem> {
    let Content::Said(said) = &entry.content else { return Err(Kind::NotFound.because("there is no message under this number")) };
    if said.author == reporter {
        return Err(Kind::Forbidden.because("the message is the reporter's own"));
    }
    let now = sys.now();
    limits::take(table, now, &[REPORTED.of(reporter)]).await?;
    let made = ReportMade { user: reporter, room: entry.room, seq: entry.seq, reason, note, at: now, until: now + KEPT };
    for tries in 0..TRIES {
        log::pause(sys, tries).await;
        let mut tx = Tx::new();
        let first = tx.put(&made, Cond::Absent.or(field("until").le(now)));
        let unchanged = before.as_ref().map_or(Cond::Absent, |report| field("version").eq(report.version));
        let counted = tx.put(&Report::after(before.as_ref(), entry, said, reason, now), unchanged);
        match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(r)) if r.at(first) => return Ok(()),
            Err(CommitError::Refused(r)) => before = r.current(counted).map(Row::decode).transpose()?,
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(log::busy())
}

/// Returns a page of reported messages, the oldest first, starting after `after`. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, state: ReportState, after: Option<(Time, RoomId, u64)>, limit: u32) -> Result<Page<Report>, StoreError> {
    let range = Range::of_index(Index::ReportedMessages, in_state(state)).limit(limit);
    let range = match after {
        Some((at, room, seq)) => {
            let place = Key::new(in_state(state), format!("{:015}#{room}#{seq}", at.millis().max(0)));
            range.after(Report::key_of(room, seq), Some(place))
        }
        None => range,
    };
    table.query(range).await
}

/// Returns what people gave as the reasons of their reports of one message, up to a hundred. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn made_about(table: &Table, room: RoomId, seq: u64) -> Result<Vec<ReportMade>, StoreError> {
    let mut made = table.query::<ReportMade>(Range::of_index(Index::ReportsOfMessage, of_message(room, seq)).limit(100)).await?.items;
    // The order of the index is that of the reporters' ids.
    made.sort_by_key(|report| report.at);
    Ok(made)
}

/// Deletes some of the reports of an author's messages. True if there are more.
///
/// # Errors
/// [`StoreError`]. May be repeated at any point.
pub(crate) async fn delete_about(table: &Table, author: UserId, limit: u32) -> Result<bool, StoreError> {
    let page = table.query_rows(Range::of_index(Index::ReportsOfAuthor, about_author(author)).limit(limit)).await?;
    table.delete_many(page.items.iter().filter_map(Row::key).collect()).await?;
    Ok(page.more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Text;

    fn said(sys: &Sys, text: &str) -> Said {
        let text = Text::parse(text).unwrap();
        Said {
            id: sys.id(),
            author: sys.id(),
            username: "ben".to_owned(),
            text,
            edited_at: None,
            reply_to: None,
            mentions: Vec::new(),
            attachments: Vec::new(),
        }
    }

    #[test]
    fn an_open_report_keeps_the_text_that_was_reported() {
        let sys = Sys::real();
        let now = sys.now();
        let (first, edited) = (said(&sys, "rude"), said(&sys, "polite"));
        let entry =
            |said: &Said| LogEntry { room: RoomId::NIL, seq: 3, at: now, content: Content::Said(said.clone()), via: None, changes: 0 };
        let one = Report::after(None, &entry(&first), &first, ReportReason::Hate, now);
        let two = Report::after(Some(&one), &entry(&edited), &edited, ReportReason::Hate, now);
        let two = Report::after(Some(&two), &entry(&edited), &edited, ReportReason::Spam, now);
        assert_eq!((two.text.as_str(), two.state, two.version), ("rude", ReportState::Open, 3));
        assert_eq!(two.reasons.iter().map(|r| r.count).collect::<Vec<_>>(), [2, 1]);
        let resolved = Report { state: ReportState::Resolved, outcome: Some(ReportOutcome::Dismissed), ..two };
        let again = Report::after(Some(&resolved), &entry(&edited), &edited, ReportReason::Spam, now);
        assert_eq!((again.text.as_str(), again.state, again.outcome), ("polite", ReportState::Open, None));
        assert_ne!(again.place(), resolved.place());
        let decide = |report: &Report, who: UserId| {
            report.resolve(&mut Tx::new(), who, ReportOutcome::Dismissed, now).map(drop).map_err(|problem| problem.kind)
        };
        let moderator: UserId = sys.id();
        assert_eq!(decide(&resolved, moderator), Err(Kind::Conflict));
        assert_eq!((decide(&again, moderator), decide(&again, again.author)), (Ok(()), Err(Kind::Forbidden)));
    }
}
