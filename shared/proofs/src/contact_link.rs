//! The link that gives a former e-mail address or phone number back to its account. Staff have it sent, and it is sent to that address
//! or number alone: only who reads what arrives there has proven anything.
//!
//! Until it is opened nothing changes. The present contact is told at once, so that its owner can write to the team before a stranger
//! who reads a former mailbox by now opens the link.
//!
//! Of the links of an account the last one that was sent works, and no other one. Whoever takes an account over may change its contact
//! several times, and then former contacts are theirs, too: staff who undo all of these changes would have a link sent to each, and with
//! theirs they would take the account from its owner, who has got it back by another one.

use accounts::{
    identifier::Contact,
    user::{User, notify},
};
use events::Notice;
use kernel::{
    Sys, Time,
    id::{ChallengeId, UserId},
};
use store::{Cond, Item as _, Slot, Tx, Update};

use crate::{
    challenge::{Challenge, Form, Purpose},
    code_rules::CodeRules,
};

/// The id of the one link that gives this contact back to this account: another one that is sent takes its place.
#[must_use]
pub fn link_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactRestoration, to, &user.to_string())
}

/// Adds to a transaction that the link is sent to a former contact, in place of the one `before` and of those to other contacts, and that
/// the person is told. Returns until when it is valid. The first slot is refused if a concurrent request has sent one first, the second
/// one if the account is not as `shown`.
pub fn offer(tx: &mut Tx, sys: &Sys, user: &User, to: &Contact, before: Option<&Challenge>, shown: Cond) -> (Time, [Slot; 2]) {
    let (id, now) = (link_of(user.id, to), sys.now());
    let mut link = Challenge::new(sys, &CodeRules::DEFAULT, id, Purpose::ContactRestoration, Form::Link, to, user.locale);
    link.user = Some(user.id);
    if let Some(before) = before {
        link.follow(before, now);
    }
    let sent = link.replace(tx, sys, before);
    let last = tx.update(Update::of(user.key()).set("restoration", id).when(shown));
    // Without the device and the place, which are those of staff.
    notify(tx, sys, user.id, Notice::ContactRestorationAsked);
    (link.expires_at, [sent, last])
}
