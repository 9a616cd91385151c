//! The rules: which messages of a room a person is notified about, by which channel, and when.

use std::time::Duration;

use events::rooms::Missed;
use kernel::Time;
use messaging::{digest::DELAY, room::RoomKind};
use preferences::{Category, Channel, Settings};

use crate::facts::{Line, RoomFacts};

/// The least time between two mails or text messages about one room.
const ROOM_PAUSE: Duration = Duration::from_secs(15 * 60);
/// The most messages that a notice counts.
const COUNTED_MAX: u32 = 99;

/// The person to notify.
pub struct Recipient<'a> {
    /// The notification settings.
    pub settings: &'a Settings,
    /// Whether they are online, so that they see the messages in the app.
    pub online: bool,
    /// The channel of mails or text messages. `None` without address and number.
    pub channel: Option<Channel>,
    /// When the limit of this channel allows the next message. `now` or earlier if it allows one now.
    pub free_at: Time,
}

/// The decision about a room.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// When the room is due again. `None` if a new message has to make it due.
    pub again: Option<Time>,
    /// Whether the inbox is done with the current messages: it gets entries about them, or the person does not want any.
    pub inbox_done: bool,
    /// Whether mails and text messages are done with the current messages.
    pub settled: bool,
    /// The new entries of the inbox.
    pub notes: Vec<Note>,
    /// The messages for the mail or the text message, with their categories.
    pub to_send: Vec<(Category, Line)>,
}

/// An entry of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The kind of the messages.
    pub kind: Missed,
    /// The number of the last message.
    pub seq: u64,
    /// How many messages there are, up to 99.
    pub messages: u32,
}

/// Decides about a room.
pub fn plan(room: &RoomFacts, recipient: &Recipient<'_>, now: Time) -> Plan {
    let digest = &room.member.digest;
    let pending = room.lines.iter().filter(|line| line.seq > digest.noted_seq || line.seq > digest.mailed_seq);
    let Some(first) = pending.map(|line| line.at).min() else { return Plan { inbox_done: true, settled: true, ..Plan::default() } };
    // The message that made the room due is read or deleted, and the others are newer than two minutes.
    if first + DELAY > now {
        return Plan { again: Some(first + DELAY), ..Plan::default() };
    }
    let notes = [Missed::Mention, plain(room.room.kind)].into_iter().filter_map(|kind| note(room, kind, recipient.settings)).collect();
    let of = |line: &Line| category(kind(room.room.kind, line));
    let wanted = |line: &&Line| recipient.channel.is_some_and(|channel| recipient.settings.wants(of(line), channel));
    let news: Vec<&Line> = room.lines.iter().filter(|line| line.seq > digest.mailed_seq).filter(wanted).collect();
    if recipient.online || news.is_empty() {
        return Plan { inbox_done: true, settled: true, notes, ..Plan::default() };
    }
    let quiet = recipient.settings.quiet_hours.as_ref().and_then(|quiet| quiet.end(now)).unwrap_or(now);
    let pause = digest.mailed_at.map_or(now, |at| at + ROOM_PAUSE);
    let at = quiet.max(pause).max(recipient.free_at);
    if at > now {
        return Plan { again: Some(at), inbox_done: true, notes, ..Plan::default() };
    }
    let to_send = news.into_iter().map(|line| (of(line), line.clone())).collect();
    Plan { again: None, inbox_done: true, settled: true, notes, to_send }
}

/// Returns the kind of a message without a mention.
const fn plain(room: RoomKind) -> Missed {
    match room {
        RoomKind::Direct => Missed::Direct,
        // Does not occur: a support thread has no memberships, and `deliver` sends its mails.
        RoomKind::Support => Missed::Support,
        RoomKind::Group | RoomKind::Channel | RoomKind::Public => Missed::Group,
    }
}

const fn kind(room: RoomKind, line: &Line) -> Missed {
    if line.mentions { Missed::Mention } else { plain(room) }
}

const fn category(kind: Missed) -> Category {
    match kind {
        Missed::Direct => Category::Direct,
        Missed::Mention => Category::Mention,
        Missed::Group => Category::Group,
        Missed::Support => Category::Support,
    }
}

/// Returns the entry about messages of one kind, if there are new ones and the person wants entries about them.
fn note(room: &RoomFacts, about: Missed, settings: &Settings) -> Option<Note> {
    let of_kind: Vec<&Line> = room.lines.iter().filter(|line| kind(room.room.kind, line) == about).collect();
    let seq = of_kind.last()?.seq;
    let is_new = seq > room.member.digest.noted_seq && settings.wants(category(about), Channel::InApp);
    is_new.then(|| Note { kind: about, seq, messages: counted(of_kind.len()) })
}

/// Returns a number of messages, up to 99.
pub fn counted(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX).min(COUNTED_MAX)
}

#[cfg(test)]
mod tests {
    use kernel::{Fields, Sys};
    use messaging::{digest::Digest, member::Membership, room::Room};
    use preferences::QuietHours;

    use super::*;

    /// 10 January 2026, 12:00 UTC.
    const NOON: Time = Time::from_millis(1_768_046_400_000);
    const MINUTE: Duration = Duration::from_secs(60);

