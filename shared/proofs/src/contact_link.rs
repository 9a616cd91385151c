//! The link that gives a former e-mail address or phone number back to its account. Staff have it sent, and it is sent to that address
//! or number alone: only who reads what arrives there has proven anything.
//!
//! Until it is opened nothing changes. The present contact is told at once, so that its owner can write to the team before a stranger
//! who reads a former mailbox by now opens the link.

use accounts::{
    identifier::Contact,
    user::{User, notify},
};
use events::Notice;
use kernel::{
    Sys, Time,
    id::{ChallengeId, UserId},
};
use store::{Slot, Tx};

use crate::{
    challenge::{Challenge, Form, Purpose},
    code_rules::CodeRules,
};

/// The id of the one link that gives this contact back to this account: another one that is sent takes its place.
#[must_use]
pub fn link_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactRestoration, to, &user.to_string())
}

/// Adds to a transaction that the link is sent to a former contact, in place of the one `before`, and that the person is told. Returns
/// until when it is valid. The slot is refused if a concurrent request has sent one first.
pub fn offer(tx: &mut Tx, sys: &Sys, user: &User, to: &Contact, before: Option<&Challenge>) -> (Time, Slot) {
    let (id, now) = (link_of(user.id, to), sys.now());
    let mut link = Challenge::new(sys, &CodeRules::DEFAULT, id, Purpose::ContactRestoration, Form::Link, to, user.locale);
    link.user = Some(user.id);
    if let Some(before) = before {
        link.follow(before, now);
    }
    let slot = link.replace(tx, sys, before);
    // Without the device and the place, which are those of staff.
    notify(tx, sys, user.id, Notice::ContactRestorationAsked);
    (link.expires_at, slot)
}
