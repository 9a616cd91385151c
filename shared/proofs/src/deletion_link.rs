//! Scheduling a deletion, with the link that cancels it: mailed, or sent by text message to a person without an address.

use std::time::Duration;

use accounts::{
    deletion::{Deletion, Stage, scheduled_as},
    identifier::Contact,
    user::{User, notify_of},
};
use events::Notice;
use kernel::{
    Client, Sys, Time,
    env::Reader,
    id::{ChallengeId, UserId},
};
use store::{Item as _, Slot, Tx, Update, field};

use crate::{
    challenge::{Challenge, Form, Purpose},
    code_rules::CodeRules,
};

/// Returns the days between scheduling a deletion and its beginning: `DELETION_DAYS`, 30 by default.
pub fn days(r: &mut Reader<'_>) -> u32 {
    let days = r.or("DELETION_DAYS", 30);
    if !(1..=365).contains(&days) {
        r.wrong("DELETION_DAYS must be from 1 to 365".to_owned());
    }
    days
}

/// Returns the days as a duration.
#[must_use]
pub const fn interval(days: u32) -> Duration {
    Duration::from_secs((days as u64).saturating_mul(24 * 3600))
}

/// Adds the scheduling of a deletion to a transaction, in place of the one `before`, with the message that has the link to cancel
/// it. The slot is refused if a concurrent request has changed it first.
pub fn schedule(tx: &mut Tx, sys: &Sys, user: &User, before: Option<&Deletion>, delay: Duration) -> (Deletion, Slot) {
    let (now, challenge) = (sys.now(), sys.id());
    let deletion = Deletion {
        user: user.id,
        id: sys.id(),
        stage: Stage::Scheduled,
        scheduled_at: now,
        due_at: now + delay,
        cancel: Some(challenge),
        leased_until: None,
        holder: None,
        steps: Vec::new(),
    };
    let slot = match before {
        Some(before) => tx.put(&deletion, scheduled_as(before)),
        None => tx.create(&deletion),
    };
    if let Some(old) = before.and_then(|b| b.cancel) {
        tx.delete(Challenge::key_of(old));
    }
    if let Some(to) = user.email.clone().map(Contact::Email).or_else(|| user.phone.clone().map(Contact::Phone)) {
        send_link(tx, sys, user, challenge, deletion.due_at, &to);
    }
    (deletion, slot)
}

/// Adds to a transaction that the link to cancel a scheduled deletion becomes invalid and a new one is sent to another contact, if
/// there is one. The slot is refused if the deletion is not, or no longer, scheduled like this.
pub fn readdress(tx: &mut Tx, sys: &Sys, user: &User, deletion: &Deletion, to: Option<&Contact>) -> Slot {
    let link = sys.id();
    let same = scheduled_as(deletion).and(field("cancel").eq(deletion.cancel));
    let slot = tx.update(Update::of(deletion.key()).set("cancel", link).when(same));
    if let Some(old) = deletion.cancel {
        tx.delete(Challenge::key_of(old));
    }
    if let Some(to) = to {
        send_link(tx, sys, user, link, deletion.due_at, to);
    }
    slot
}

fn send_link(tx: &mut Tx, sys: &Sys, user: &User, id: ChallengeId, due_at: Time, to: &Contact) {
    let mut link = Challenge::new(sys, &CodeRules::DEFAULT, id, Purpose::DeletionCancel, Form::Link, to, user.locale);
    link.user = Some(user.id);
    // The link is valid until the deletion begins, and one more day, because the sweep may be late.
    link.expires_at = due_at + Duration::from_secs(24 * 3600);
    link.issue(tx, sys);
}

/// Adds the cancellation of a scheduled deletion to a transaction, with the notice that confirms it. `challenge` is the challenge of its
/// link, which is used up. The slot is refused if the deletion is not, or no longer, scheduled like this.
pub fn cancel(tx: &mut Tx, sys: &Sys, user: UserId, challenge: ChallengeId, by: &Client) -> Slot {
    let slot = tx.delete_when(Deletion::key_of(user), field("stage").eq(Stage::Scheduled).and(field("cancel").eq(challenge)));
    tx.delete(Challenge::key_of(challenge));
    notify_of(tx, sys, user, Notice::DeletionCancelled, by);
    slot
}