    /// Returns a direct room with messages of these ages, numbered from 1.
    fn room(ages: &[Duration], digest: Digest) -> RoomFacts {
        let sys = Sys::real();
        let member = Membership { digest, ..Membership::new(sys.id(), sys.id(), Time::ZERO) };
        let room = Room { id: member.room, kind: RoomKind::Direct, seq: ages.len() as u64, ..Room::public() };
        let line = |(seq, age): (u64, &Duration)| Line {
            seq,
            at: NOON - *age,
            author: sys.id(),
            username: "ben".to_owned(),
            text: format!("text {seq}"),
            mentions: false,
        };
        RoomFacts { member, room, lines: (1..).zip(ages).map(line).collect() }
    }

    fn settings() -> Settings {
        Settings::of_default(Sys::real().id())
    }

    fn away(settings: &Settings) -> Recipient<'_> {
        Recipient { settings, online: false, channel: Some(Channel::Mail), free_at: Time::ZERO }
    }

    fn sent(plan: &Plan) -> Vec<u64> {
        plan.to_send.iter().map(|(_, line)| line.seq).collect()
    }

    #[test]
    fn a_burst_is_told_together_once_the_first_message_is_two_minutes_old() {
        let burst: Vec<Duration> = (0..10).map(|i| Duration::from_secs(120 - i * 5)).collect();
        let settings = settings();
        let whole = plan(&room(&burst, Digest::NONE), &away(&settings), NOON);
        assert_eq!((sent(&whole), whole.again), ((1..=10).collect(), None));
        assert_eq!(whole.notes, [Note { kind: Missed::Direct, seq: 10, messages: 10 }]);
        let young = plan(&room(&[Duration::from_secs(119)], Digest::NONE), &away(&settings), NOON);
        assert_eq!(young, Plan { again: Some(NOON + Duration::from_secs(1)), ..Plan::default() });
        let nothing = plan(&room(&[], Digest::NONE), &away(&settings), NOON);
        assert_eq!(nothing, Plan { inbox_done: true, settled: true, ..Plan::default() });
    }

    #[test]
    fn what_was_told_before_is_not_told_again() {
        let before = Digest { noted_seq: 2, mailed_seq: 1, ..Digest::NONE };
        let (settings, room) = (settings(), room(&[MINUTE * 9, MINUTE * 8, MINUTE * 7], before));
        let plan = plan(&room, &away(&settings), NOON);
        assert_eq!((sent(&plan), plan.notes.len()), (vec![2, 3], 1));
        let all = Digest { noted_seq: 3, mailed_seq: 3, ..Digest::NONE };
        let again = super::plan(&RoomFacts { member: Membership { digest: all, ..room.member }, ..room }, &away(&settings), NOON);
        assert_eq!(again, Plan { inbox_done: true, settled: true, ..Plan::default() });
    }

    #[test]
    fn who_is_here_or_wants_no_mail_or_has_no_way_only_gets_the_entry() {
        let (mut settings, room) = (settings(), room(&[MINUTE * 3], Digest::NONE));
        let only_noted = |recipient: &Recipient<'_>| {
            let plan = plan(&room, recipient, NOON);
            assert!(plan.to_send.is_empty() && plan.settled && plan.notes.len() == 1, "{plan:?}");
        };
        only_noted(&Recipient { online: true, ..away(&settings) });
        only_noted(&Recipient { channel: None, ..away(&settings) });
        only_noted(&Recipient { channel: Some(Channel::Sms), ..away(&settings) });
        settings.set(Category::Direct, Channel::Mail, false);
        only_noted(&away(&settings));
        settings.set(Category::Direct, Channel::InApp, false);
        assert!(plan(&room, &away(&settings), NOON).notes.is_empty());
    }

    #[test]
    fn a_mail_waits_for_the_end_of_quiet_hours_of_the_room_s_pause_and_of_the_limit() {
        let mut settings = settings();
        let waits = |settings: &Settings, digest: Digest, free_at: Time| {
            let plan = plan(&room(&[MINUTE * 3], digest), &Recipient { free_at, ..away(settings) }, NOON);
            assert!(plan.to_send.is_empty() && plan.inbox_done && !plan.settled, "{plan:?}");
            plan.again.unwrap().since(NOON)
        };
        let mailed = |ago: Duration| Digest { mailed_at: Some(NOON - ago), ..Digest::NONE };
        assert_eq!(waits(&settings, mailed(MINUTE * 10), Time::ZERO), MINUTE * 5);
        assert_eq!(waits(&settings, mailed(MINUTE * 10), NOON + MINUTE * 90), MINUTE * 90);
        assert_eq!(sent(&plan(&room(&[MINUTE * 3], mailed(MINUTE * 15)), &away(&settings), NOON)), [1]);
        // 13:00 in Warsaw.
        settings.quiet_hours = QuietHours::parse(&mut Fields::new(), "", "12:30", "14:00", "Europe/Warsaw");
        assert_eq!(waits(&settings, Digest::NONE, Time::ZERO), MINUTE * 60);
    }

    #[test]
    fn mentions_are_a_category_of_their_own() {
        let mut settings = settings();
        let mut room = room(&[MINUTE * 4, MINUTE * 3], Digest::NONE);
        room.room.kind = RoomKind::Group;
        room.lines[1].mentions = true;
        settings.set(Category::Group, Channel::Mail, false);
        let plan = plan(&room, &away(&settings), NOON);
        assert_eq!((sent(&plan), plan.to_send[0].0), (vec![2], Category::Mention));
        assert_eq!(plan.notes, [Note { kind: Missed::Mention, seq: 2, messages: 1 }, Note { kind: Missed::Group, seq: 1, messages: 1 }]);
    }
}
