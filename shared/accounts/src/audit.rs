//! The audit log: who changed what on whose account. Entries are written in the transaction of the change, so that neither exists
//! without the other.
//!
//! An entry is two items:
//!
//! - The **record** ([`AuditRecord`]) is in a separate, append-only table. It has ids, the action, the names of what has changed, the kind
//!   of client, its city, and a salted commitment to the values. After an account is deleted, nothing in it identifies the person.
//! - The **values** before and after ([`AuditValues`]), with the salt, the network of the client and the reason that staff gave, are in
//!   the main table, where they can be deleted: after 400 days, or with the account that they are about. Without the salt the values
//!   cannot be guessed from the commitment, and the record stays as it was sealed ([`crate::audit_seal`]).
//!
//! Only sign-ins with a new client are recorded. Other sign-ins are not, because a million entries would cost about 6 USD. Refusals are
//! not, because anybody can cause them without an account, as often as the limits allow. Every sign-in is in the list of sessions, and the
//! log has a line with the code and the user id for every sign-in and every refusal.
//!
//! Also not recorded are: the creation of accounts and sessions, and signing out; texts that people and staff write, and the assignment of
//! support threads; friends, blocks, rooms, invitations, carts and preferences about notices; and that staff read an order, an account, a
//! list or a search, which would take an entry for each page. These change nobody's rights, profile or ways to sign in, and their items say
//! who made them and when. It is recorded when staff read reported messages, support threads and tickets.
//!
//! Only types that implement [`Auditable`] can be values, and contacts are masked. The complete former contact is kept with the person for
//! thirty days ([`crate::former_contact`]), only for the undo that offers it to its owner. Each entry costs two writes in the transaction
//! and one in each of the three indexes of the audit table. The index by day takes 1,000 entries a second (DynamoDB's limit for a
//! partition); beyond that, changes are refused together with their entries.

mod action;
mod log;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use kernel::{
    Origin, Sys, Time,
    audit::{AuditValue, Auditable, ReasonText},
    crypto,
    id::{AuditId, UserId, time_of},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Index, Item, Key, Personal, Range, StoreError, Table, Tx};

pub use self::{
    action::Action,
    log::{ActorFilter, AuditLog, FoundRecords, Month, RecordFilter, Search},
};
use crate::{agent::Agent, partitions::partition, purged::Purged, statistics::Day};

/// How long the values of an entry are kept.
pub const VALUES_KEPT: Duration = Duration::from_secs(400 * 24 * 3600);

/// A value before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueChange {
    /// The value before the change.
    pub before: AuditValue,
    /// The value after the change.
    pub after: AuditValue,
}

/// An entry that is about to be written: [`Audit::add`].
#[derive(Clone, Debug)]
pub struct AuditEntry {
    id: AuditId,
    at: Time,
    actor: Option<UserId>,
    action: Action,
    subject: UserId,
    origin: Option<Origin>,
    changes: BTreeMap<String, ValueChange>,
    version: Option<u64>,
    reason: Option<ReasonText>,
    salt: [u8; 32],
}

impl AuditEntry {
    /// Returns an entry for a change by a person's request.
    #[must_use]
    pub fn by(sys: &Sys, actor: UserId, origin: &Origin, action: Action, subject: UserId) -> Self {
        Self { actor: Some(actor), origin: Some(origin.clone()), ..Self::by_operator(sys, action, subject) }
    }

    /// Returns an entry for a change that a person made to their own account.
    #[must_use]
    pub fn of_own(sys: &Sys, user: UserId, origin: &Origin, action: Action) -> Self {
        Self::by(sys, user, origin, action, user)
    }

    /// Returns an entry for a change by an operator.
    #[must_use]
    pub fn by_operator(sys: &Sys, action: Action, subject: UserId) -> Self {
        let (id, salt) = (sys.id(), sys.bytes());
        // The time of the id. The entry is found and sealed by the day of its id, and a second reading of the clock could be on the next
        // day.
        let at = time_of(&id);
        Self { id, at, actor: None, action, subject, origin: None, changes: BTreeMap::new(), version: None, reason: None, salt }
    }

    /// Returns its id.
    #[must_use]
    pub const fn id(&self) -> AuditId {
        self.id
    }

    /// Adds an attribute with its values before and after the change. `()` stands for none.
    #[must_use]
    pub fn changed(mut self, attribute: &str, before: impl Auditable, after: impl Auditable) -> Self {
        self.changes.insert(attribute.to_owned(), ValueChange { before: before.audited(), after: after.audited() });
        self
    }

