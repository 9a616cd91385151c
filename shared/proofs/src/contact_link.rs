//! The link that restores a former e-mail address or phone number of an account. Staff request it, and it is sent only to that address or
//! number, because only its owner can prove to own it.
//!
//! Nothing changes until the link is opened. The current contact gets a notice of each link at once, so that its owner can write to the
//! team before a stranger who has the former mailbox now opens it. Only text messages have a limit: ten to a number, and then one an hour.
//!
//! Of the links of an account only the last one that was sent works. Whoever takes an account over may change its contact several times,
//! so that some former contacts are theirs as well. If staff undo all of these changes, a link is sent to each of them, and an older link
//! could take the account from its owner again.
//!
//! The account has the id of the last one ([`User::restoration`]). A link whose id is not there is void: after another one was sent, after
//! the account has got the contact back, by the link or otherwise, after [`void`], and after staff have deactivated the account, also if
//! it is reactivated ([`accounts::staff::deactivate`]). If somebody deactivates their own account the link is valid again after a
//! reactivation: otherwise a thief could make the owner's link void.

use accounts::{
    identifier::Contact,
    user::{User, notify},
};
use events::Notice;
use kernel::{
    Sys,
    id::{ChallengeId, UserId},
};
use store::{Cond, Conditional as _, Item as _, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    challenge::{Challenge, Form, Purpose},
    code_rules::CodeRules,
};

/// Returns the fixed id of the link that restores this contact of this account: another link replaces it.
#[must_use]
pub fn link_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactRestoration, to, &user.to_string())
}

/// Adds the sending of the link to a former contact to a transaction, in place of the link `before` and of those to other contacts, with a
/// notice to the person. Returns the link. The first slot is refused if a concurrent request has sent one first, the second one if the
/// account is not as `shown`.
pub fn offer(tx: &mut Tx, sys: &Sys, user: &User, to: &Contact, before: Option<&Challenge>, shown: Cond) -> (Challenge, [Slot; 2]) {
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
    (link, [sent, last])
}

/// Makes a link void that is not sent, so that staff can have another one sent. No effect if another one has taken its place. One update.
///
/// # Errors
/// [`StoreError`]
pub async fn void(table: &Table, user: &User, link: &Challenge) -> Result<(), StoreError> {
    table.update(Update::of(user.key()).remove("restoration").when(field("restoration").eq(link.id))).await.refused_is_fine()
}
