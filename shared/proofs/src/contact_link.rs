//! The link that restores a former e-mail address or phone number of an account. Staff request it, and it is sent only to that address or
//! number, because only its owner can prove to own it.
//!
//! Nothing changes until the link is opened. The current contact gets a notice at once, so that its owner can write to the team before a
//! stranger who has the former mailbox now opens the link.

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

/// The fixed id of the link that restores this contact of this account: another link replaces it.
#[must_use]
pub fn link_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactRestoration, to, &user.to_string())
}

/// Adds the sending of the link to a former contact to a transaction, in place of the link `before`, with a notice to the person. Returns
/// the end of its validity. The slot is refused if a concurrent request has sent one first.
pub fn offer(tx: &mut Tx, sys: &Sys, user: &User, to: &Contact, before: Option<&Challenge>) -> (Time, Slot) {
    let (id, now) = (link_of(user.id, to), sys.now());
    let mut link = Challenge::new(sys, &CodeRules::DEFAULT, id, Purpose::ContactRestoration, Form::Link, to, user.locale);
    link.user = Some(user.id);
    if let Some(before) = before {
        link.follow(before, now);
    }
    let slot = link.replace(tx, sys, before);
    // The notice has no device and place, because they would be those of staff.
    notify(tx, sys, user.id, Notice::ContactRestorationAsked);
    (link.expires_at, slot)
}