    /// Like [`Self::changed`], if the values differ.
    #[must_use]
    pub fn when_changed(self, attribute: &str, before: impl Auditable, after: impl Auditable) -> Self {
        let (before, after) = (before.audited(), after.audited());
        if before == after { self } else { self.changed(attribute, before, after) }
    }

    /// Adds the version of the changed object after the change.
    #[must_use]
    pub const fn to_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// Adds the reason, if staff had to give one.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Option<ReasonText>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Returns the two items. The values are absent if they would be empty.
    fn items(&self) -> (AuditRecord, Option<AuditValues>) {
        let client = self.origin.as_ref().map(|origin| &origin.client);
        let network = client.filter(|client| client.address.is_some()).map(kernel::Client::neighbourhood);
        let values = AuditValues {
            id: self.id,
            subject: self.subject,
            at: self.at,
            salt: BASE64_URL_SAFE_NO_PAD.encode(self.salt),
            changes: self.changes.clone(),
            version: self.version,
            network,
            reason: self.reason.clone(),
        };
        let values = Some(values).filter(AuditValues::say_something);
        let record = AuditRecord {
            id: self.id,
            at: self.at,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            fields: self.changes.keys().cloned().collect(),
            request: self.origin.as_ref().map(|origin| origin.request.clone()).filter(|request| !request.is_empty()),
            place: client.and_then(|client| client.place.clone()),
            device: client.and_then(|client| device(&client.user_agent)),
            commitment: values.as_ref().map(AuditValues::commitment),
            hash: String::new(),
        };
        (AuditRecord { hash: record.computed_hash(), ..record }, values)
    }
}

/// "Firefox 140, Linux".
fn device(user_agent: &str) -> Option<String> {
    let Agent { browser, system, .. } = Agent::of(user_agent);
    let known: Vec<String> = browser.into_iter().chain(system).collect();
    Some(known.join(", ")).filter(|device| !device.is_empty())
}

/// Returns a SHA-256 in base64url without padding, as records and seals have it.
pub(crate) fn digest(of: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(of))
}

/// The part of an entry that is kept forever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The id of the entry, which contains its time.
    pub id: AuditId,
    /// The time of the change.
    pub at: Time,
    /// The account that made the change. `None` for an operator with AWS credentials, and for the system itself.
    #[serde(default)]
    pub actor: Option<UserId>,
    /// The kind of change.
    pub action: Action,
    /// The account that was changed.
    pub subject: UserId,
    /// The names of the changed attributes, sorted.
    pub fields: Vec<String>,
    /// The `X-Request-Id` of the request.
    #[serde(default)]
    pub request: Option<String>,
    /// City and country of the client, if an edge in front of the API states them.
    #[serde(default)]
    pub place: Option<String>,
    /// Browser and system of the client.
    #[serde(default)]
    pub device: Option<String>,
    /// The commitment to the values: [`AuditValues::commitment`]. `None` if there were none.
    #[serde(default)]
    pub commitment: Option<String>,
    /// [`Self::computed_hash`], when it was written.
    pub hash: String,
}

impl AuditRecord {
    /// Returns the canonical form: a JSON array without white space, written as `JSON.stringify` writes it, of
    ///
    /// ```text
    /// ["stoa-audit-1", id, milliseconds since 1970, actor, action, subject, [field, …], request, place, device, commitment]
    /// ```
    ///
    /// with `null` for absent values.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { id, at, actor, action, subject, fields, request, place, device, commitment, hash: _ } = self;
        let form = ("stoa-audit-1", id, at, actor, action, subject, fields, request, place, device, commitment);
        crypto::canonical(&form)
    }

    /// Returns the SHA-256 of the canonical form in base64url.
    #[must_use]
    pub fn computed_hash(&self) -> String {
        digest(self.canonical().as_bytes())
    }

    /// Returns the key of a record.
    #[must_use]
    pub fn key_of(subject: UserId, id: AuditId) -> Key {
        Key::new(records_of(subject), id.to_string())
    }
}

/// Returns the partition of the records about an account, in [`Audit`]'s table.
#[must_use]
pub fn records_of(subject: UserId) -> String {
    partition(subject)
}

/// Returns the partition of the records of a day in UTC, in [`Index::AuditByDay`].
#[must_use]
pub fn records_on(day: Day) -> String {
    format!("DAY#{day}")
}

