//! Undoing a change of somebody's e-mail address or phone number: the former contact is offered to its owner.
//!
//! The undo itself does not change the account. A contact needs a proof by its owner, and an owner who has lost the contact cannot sign in,
//! so the proof is a link that is sent to the former contact ([`proofs::contact_link`]). `functions/profile` accepts it, and makes the
//! change by the functions that members use. The entry counts as undone while the link is valid. It can be undone again when the link was
//! used, has expired or is void, and when another link of the account, also to another contact, has replaced it.
//!
//! Contacts are compared in full and shown masked, so that the audit reveals no addresses or numbers.
//!
//! It is allowed to staff who may change the account, so nobody can do it to their own account. Owners change their contact with a session
//! and a step-up. The undo proves only the contact, which would make a stolen session of staff more dangerous.
//!
//! Nothing is offered after thirty days, when a former address or number may belong to somebody else ([`accounts::former_contact`]), nor to
//! an account that is not active, because nobody can sign in to it. A number can belong to somebody else earlier, because the days count
//! from the change of the account, and without a second factor the number alone is enough to sign in: the console warns staff of this. If
//! there was no contact before the change, the undo does not remove the new one: its owner does.

use accounts::{
    audit::Action,
    directory::Account,
    former_contact::FormerContact,
    identifier::{Channel, Contact},
    staff::Actor,
    undo::{AwaitedLink, Field, Obstacle},
    user::{EmailClaim, PhoneClaim, Status, User},
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
    id::UserId,
};
use proofs::{
    challenge::Challenge,
    contact_link::{link_of, offer},
};
use store::{Batch, Cond, Key, StoreError, Tx, field};

use super::{
    planned::{Allowed, MakeEntry, Planned, account, impossible_value},
    recorded::{Changed, Recorded},
};

/// An account, its former contact, the current owner of that contact, and the link that was sent to it before.
pub struct Target {
    who: Actor,
    account: Option<Box<Account>>,
    former: Option<FormerContact>,
    owner: Option<UserId>,
    before: Option<Box<Challenge>>,
}

impl Target {
    pub async fn read(s: &crate::State, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let (id, now) = (entry.record.subject, s.sys.now());
        let account = account(&s.table, entry).await?;
        let fits = |kept: &FormerContact| entry.was(name(&kept.contact())).is_some_and(|was| kept.is_of(was, now));
        let former = s.table.get::<FormerContact>(FormerContact::key_of(id, entry.record.id)).await?.filter(fits);
        let Some(contact) = former.as_ref().map(FormerContact::contact) else {
            return Ok(Self { who, account, former: None, owner: None, before: None });
        };
        let link = Challenge::key_of(link_of(id, &contact));
        let mut found = s.table.get_many(vec![claim_of(&contact), link.clone()]).await?;
        let (owner, before) = (owner_of(&mut found, &contact)?, found.take::<Challenge>(&link)?);
        Ok(Self { who, account, former, owner, before: before.map(Box::new) })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        entry.changes().into_iter().map(|changed| self.field(changed)).collect()
    }

    fn field(&self, changed: Changed) -> Field {
        let obstacle = self.obstacle(&changed);
        let user = self.account.as_ref().map(|account| &account.user);
        let now = user.and_then(|user| user.contacts().into_iter().find(|contact| name(contact) == changed.name));
        let (former, became) = match &self.former {
            Some(kept) => (Some(kept.contact()), kept.became()),
            None => (None, None),
        };
        let compared =
            Field::of(&changed.name, (comparable(former.as_ref()), comparable(became.as_ref())), comparable(now.as_ref()), obstacle);
        compared.shown_as((changed.was, changed.became), now.audited())
    }

    fn obstacle(&self, changed: &Changed) -> Option<Obstacle> {
        let Some(account) = &self.account else { return Some(Obstacle::Gone) };
        let may = self.who.may_change(&account.roles).is_ok() && account.user.status == Status::Active;
        if !["email", "phone"].contains(&changed.name.as_str()) || changed.was == AuditValue::Nothing || !may {
            return Some(Obstacle::Never);
        }
        if self.former.is_none() {
            return Some(Obstacle::Gone);
        }
        self.owner.is_some_and(|owner| owner != account.user.id).then_some(Obstacle::Taken)
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>) -> Result<Planned, Problem> {
        let (account, former) = self.account.zip(self.former).ok_or_else(impossible_value)?;
        let (user, to, now) = (&account.user, former.contact(), former.now(&account.user));
        let as_shown = field("status").eq(Status::Active).and(has(user, &to));
        let (link, [sent, has]) = offer(tx, &s.sys, user, &to, self.before.as_deref(), as_shown);
        let shown = vec![sent, has, tx.check(claim_of(&to), Cond::Absent)];
        let allowed = self.who.require(tx, user.id);
        let entry = entry(Action::ContactRestorationAsked, user.id).changed(name(&to), now, &to);
        let waits_for = Some(AwaitedLink { id: link.id, until: link.expires_at });
        Ok(Planned { waits_for, ..Planned::new(entry, shown, Allowed::Above(allowed)) })
    }
}

/// Returns the condition that the person still has the address or number of the preview.
fn has(user: &User, former: &Contact) -> Cond {
    match former {
        Contact::Email(_) => user.email.as_ref().map_or_else(|| field("email").absent(), |email| field("email").eq(email)),
        Contact::Phone(_) => user.phone.as_ref().map_or_else(|| field("phone").absent(), |phone| field("phone").eq(phone)),
    }
}

/// Returns the name of the field for this kind of contact in audit entries.
const fn name(contact: &Contact) -> &'static str {
    match Channel::of(contact) {
        Channel::Email => "email",
        Channel::Sms => "phone",
    }
}

/// Returns a contact in a form for comparison: equal for all spellings of one contact.
fn comparable(contact: Option<&Contact>) -> AuditValue {
    contact.map_or(AuditValue::Nothing, |contact| AuditValue::Text(contact.key()))
}

fn claim_of(contact: &Contact) -> Key {
    match contact {
        Contact::Email(email) => EmailClaim::key_of(email),
        Contact::Phone(phone) => PhoneClaim::key_of(phone),
    }
}

fn owner_of(found: &mut Batch, contact: &Contact) -> Result<Option<UserId>, StoreError> {
    let key = claim_of(contact);
    Ok(match contact {
        Contact::Email(_) => found.take::<EmailClaim>(&key)?.map(|claim| claim.user),
        Contact::Phone(_) => found.take::<PhoneClaim>(&key)?.map(|claim| claim.user),
    })
}
