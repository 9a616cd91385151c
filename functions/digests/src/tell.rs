//! Notifying one person.

use std::time::Duration;

use accounts::user::{Status, User};
use events::{
    Outbox,
    delivery::MissedTextDue,
    rooms::{MessagesMissed, Missed},
};
use function::Failure;
use futures_util::future::join_all;
use kernel::{
    Id as _, Sys, Time,
    id::{NotificationId, UserId},
};
use messaging::{
    digest::{self, Settled},
    member::Membership,
    room::Room,
};
use preferences::{Category, Channel};
use serde::{Deserialize, Serialize};
use store::{About, Conditional as _, Item, Key, Personal, Tx, field, limits::HOUR};

use crate::{
    State,
    facts::{Facts, Line, Person, RoomFacts},
    mail,
    plan::{Plan, Recipient, plan},
};

/// The most rooms that one run handles for a person. The next run handles the others.
const ROOMS_MAX: usize = 20;
/// A person gets at most one mail or text message in each window of this length.
const WINDOW: Duration = Duration::from_secs(120);

/// Marker item: a message was sent to a person within a window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    user: UserId,
    window: i64,
    until: Time,
}

impl Sent {
    fn now(user: UserId, now: Time) -> Self {
        let length = i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX);
        Self { user, window: now.millis().div_euclid(length), until: now + HOUR }
    }
}

impl Item for Sent {
    const KIND: &'static str = "digest_sent";
    const ABOUT: About = About::at("SENT#{user}", "SENT#{window}", Personal::Withheld("a marker that is used for two minutes")).expires();
    fn key(&self) -> Key {
        Key::new(format!("SENT#{}", self.user), format!("SENT#{}", self.window))
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// A room with the decision about it.
type Planned = (RoomFacts, Plan);

/// Notifies a person about unread messages in these rooms. Returns whether a mail or text message was sent.
pub async fn tell(s: &State, user: UserId, due: Vec<Membership>) -> Result<bool, Failure> {
    let now = s.sys.now();
    let taken = join_all(due.iter().take(ROOMS_MAX).map(|member| digest::lease(&s.table, member, now))).await;
    let leased: Vec<Membership> = taken.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if leased.is_empty() {
        return Ok(false);
    }
    let sent = notify(s, user, leased.clone(), now).await;
    // A committed transaction has ended the leases.
    if !matches!(sent, Ok(Some(_))) {
        join_all(leased.iter().map(|member| digest::release(&s.table, member))).await;
    }
    Ok(sent?.unwrap_or(false))
}

/// Returns whether a mail or text message was sent. `None` if an item has changed since it was read: the next run tries again.
async fn notify(s: &State, user: UserId, leased: Vec<Membership>, now: Time) -> Result<Option<bool>, Failure> {
    let Facts { person, rooms, silent } = Facts::read(&s.table, user, leased, now).await?;
    let Some(person) = person else { return Ok(settle_silent(s, &silent).await?.then_some(false)) };
    let free_at = person.limit.judge(now).err().map_or(now, |reached| now + reached.wait);
    let recipient = Recipient { settings: &person.settings, online: person.online, channel: person.channel, free_at };
    let planned: Vec<Planned> = rooms
        .into_iter()
        .map(|room| {
            let plan = plan(&room, &recipient, now);
            (room, plan)
        })
        .collect();
    let sent: Vec<(&Room, &[(Category, Line)])> =
        planned.iter().filter(|(_, plan)| !plan.to_send.is_empty()).map(|(room, plan)| (&room.room, plan.to_send.as_slice())).collect();
    let by_mail = person.channel == Some(Channel::Mail) && !sent.is_empty();
    let letter = if by_mail { Some(mail::mail(s, user, &sent, now)?) } else { None };
    let mut tx = settling(&s.sys, &planned, &silent, now);
    require_unchanged_account(&mut tx, &person);
    if !sent.is_empty() {
        tx.create(&Sent::now(user, now));
        person.limit.count_in(&mut tx, now);
        if !by_mail {
            Outbox::add(&mut tx, &s.sys, &MissedTextDue { user, messages: mail::total(&sent) });
        }
    }
    if !s.table.commit(tx).await.applied()? {
        return Ok(None);
    }
    if let (Some(letter), Some(email)) = (letter, &person.user.email)
        && let Err(failure) = s.mailer.send(email.as_ref(), person.user.locale, &letter).await
    {
        for (room, _) in planned.iter().filter(|(_, plan)| !plan.to_send.is_empty()) {
            digest::unsent(&s.table, &room.member, now, s.sys.now()).await?;
        }
        return Err(failure.into());
    }
    Ok(Some(!sent.is_empty()))
}

/// Settles rooms without a notice. Returns false if one of them was changed concurrently.
async fn settle_silent(s: &State, silent: &[Membership]) -> Result<bool, Failure> {
    let mut tx = Tx::new();
    for member in silent {
        digest::settle(&mut tx, member, &Settled::default());
    }
    Ok(s.table.commit(tx).await.applied()?)
}

/// Returns the transaction that settles the rooms and adds the events that fill the inbox.
fn settling(sys: &Sys, planned: &[Planned], silent: &[Membership], now: Time) -> Tx {
    let mut tx = Tx::new();
    for member in silent {
        digest::settle(&mut tx, member, &Settled::default());
    }
    for (RoomFacts { member, room, .. }, plan) in planned {
        let mut done = Settled {
            again: plan.again,
            noted_seq: plan.inbox_done.then_some(room.seq),
            mailed_seq: plan.settled.then_some(room.seq),
            mailed_at: (!plan.to_send.is_empty()).then_some(now),
            ..Settled::default()
        };
        for note in &plan.notes {
            let before = if note.kind == Missed::Mention { member.digest.mentioned_in } else { member.digest.noted_in };
            let (user, room, kind, seq, messages) = (member.user, room.id, note.kind, note.seq, note.messages);
            let event = Outbox::add(&mut tx, sys, &MessagesMissed { user, room, kind, seq, messages, replaces: before });
            // `notifications` stores the entry under the id of the event.
            let entry = Some(NotificationId::from_ulid(event.ulid()));
            if note.kind == Missed::Mention {
                done.mentioned_in = entry;
            } else {
                done.noted_in = entry;
            }
        }
        digest::settle(&mut tx, member, &done);
    }
    tx
}

/// Adds the check that the account is still active and has the same address.
fn require_unchanged_account(tx: &mut Tx, Person { user, .. }: &Person) {
    let same = user.email.as_ref().map_or_else(|| field("email").absent(), |email| field("email").eq(email));
    tx.check(User::key_of(user.id), field("status").eq(Status::Active).and(same));
}