/// Returns the partition of the records of an actor in a month, in [`Index::AuditByActor`]. `None` stands for operators.
#[must_use]
pub fn records_by(actor: Option<UserId>, month: &str) -> String {
    let actor = actor.map_or_else(|| "operator".to_owned(), |actor| actor.to_string());
    format!("ACTOR#{actor}#{month}")
}

/// Returns the partition of the records of an action in a month, in [`Index::AuditByAction`].
#[must_use]
pub fn records_with(action: Action, month: &str) -> String {
    format!("ACTION#{}#{month}", action.name())
}

impl Item for AuditRecord {
    const KIND: &'static str = "audit";
    const ABOUT: About = About::at("USER#{user}", "{audit}", Personal::Withheld("for operators; it has only ids, a city and a browser"))
        .indexed(Index::AuditByDay, "DAY#{day}", "{audit}")
        .indexed(Index::AuditByActor, "ACTOR#{actor}#{month}", "{audit}")
        .indexed(Index::AuditByAction, "ACTION#{action}#{month}", "{audit}")
        .in_table("AuditTable")
        .stays("ids that identify nobody after the account is deleted");
    // Records about one account share a partition, in order of time.
    fn key(&self) -> Key {
        Self::key_of(self.subject, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let (id, month) = (self.id.to_string(), Month::of(self.at));
        vec![
            (Index::AuditByDay, Key::new(records_on(Day::of(self.at)), id.clone())),
            (Index::AuditByActor, Key::new(records_by(self.actor, month.as_str()), id.clone())),
            (Index::AuditByAction, Key::new(records_with(self.action, month.as_str()), id)),
        ]
    }
}

/// The part of an entry that can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditValues {
    /// The id of the entry.
    pub id: AuditId,
    /// The account that was changed.
    pub subject: UserId,
    /// The time of the change.
    pub at: Time,
    /// 256 random bits in base64url.
    pub salt: String,
    /// The values before and after, by the names of the changed attributes.
    pub changes: BTreeMap<String, ValueChange>,
    /// The version of the changed object after the change.
    #[serde(default)]
    pub version: Option<u64>,
    /// The [neighbourhood](kernel::Client::neighbourhood) of the client.
    #[serde(default)]
    pub network: Option<String>,
    /// The reason, if staff had to give one.
    #[serde(default)]
    pub reason: Option<ReasonText>,
}

impl AuditValues {
    /// Returns the text that the commitment hashes: a JSON array without white space of
    ///
    /// ```text
    /// ["stoa-audit-values-1", salt, id, [[name, before, after], …], version, network]
    /// ```
    ///
    /// with the names sorted, and `null` for absent values. A reason is one more element at the end.
    #[must_use]
    pub fn canonical(&self) -> String {
        let changes: Vec<(&String, &AuditValue, &AuditValue)> = self.changes.iter().map(|(name, c)| (name, &c.before, &c.after)).collect();
        let Self { id, salt, version, network, .. } = self;
        match &self.reason {
            None => crypto::canonical(&("stoa-audit-values-1", salt, id, changes, version, network)),
            Some(reason) => crypto::canonical(&("stoa-audit-values-1", salt, id, changes, version, network, reason)),
        }
    }

    /// Returns whether the values contain anything except the salt.
    fn say_something(&self) -> bool {
        !self.changes.is_empty() || self.version.is_some() || self.network.is_some() || self.reason.is_some()
    }

    /// Returns the commitment to the values: the SHA-256 of [`Self::canonical`] in base64url.
    #[must_use]
    pub fn commitment(&self) -> String {
        digest(self.canonical().as_bytes())
    }

    /// Returns the key of the values of an entry.
    #[must_use]
    pub fn key_of(subject: UserId, id: AuditId) -> Key {
        Key::new(values_of(subject), id.to_string())
    }
}

/// Returns the partition of the values of all entries about an account.
pub(crate) fn values_of(subject: UserId) -> String {
    format!("AUDIT#{subject}")
}

impl Item for AuditValues {
    const KIND: &'static str = "audit_values";
    const ABOUT: About = About::at(
        "AUDIT#{user}",
        "{audit}",
        Personal::Withheld("its owner reads their own at /v1/me/security-events; the rest is of staff"),
    )
    .expires()
    .removed_by("audit");
    fn key(&self) -> Key {
        Self::key_of(self.subject, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + VALUES_KEPT)
    }
}

/// The number of values that one call of [`purge`] deletes.
const PURGED_AT_ONCE: u32 = 500;

