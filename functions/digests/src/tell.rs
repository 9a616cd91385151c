//! Telling one person.

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
    plan::{Plan, Reader, plan},
};

/// The most rooms that one run handles for a person. The rest is due for the next one.
const ROOMS_MAX: usize = 20;
/// A person is sent at most one message in each window of this length.
const WINDOW: Duration = Duration::from_secs(120);

/// The mark that a message was sent to a person within a window.
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
    const ABOUT: About = About::at("SENT#{user}", "SENT#{window}", Personal::Withheld("a mark that is of use for two minutes")).expires();
    fn key(&self) -> Key {
        Key::new(format!("SENT#{}", self.user), format!("SENT#{}", self.window))
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// A room with what is done about it.
type Planned = (RoomFacts, Plan);

/// Tells a person of what waits for them in these rooms. Whether this run has sent something.
pub async fn tell(s: &State, user: UserId, due: Vec<Membership>) -> Result<bool, Failure> {
    let now = s.sys.now();
    let taken = join_all(due.iter().take(ROOMS_MAX).map(|member| digest::lease(&s.table, member, now))).await;
    let leased: Vec<Membership> = taken.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if leased.is_empty() {
        return Ok(false);
    }
    let told = told(s, user, leased.clone(), now).await;
    // What was settled has no lease any more.
    if !matches!(told, Ok(Some(_))) {
        join_all(leased.iter().map(|member| digest::release(&s.table, member))).await;
    }
    Ok(told?.unwrap_or(false))
}

/// Whether something was sent. `None` if what was read has changed in the meantime: the next run begins anew.
async fn told(s: &State, user: UserId, leased: Vec<Membership>, now: Time) -> Result<Option<bool>, Failure> {
    let Facts { person, rooms, silent } = Facts::read(&s.table, user, leased, now).await?;
    let Some(person) = person else { return Ok(silence(s, &silent).await?.then_some(false)) };
    let free_at = person.limit.judge(now).err().map_or(now, |reached| now + reached.wait);
    let reader = Reader { settings: &person.settings, here: person.here, way: person.way, free_at };
    let planned: Vec<Planned> = rooms
        .into_iter()
        .map(|room| {
            let plan = plan(&room, &reader, now);
            (room, plan)
        })
        .collect();
    let sent: Vec<(&Room, &[(Category, Line)])> =
        planned.iter().filter(|(_, plan)| !plan.told.is_empty()).map(|(room, plan)| (&room.room, plan.told.as_slice())).collect();
    let by_mail = person.way == Some(Channel::Mail) && !sent.is_empty();
    let letter = if by_mail { Some(mail::mail(s, user, &sent, now)?) } else { None };
    let mut tx = settled(&s.sys, &planned, &silent, now);
    guard(&mut tx, &person);
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
        for (room, _) in planned.iter().filter(|(_, plan)| !plan.told.is_empty()) {
            digest::unsent(&s.table, &room.member, now, s.sys.now()).await?;
        }
        return Err(failure.into());
    }
    Ok(Some(!sent.is_empty()))
}

/// Settles rooms of which nothing is told. Whether nobody else has changed them.
async fn silence(s: &State, silent: &[Membership]) -> Result<bool, Failure> {
    let mut tx = Tx::new();
    for member in silent {
        digest::settle(&mut tx, member, &Settled::default());
    }
    Ok(s.table.commit(tx).await.applied()?)
}

/// The transaction that settles the rooms and has the inbox filled.
fn settled(sys: &Sys, planned: &[Planned], silent: &[Membership], now: Time) -> Tx {
    let mut tx = Tx::new();
    for member in silent {
        digest::settle(&mut tx, member, &Settled::default());
    }
    for (RoomFacts { member, room, .. }, plan) in planned {
        let mut done = Settled {
            again: plan.again,
            noted_seq: plan.noted.then_some(room.seq),
            mailed_seq: plan.settled.then_some(room.seq),
            mailed_at: (!plan.told.is_empty()).then_some(now),
            ..Settled::default()
        };
        for note in &plan.notes {
            let before = if note.kind == Missed::Mention { member.digest.mentioned_in } else { member.digest.noted_in };
            let (user, room, kind, seq, messages) = (member.user, room.id, note.kind, note.seq, note.messages);
            let event = Outbox::add(&mut tx, sys, &MessagesMissed { user, room, kind, seq, messages, replaces: before });
            // The entry has the id of its event.
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

/// Checks that the account is still in use and has this address.
fn guard(tx: &mut Tx, Person { user, .. }: &Person) {
    let same = user.email.as_ref().map_or_else(|| field("email").absent(), |email| field("email").eq(email));
    tx.check(User::key_of(user.id), field("status").eq(Status::Active).and(same));
}
