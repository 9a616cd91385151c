//! Entries as staff see them.

use accounts::{
    audit::{Action, AuditRecord, AuditValues, Change},
    audit_seal::Seal,
};
use kernel::{
    Timestamp,
    audit::AuditValue,
    id::{AuditId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What stays of an entry for good.
#[derive(Serialize, ToSchema)]
pub struct AuditRecordInfo {
    id: AuditId,
    /// When.
    created_at: Timestamp,
    /// Who made the change. Absent for operators and the system itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor: Option<UserId>,
    /// What was done.
    action: Action,
    /// The account that it is about.
    subject: UserId,
    /// The names of what has changed.
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

impl From<AuditRecord> for AuditRecordInfo {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { id, at, actor, action, subject, fields, request, place, device, .. } = record;
        Self { id, created_at: at.into(), actor, action, subject, fields, request_id: request, place, device }
    }
}

/// What kind of value it is.
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

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditValueInfo {
    /// What kind of value it is.
    kind: AuditValueKind,
    /// The value as text.
    #[schema(examples("moderator"))]
    value: String,
}

/// A value as a list: empty for none, and with lists in lists as one.
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

/// A field before and after a change.
#[derive(Serialize, ToSchema)]
pub struct AuditChangeInfo {
    /// The name of the field.
    #[schema(examples("roles"))]
    field: String,
    /// Its values before. Empty for none.
    before: Vec<AuditValueInfo>,
    /// Its values after.
    after: Vec<AuditValueInfo>,
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
    /// What the commitment of the entry is the SHA-256 of.
    form: String,
}

impl From<AuditValues> for AuditValuesInfo {
    fn from(values: AuditValues) -> Self {
        let form = values.canonical();
        let change =
            |(field, Change { before, after }): (String, Change)| AuditChangeInfo { field, before: shown(&before), after: shown(&after) };
        let changes = values.changes.into_iter().map(change).collect();
        Self { changes, version: values.version, network: values.network, form }
    }
}

/// An entry with its values.
#[derive(Serialize, ToSchema)]
pub struct AuditEntryInfo {
    #[serde(flatten)]
    record: AuditRecordInfo,
    /// What the hash of the entry is the SHA-256 of.
    form: String,
    /// The hash of the entry, in base64url.
    hash: String,
    /// Whether it and its values are as they were written.
    intact: bool,
    /// The values. Absent if there were none, after 400 days, and after the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    values: Option<AuditValuesInfo>,
}

impl AuditEntryInfo {
    pub fn new(record: AuditRecord, values: Option<AuditValues>) -> Self {
        let committed = values.as_ref().is_none_or(|values| record.commitment == Some(values.commitment()));
        let (form, hash) = (record.canonical(), record.hash.clone());
        let intact = committed && record.computed_hash() == hash;
        Self { record: record.into(), form, hash, intact, values: values.map(Into::into) }
    }
}

/// A seal over all entries of an interval.
#[derive(Serialize, ToSchema)]
pub struct SealInfo {
    /// Its number, from 0.
    n: u64,
    /// The lowest id of the interval.
    from: AuditId,
    /// The lowest id after the interval.
    to: AuditId,
    /// How many entries it has.
    count: u64,
    /// The root of the tree over their hashes, in base64url.
    root: String,
    /// The hash of the seal before it, in base64url.
    prev: String,
    /// Its own hash: the SHA-256, in base64url, of what the bucket of seals has of it.
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
    use super::*;

    #[test]
    fn lists_in_lists_are_shown_as_one() {
        let word = |word: &str| AuditValue::Word(word.to_owned());
        let list = AuditValue::List(vec![word("a"), AuditValue::List(vec![AuditValue::Flag(true), AuditValue::Nothing])]);
        let values: Vec<String> = shown(&list).into_iter().map(|shown| shown.value).collect();
        assert_eq!(values, ["a", "true"]);
        assert!(shown(&AuditValue::Nothing).is_empty());
    }
}