/// Deletes a bounded part of the values of all entries about an account. Their records stay.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    let found = table.query_rows(Range::of(values_of(user)).limit(PURGED_AT_ONCE)).await?;
    table.delete_many(found.items.iter().filter_map(store::Row::key).collect()).await?;
    Ok(if found.more { Purged::More } else { Purged::Done })
}

/// The table of the audit log.
#[derive(Clone, Debug)]
pub struct Audit(Arc<str>);

impl Audit {
    /// Returns the table of this name.
    #[must_use]
    pub fn new(table: &str) -> Self {
        Self(table.into())
    }

    /// Adds an entry to the transaction of the change: one write, or two with values. An existing entry is never replaced.
    pub fn add(&self, tx: &mut Tx, entry: &AuditEntry) {
        let (record, values) = entry.items();
        tx.create_in(&self.0, &record);
        if let Some(values) = values {
            tx.create(&values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        let (sys, user) = (Sys::real(), UserId::NIL);
        let client = kernel::Client {
            address: "203.0.113.7".parse().ok(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            place: Some("Łódź, PL".to_owned()),
        };
        let origin = Origin { request: "r1".to_owned(), client };
        let entry = AuditEntry::by(&sys, user, &origin, Action::RoleGranted, user).changed("b", (), 1_u32).changed("a", true, false);
        AuditEntry { id: AuditId::NIL, at: Time::from_millis(7), salt: [0; 32], ..entry.to_version(3) }
    }

    /// It is found by the day of its id, and sealed in the interval of its id.
    #[test]
    fn an_entry_is_of_the_moment_of_its_id() {
        let sys = Sys::real();
        for _ in 0..100_000 {
            let entry = AuditEntry::by_operator(&sys, Action::SuperuserOffered, UserId::NIL);
            assert_eq!(entry.at, time_of(&entry.id));
        }
    }

    /// Written by hand, because somebody who checks a record later has only the description of the format.
    #[test]
    fn the_forms_are_as_described() {
        let (record, values) = entry().items();
        let values = values.unwrap();
        let form = r#"["stoa-audit-values-1","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","aud_00000000000000000000000000",[["a",{"flag":true},{"flag":false}],["b","nothing",{"number":1}]],3,"203.0.113.0/24"]"#;
        assert_eq!(values.commitment(), digest(form.as_bytes()));
        let reasoned = AuditValues { reason: ReasonText::parse("Spam").ok(), ..values.clone() };
        assert_eq!(reasoned.canonical(), form.trim_end_matches(']').to_owned() + r#","Spam"]"#);
        let form = format!(
            r#"["stoa-audit-1","aud_00000000000000000000000000",7,"usr_00000000000000000000000000","role_granted","usr_00000000000000000000000000",["a","b"],"r1","Łódź, PL","Firefox 140, Linux","{}"]"#,
            values.commitment()
        );
        assert_eq!(record.canonical(), form);
        assert_eq!(record.hash, digest(form.as_bytes()));
    }

    #[test]
    fn every_part_of_a_record_and_of_the_values_counts() {
        let (record, values) = entry().items();
        let values = values.unwrap();
        for other in [
            AuditRecord { at: Time::from_millis(8), ..record.clone() },
            AuditRecord { actor: None, ..record.clone() },
            AuditRecord { action: Action::RoleTaken, ..record.clone() },
            AuditRecord { fields: vec!["ab".to_owned()], ..record.clone() },
            AuditRecord { request: None, ..record.clone() },
            AuditRecord { place: None, ..record.clone() },
            AuditRecord { device: None, ..record.clone() },
            AuditRecord { commitment: None, ..record.clone() },
        ] {
            assert_ne!(other.computed_hash(), record.hash, "{other:?}");
        }
        for other in [
            AuditValues { salt: "b".to_owned(), ..values.clone() },
            AuditValues { version: None, ..values.clone() },
            AuditValues { network: None, ..values.clone() },
            AuditValues { reason: ReasonText::parse("Spam").ok(), ..values.clone() },
            AuditValues { changes: BTreeMap::new(), ..values.clone() },
        ] {
            assert_ne!(other.commitment(), values.commitment(), "{other:?}");
        }
    }

    #[test]
    fn what_says_nothing_is_not_stored() {
        let (record, values) = AuditEntry::by_operator(&Sys::real(), Action::SuperuserOffered, UserId::NIL).items();
        assert!(values.is_none() && record.commitment.is_none() && record.fields.is_empty());
        assert_eq!(Action::SuperuserOffered.name(), "superuser_offered");
    }
}
