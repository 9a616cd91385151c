//! The attributes of a support thread, and its states.
//!
//! `open`: the team has to do something. `waiting`: the team has answered. `snoozed`: nothing has to be done until a given time. `done`:
//! nothing has to be done. A message of the customer opens the thread from every state.

use std::time::Duration;

use accounts::user::User;
use kernel::{
    Time,
    conversation::ThreadState,
    id::{NotificationId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{Cond, Index, Key, Update, field};

/// How long the team's answers are collected before the customer gets a mail about them.
pub const BURST: Duration = Duration::from_secs(120);

kernel::lines! {
    /// What a thread is about: 1 to 120 characters.
    Subject 1 120;
}

/// The side of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The customer.
    Customer,
    /// The team.
    Team,
}

/// The attributes of a support thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// The customer.
    pub customer: UserId,
    /// Their username when they wrote last.
    pub customer_name: String,
    /// What it is about.
    pub subject: Subject,
    /// The state as it is stored: see [`Desk::state_at`].
    pub state: ThreadState,
    /// The end of the snooze.
    #[serde(default)]
    pub snoozed_until: Option<Time>,
    /// The member of the team to whom it is assigned.
    #[serde(default)]
    pub assignee: Option<UserId>,
    /// Their username then.
    #[serde(default)]
    pub assignee_name: Option<String>,
    /// The number up to which the customer has read.
    #[serde(default)]
    pub customer_read: u64,
    /// The number up to which the team has read.
    #[serde(default)]
    pub team_read: u64,
    /// The number of the customer's last message.
    #[serde(default)]
    pub customer_seq: u64,
    /// The time of the customer's oldest unanswered message.
    #[serde(default)]
    pub asked_at: Option<Time>,
    /// When a mail about unread answers is due.
    #[serde(default)]
    pub mail_due: Option<Time>,
    /// The number of the first answer for that mail.
    #[serde(default)]
    pub mail_from: Option<u64>,
    /// The number up to which the customer's inbox covers the answers.
    #[serde(default)]
    pub noted_seq: u64,
    /// The last inbox entry about answers.
    #[serde(default)]
    pub noted_in: Option<NotificationId>,
}

/// A thread after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterMessage {
    /// The attributes after the message.
    pub desk: Desk,
    /// How long the customer waited for this message, if it is the first answer to their question.
    pub first_answer: Option<Duration>,
}

impl Desk {
    pub(crate) fn new(customer: &User, subject: Subject) -> Self {
        Self {
            customer: customer.id,
            customer_name: customer.username.to_string(),
            subject,
            state: ThreadState::Open,
            snoozed_until: None,
            assignee: None,
            assignee_name: None,
            customer_read: 0,
            team_read: 0,
            customer_seq: 0,
            asked_at: None,
            mail_due: None,
            mail_from: None,
            noted_seq: 0,
            noted_in: None,
        }
    }

    /// Returns the state at this time: see [`ThreadState::at`].
    #[must_use]
    pub fn state_at(&self, now: Time) -> ThreadState {
        self.state.at(self.snoozed_until, now)
    }

    /// Returns whether the customer has written something that nobody of the team has read.
    #[must_use]
    pub const fn is_unread(&self) -> bool {
        self.customer_seq > self.team_read
    }

    /// Returns the thread after a message with this number.
    #[must_use]
    pub fn after(&self, side: Side, author: &str, seq: u64, now: Time) -> AfterMessage {
        match side {
            Side::Customer => {
                // A message begins a thread, or reopens it after it was done.
                let new = self.customer_seq == 0 || self.state == ThreadState::Done;
                let asked_at = if new { Some(now) } else { self.asked_at };
                let desk = Self {
                    state: ThreadState::Open,
                    snoozed_until: None,
                    customer_seq: seq,
                    customer_name: author.to_owned(),
                    asked_at,
                    ..self.clone()
                };
                AfterMessage { desk, first_answer: None }
            }
            Side::Team => {
                let desk = Self {
                    state: ThreadState::Waiting,
                    snoozed_until: None,
                    asked_at: None,
                    mail_due: self.mail_due.or(Some(now + BURST)),
                    mail_from: self.mail_from.or(Some(seq)),
                    ..self.clone()
                };
                AfterMessage { desk, first_answer: self.asked_at.map(|asked| now.since(asked)) }
            }
        }
    }

    /// Returns the thread in another state. A thread that is done has no assignee.
    #[must_use]
    pub fn in_state(&self, state: ThreadState, snoozed_until: Option<Time>) -> Self {
        let kept = state != ThreadState::Done;
        let (assignee, assignee_name) = (self.assignee.filter(|_| kept), self.assignee_name.clone().filter(|_| kept));
        Self { state, snoozed_until, assignee, assignee_name, ..self.clone() }
    }

    /// Adds what changes with the state to an update of the room, whose last number was taken at `latest_at`.
    pub(crate) fn write_state(&self, update: Update, room: RoomId, latest_at: Time) -> Update {
        let place = Some(self.place(room, latest_at));
        let update = update.set("state", self.state).set("snoozed_until", self.snoozed_until).index(Index::SupportThreads, place);
        if self.state == ThreadState::Done { update.remove("assignee").remove("assignee_name") } else { update }
    }

