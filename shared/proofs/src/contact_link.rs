//! The link that restores a former e-mail address or phone number of an account. Staff request it, and it is sent only to that address or
//! number, because only its owner can prove to own it.
//!
//! Nothing changes until the link is opened. The current contact gets a notice at once, so that its owner can write to the team before a
//! stranger who has the former mailbox now opens the link.
//!
//! Of the links of an account only the last one that was sent works. Whoever takes an account over may change its contact several times,
//! so that some former contacts are theirs as well. If staff undo all of these changes, a link is sent to each of them, and an older link
//! could take the account from its owner again.

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

/// The fixed id of the link that restores this contact of this account: another link replaces it.
#[must_use]
pub fn link_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactRestoration, to, &user.to_string())
}

/// Adds the sending of the link to a former contact to a transaction, in place of the link `before` and of those to other contacts, with a
/// notice to the person. Returns the end of its validity. The first slot is refused if a concurrent request has sent one first, the second
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
    // The notice has no device and place, because they would be those of staff.
    notify(tx, sys, user.id, Notice::ContactRestorationAsked);
    (link.expires_at, [sent, last])
}
