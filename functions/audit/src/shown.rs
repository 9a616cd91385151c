//! Entries and seals as staff see them.

use std::collections::BTreeMap;

use accounts::{
    audit::{Action, AuditRecord, AuditValues, ValueChange},
    audit_seal::Seal,
    identifier::Username,
    staff::Role,
    user,
};
use kernel::{
    Timestamp,
    audit::AuditValue,
    id::{AuditId, UserId},
};
use serde::Serialize;
use store::{StoreError, Table};
use utoipa::ToSchema;

/// The current usernames of the people in entries. Entries only have ids.
pub struct Names(BTreeMap<UserId, Username>);

impl Names {
    /// Reads the usernames of the actors and subjects of these entries. A batch for each hundred people.
    pub async fn read(table: &Table, records: &[AuditRecord]) -> Result<Self, StoreError> {
        let people = records.iter().flat_map(|record| record.actor.into_iter().chain([record.subject]));
        Ok(Self(user::usernames(table, people.collect()).await?))
    }

    fn of(&self, user: UserId) -> Option<String> {
        self.0.get(&user).map(ToString::to_string)
    }
}

/// The part of an entry that is kept forever, and the current usernames of its people.
#[derive(Serialize, ToSchema)]
pub struct AuditRecordInfo {
    id: AuditId,
    /// When it was done.
    created_at: Timestamp,
    /// Who made the change. Absent for operators and the system itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor: Option<UserId>,
    /// The actor's current username. Absent if the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("kim"))]
    actor_username: Option<String>,
    /// What was done.
    action: Action,
    /// The account that was changed.
    subject: UserId,
    /// The current username of the account. Absent if the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("ana"))]
    subject_username: Option<String>,
    /// The names of the changed fields.
    fields: Vec<String>,
    /// The `X-Request-Id` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<String>,
    /// City and country of the client, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Łódź, PL"))]
    place: Option<String>,
    /// Browser and system of the client, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Firefox 140, Linux"))]
    device: Option<String>,
}

impl AuditRecordInfo {
    /// Returns the record with the names of its people.
    pub fn new(record: AuditRecord, names: &Names) -> Self {
        let AuditRecord { id, at, actor, action, subject, fields, request, place, device, .. } = record;
        let (actor_username, subject_username) = (actor.and_then(|actor| names.of(actor)), names.of(subject));
        let (created_at, request_id) = (at.into(), request);
        Self { id, created_at, actor, actor_username, action, subject, subject_username, fields, request_id, place, device }
    }
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditValueKind {
    /// An id.
    Id,
    /// A word of the system, such as a role or a state.
    Word,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A point in time.
    Time,
    /// An amount in minor units and its currency, such as `1234 PLN`.
    Amount,
    /// A text.
    Text,
}

/// A value before or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditValueInfo {
    /// The kind of the value.
    kind: AuditValueKind,
    /// The value as text.
    #[schema(examples("moderator"))]
    value: String,
}

/// Returns a value as a list: empty for no value, and nested lists flattened.
pub fn shown(value: &AuditValue) -> Vec<AuditValueInfo> {
    use AuditValueKind::{Amount, Flag, Id, Number, Text, Time, Word};
    let one = |kind, value: String| vec![AuditValueInfo { kind, value }];
    match value {
        AuditValue::Nothing => Vec::new(),
        AuditValue::Id(id) => one(Id, id.clone()),
        AuditValue::Word(word) => one(Word, word.clone()),
        AuditValue::Number(number) => one(Number, number.to_string()),
        AuditValue::Flag(flag) => one(Flag, flag.to_string()),
        AuditValue::Time(at) => one(Time, Timestamp(*at).to_string()),
        AuditValue::Amount { amount, currency } => one(Amount, format!("{amount} {currency}")),
        AuditValue::Text(text) => one(Text, text.clone()),
        AuditValue::List(all) => all.iter().flat_map(shown).collect(),
    }
}

/// Returns whether a viewer with this role sees the values of a field. Only superusers see fields that accounts show only to superusers.
pub fn is_shown(field: &str, viewer: Role) -> bool {
    field != "birth_date" || viewer == Role::Superuser
}

/// A field before and after a change.
#[derive(Serialize, ToSchema)]
pub struct AuditChangeInfo {
    /// The name of the field.
    #[schema(examples("roles"))]
    field: String,
    /// The values before the change. Empty for none, and, unless the caller is a superuser, for the day of birth.
    before: Vec<AuditValueInfo>,
    /// The values after the change, as in `before`.
    after: Vec<AuditValueInfo>,
}

impl AuditChangeInfo {
    fn new(field: String, ValueChange { before, after }: &ValueChange, viewer: Role) -> Self {
        let values = |value| if is_shown(&field, viewer) { shown(value) } else { Vec::new() };
        let (before, after) = (values(before), values(after));
        Self { field, before, after }
    }
}