    /// Adds what changes with a message of this side to the update of the room that takes its number. `before`: the thread as read.
    pub(crate) fn write_message(&self, side: Side, before: &Self, update: Update, room: RoomId, now: Time) -> Update {
        let update = self.write_state(update, room, now);
        match side {
            Side::Customer => {
                update.set("customer_name", &self.customer_name).set("customer_seq", self.customer_seq).set("asked_at", self.asked_at)
            }
            // Answers that were mailed in the meantime must not be mailed again.
            Side::Team => update
                .set("asked_at", self.asked_at)
                .set("mail_due", self.mail_due)
                .set("mail_from", self.mail_from)
                .index(Index::SupportMails, self.mail_place(room))
                .when(unchanged("mail_due", before.mail_due)),
        }
    }

    /// Returns the place among the threads in the same state: by last activity, and of snoozed ones by the end of the snooze.
    pub(crate) fn place(&self, room: RoomId, latest_at: Time) -> Key {
        Key::new(in_state(self.state), format!("{}#{room}", moment(self.snoozed_until.unwrap_or(latest_at))))
    }

    pub(crate) fn mail_place(&self, room: RoomId) -> Option<Key> {
        self.mail_due.map(|due| Key::new(MAILS, format!("{}#{room}", moment(due))))
    }
}

/// The partition of the index of due mails.
pub(crate) const MAILS: &str = "SUPPORT_MAILS";

/// Returns the partition of the index with all threads in a state.
pub(crate) fn in_state(state: ThreadState) -> String {
    format!("SUPPORT#{}", state.as_str())
}

/// Returns a time as a part of a sort key. The keys sort as the times do.
pub(crate) fn moment(at: Time) -> String {
    format!("{:015}", at.millis().max(0))
}

/// Returns the condition that an attribute has this value.
pub(crate) fn unchanged(name: &'static str, value: Option<impl Serialize>) -> Cond {
    value.map_or_else(|| field(name).absent(), |value| field(name).eq(value))
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;
    use crate::{
        room::{Room, RoomKind},
        support::thread::thread_of,
    };

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    fn desk() -> Desk {
        let sys = Sys::real();
        let user = User::new(sys.id(), accounts::identifier::Username::draw(&sys), kernel::Locale::En, NOW);
        Desk::new(&user, Subject::parse("My order").unwrap())
    }

    #[test]
    fn a_message_of_the_customer_opens_a_thread_in_every_state() {
        for state in ThreadState::ALL {
            let before = Desk { state, snoozed_until: (state == ThreadState::Snoozed).then_some(NOW), customer_seq: 1, ..desk() };
            let after = before.after(Side::Customer, "ana", 7, NOW).desk;
            assert_eq!((after.state, after.snoozed_until, after.customer_seq), (ThreadState::Open, None, 7), "{state:?}");
            assert_eq!(after.asked_at, (state == ThreadState::Done).then_some(NOW), "{state:?}: only what was done begins anew");
        }
    }

    #[test]
    fn the_first_answer_is_measured_once() {
        let asked = desk().after(Side::Customer, "ana", 1, NOW).desk;
        let again = asked.after(Side::Customer, "ana", 2, NOW + Duration::from_secs(50)).desk;
        let answered = again.after(Side::Team, "kim", 3, NOW + Duration::from_secs(90));
        assert_eq!(answered.first_answer, Some(Duration::from_secs(90)));
        assert_eq!(answered.desk.state, ThreadState::Waiting);
        let second = answered.desk.after(Side::Team, "kim", 4, NOW + Duration::from_secs(95));
        assert_eq!(second.first_answer, None);
        let more = second.desk.after(Side::Customer, "ana", 5, NOW).desk;
        assert_eq!(more.after(Side::Team, "kim", 6, NOW).first_answer, None, "the same conversation");
    }

    #[test]
    fn answers_of_two_minutes_go_into_one_mail() {
        let first = desk().after(Side::Team, "kim", 3, NOW).desk;
        let second = first.after(Side::Team, "kim", 4, NOW + Duration::from_secs(100)).desk;
        assert_eq!((second.mail_due, second.mail_from), (Some(NOW + BURST), Some(3)));
    }

    #[test]
    fn a_snooze_ends_by_the_clock() {
        let until = NOW + Duration::from_secs(60);
        let snoozed = desk().in_state(ThreadState::Snoozed, Some(until));
        assert_eq!(snoozed.state_at(NOW), ThreadState::Snoozed);
        assert_eq!(snoozed.state_at(until), ThreadState::Open);
    }

    #[test]
    fn what_is_done_is_nobodys() {
        let taken = Desk { assignee: Some(Sys::real().id()), assignee_name: Some("kim".to_owned()), ..desk() };
        assert_eq!(taken.in_state(ThreadState::Done, None).assignee, None);
        assert!(taken.in_state(ThreadState::Open, None).assignee.is_some());
    }

    #[test]
    fn a_thread_is_stored_beside_what_other_rooms_have() {
        let sys = Sys::real();
        let room = Room::support(sys.id(), desk(), NOW);
        let stored = serde_json::to_value(&room).unwrap();
        assert_eq!(stored["room_kind"], "support");
        assert_eq!(serde_json::from_value::<Room>(stored).unwrap(), room);
        assert!(room.support_places().is_empty(), "the hub has no thread without a message");
        let written = Room { seq: 1, ..room };
        assert_eq!(written.support_places().len(), 1);
        assert_eq!(thread_of(written.desk.as_ref().unwrap().customer), thread_of(written.desk.as_ref().unwrap().customer));
        assert_eq!(RoomKind::Support, written.kind);
    }
}
