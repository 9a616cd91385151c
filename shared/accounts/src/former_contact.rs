//! Former contacts: the address or number that a person had before a change, so that staff can offer it to its owner again.
//!
//! Audit entries have only masked contacts, because staff read them. The complete ones are stored with the person, where the purge and the
//! export of the account find them. No operation shows them, and only the link that restores them is sent to them.
//!
//! They are kept for thirty days, like former usernames, and not as long as other values of entries: an abandoned address or number will
//! belong to somebody else some day, who must not get the account.

use std::time::Duration;

use kernel::{
    Time,
    audit::{AuditValue, Auditable as _},
    id::{AuditId, UserId, time_of},
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, limits::DAY};

use crate::{
    audit::AuditEntry,
    identifier::{Channel, Contact},
    partitions::partition,
    user::User,
};

/// How long a former contact is kept.
pub const KEPT: Duration = DAY.saturating_mul(30);

/// A contact that a person had before a change.
#[derive(Clone, Serialize, Deserialize)]
pub struct FormerContact {
    user: UserId,
    /// The audit entry of the change.
    entry: AuditId,
    channel: Channel,
    former: String,
    /// The contact that replaced it. `None` if it was removed.
    became: Option<String>,
    until: Time,
}

impl FormerContact {
    /// Returns the contact before the change of this entry, and the contact that replaced it.
    #[must_use]
    pub fn new(entry: &AuditEntry, user: UserId, former: &Contact, became: Option<&Contact>) -> Self {
        let entry = entry.id();
        Self {
            user,
            entry,
            channel: Channel::of(former),
            former: former.address().to_owned(),
            became: became.map(|contact| contact.address().to_owned()),
            until: time_of(&entry) + KEPT,
        }
    }

    /// Returns the key of the contact before the change of an entry.
    #[must_use]
    pub fn key_of(user: UserId, entry: AuditId) -> Key {
        Key::new(partition(user), format!("FORMER_CONTACT#{entry}"))
    }

    /// Returns the contact.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact::stored(self.channel, &self.former)
    }

    /// Returns the contact that replaced it. `None` if it was removed.
    #[must_use]
    pub fn became(&self) -> Option<Contact> {
        self.became.as_deref().map(|address| Contact::stored(self.channel, address))
    }

    /// Returns the current contact of the person in its place.
    #[must_use]
    pub fn now(&self, user: &User) -> Option<Contact> {
        user.contacts().into_iter().find(|contact| Channel::of(contact) == self.channel)
    }

    /// Returns whether the contact is still kept and matches the entry. The entry has it masked, and is protected by the seals of the
    /// audit.
    #[must_use]
    pub fn is_of(&self, was: &AuditValue, now: Time) -> bool {
        now < self.until && self.contact().audited() == *was
    }
}

impl Item for FormerContact {
    const KIND: &'static str = "former_contact";
    const ABOUT: About = About::beside_user("FORMER_CONTACT#{audit}", Personal::Exported(&["channel", "former", "until"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.entry)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Sys};

    use super::*;
    use crate::{
        audit::Action,
        identifier::{Email, Phone, Username},
    };

    fn email(address: &str) -> Contact {
        Email::parse(address).unwrap().into()
    }

    #[test]
    fn a_former_contact_is_kept_for_thirty_days_and_fits_its_entry() {
        let sys = Sys::real();
        let entry = AuditEntry::by_operator(&sys, Action::ContactChanged, UserId::NIL);
        let (ana, new) = (email("ana@example.test"), email("new@example.test"));
        let kept = FormerContact::new(&entry, UserId::NIL, &ana, Some(&new));
        let at = time_of(&entry.id());
        assert!(kept.is_of(&ana.audited(), at) && kept.is_of(&ana.audited(), at + DAY * 29));
        assert!(!kept.is_of(&ana.audited(), at + KEPT), "it is over");
        assert!(!kept.is_of(&new.audited(), at), "it is another one");
        assert_eq!((kept.contact(), kept.became()), (ana, Some(new)));
    }

    #[test]
    fn an_address_takes_the_place_of_an_address() {
        let sys = Sys::real();
        let entry = AuditEntry::by_operator(&sys, Action::ContactChanged, UserId::NIL);
        let (ana, number) = (email("ana@example.test"), Phone::parse("+447911123456", "GB").unwrap());
        let user = User { phone: Some(number.clone()), ..User::new(sys.id(), Username::parse("ana").unwrap(), Locale::En, sys.now()) };
        assert_eq!(FormerContact::new(&entry, user.id, &ana, None).now(&user), None);
        assert_eq!(FormerContact::new(&entry, user.id, &number.clone().into(), None).now(&user), Some(Contact::Phone(number)));
    }
}