/// The values of an entry, which are kept for 400 days.
#[derive(Serialize, ToSchema)]
pub struct AuditValuesInfo {
    /// What has changed.
    changes: Vec<AuditChangeInfo>,
    /// The version of what was changed, after the change, if it has versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<u64>,
    /// The network of the client, if it is known: a /24 or a /48.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("203.0.113.0/24"))]
    network: Option<String>,
    /// The reason that the member of staff stated. Absent if none was required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Asked for by phone."))]
    reason: Option<String>,
    /// The canonical form of the values: its SHA-256 is the commitment in the entry. Absent if it has a value that the caller may not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    form: Option<String>,
}

impl AuditValuesInfo {
    /// Returns the values as a viewer with this role sees them.
    fn new(values: AuditValues, viewer: Role) -> Self {
        let form = values.changes.keys().all(|field| is_shown(field, viewer)).then(|| values.canonical());
        let changes = values.changes.into_iter().map(|(field, change)| AuditChangeInfo::new(field, &change, viewer)).collect();
        let reason = values.reason.map(|reason| reason.to_string());
        Self { changes, version: values.version, network: values.network, reason, form }
    }
}

/// An entry with its values.
#[derive(Serialize, ToSchema)]
pub struct AuditEntryInfo {
    #[serde(flatten)]
    record: AuditRecordInfo,
    /// The canonical form of the entry: its SHA-256 is the hash of the entry.
    form: String,
    /// The hash of the entry, in base64url.
    hash: String,
    /// Whether the entry and its values are unchanged.
    intact: bool,
    /// The values. Absent if the change had none, after 400 days, and after the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    values: Option<AuditValuesInfo>,
}

impl AuditEntryInfo {
    /// Returns the entry as a viewer with this role sees it.
    pub fn new(record: AuditRecord, values: Option<AuditValues>, names: &Names, viewer: Role) -> Self {
        let committed = values.as_ref().is_none_or(|values| record.commitment == Some(values.commitment()));
        let (form, hash) = (record.canonical(), record.hash.clone());
        let intact = committed && record.computed_hash() == hash;
        let (record, values) = (AuditRecordInfo::new(record, names), values.map(|values| AuditValuesInfo::new(values, viewer)));
        Self { record, form, hash, intact, values }
    }
}

/// A seal over all entries of an interval.
#[derive(Serialize, ToSchema)]
pub struct SealInfo {
    /// The number of the seal, from 0.
    n: u64,
    /// The lowest id of the interval.
    from: AuditId,
    /// The lowest id after the interval.
    to: AuditId,
    /// How many entries the interval has.
    count: u64,
    /// The root of the tree over their hashes, in base64url.
    root: String,
    /// The hash of the seal before it, in base64url.
    prev: String,
    /// The hash of this seal: the SHA-256, in base64url, of its object in the bucket of seals.
    hash: String,
}

impl From<Seal> for SealInfo {
    fn from(seal: Seal) -> Self {
        let hash = seal.hash();
        let Seal { n, from, to, count, root, prev } = seal;
        Self { n, from, to, count, root, prev, hash }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;

    #[test]
    fn the_day_of_birth_is_for_superusers() {
        let text = |text: &str| AuditValue::Text(text.to_owned());
        let is_visible = |field: &str, viewer| {
            let change = ValueChange { before: AuditValue::Nothing, after: text("1987-06-05") };
            let values = AuditValues {
                id: AuditId::NIL,
                subject: UserId::NIL,
                at: Time::ZERO,
                salt: String::new(),
                changes: [(field.to_owned(), change)].into(),
                version: None,
                network: None,
                reason: None,
            };
            let AuditValuesInfo { changes, form, .. } = AuditValuesInfo::new(values, viewer);
            (changes.iter().any(|change| !change.after.is_empty()), form.is_some_and(|form| form.contains("1987-06-05")))
        };
        assert_eq!(is_visible("birth_date", Role::Administrator), (false, false));
        assert_eq!(is_visible("birth_date", Role::Superuser), (true, true));
        assert_eq!(is_visible("bio", Role::Administrator), (true, true));
    }

    #[test]
    fn lists_in_lists_are_shown_as_one() {
        let word = |word: &str| AuditValue::Word(word.to_owned());
        let list = AuditValue::List(vec![word("a"), AuditValue::List(vec![AuditValue::Flag(true), AuditValue::Nothing])]);
        let values: Vec<String> = shown(&list).into_iter().map(|shown| shown.value).collect();
        assert_eq!(values, ["a", "true"]);
        assert!(shown(&AuditValue::Nothing).is_empty());
    }
}
