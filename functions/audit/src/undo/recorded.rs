//! An audit entry with the items that are needed to undo it.

use std::str::FromStr;

use accounts::{
    audit::{Action, AuditRecord, AuditValues, VALUES_KEPT, ValueChange},
    undo::{Field, Obstacle, Undone},
    user::User,
};
use kernel::{Kind, Problem, audit::AuditValue, id::AuditId};

/// An entry, its values, and the mark of its undo, which may no longer be valid.
pub struct Recorded {
    pub record: AuditRecord,
    values: Option<AuditValues>,
    pub undone: Option<Undone>,
    pub lapsed: Option<Undone>,
}

/// A field that an entry has changed.
pub struct Changed {
    pub name: String,
    pub was: AuditValue,
    pub became: AuditValue,
}

impl Changed {
    /// Returns the field with its value now.
    pub fn field(self, is_now: AuditValue, obstacle: Option<Obstacle>) -> Field {
        Field::of(&self.name, (self.was, self.became), is_now, obstacle)
    }
}

impl Recorded {
    /// Reads an entry. Values that do not match the commitment in the record count as deleted. A query and a batch.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    pub async fn read(s: &crate::State, id: AuditId) -> Result<Self, Problem> {
        let record = s.log.record(id).await?.ok_or(Kind::NotFound)?;
        let (values, mark) = (AuditValues::key_of(record.subject, id), Undone::key_of(record.subject, id));
        let person = User::key_of(record.subject);
        let mut found = s.table.get_many(vec![values.clone(), mark.clone(), person.clone()]).await?;
        let now = s.sys.now();
        let intact = |values: &AuditValues| record.commitment == Some(values.commitment());
        let values = found.take::<AuditValues>(&values)?.filter(|values| now < values.at + VALUES_KEPT && intact(values));
        let restoration = found.take::<User>(&person)?.and_then(|person| person.restoration);
        let (undone, lapsed) = match found.take::<Undone>(&mark)? {
            Some(mark) if mark.stands(now, restoration) => (Some(mark), None),
            mark => (None, mark),
        };
        Ok(Self { record, values, undone, lapsed })
    }

    /// Returns the changed fields. Fields with the same value before and after only identify the changed object, and are left out.
    pub fn changes(&self) -> Vec<Changed> {
        let Some(values) = &self.values else {
            let nothing = |name: &String| Changed { name: name.clone(), was: AuditValue::Nothing, became: AuditValue::Nothing };
            return self.record.fields.iter().map(nothing).collect();
        };
        // Two contacts can be masked to the same text.
        let is_masked = matches!(self.record.action, Action::ContactChanged | Action::ContactRestored);
        let different = values.changes.iter().filter(|(_, change)| is_masked || change.before != change.after);
        different.map(|(name, change)| Changed { name: name.clone(), was: change.before.clone(), became: change.after.clone() }).collect()
    }

    /// Returns whether its values are still stored.
    pub const fn has_values(&self) -> bool {
        self.values.is_some()
    }

    /// Returns the version of the changed object after the change.
    pub fn version(&self) -> Option<u64> {
        self.values.as_ref()?.version
    }

    /// Returns the value of a field before the change.
    pub fn was(&self, name: &str) -> Option<&AuditValue> {
        Some(&self.change(name)?.before)
    }

    /// Returns the value of a field after the change.
    pub fn became(&self, name: &str) -> Option<&AuditValue> {
        Some(&self.change(name)?.after)
    }

    fn change(&self, name: &str) -> Option<&ValueChange> {
        self.values.as_ref()?.changes.get(name)
    }

    /// Returns the id of the changed object, by the name of its field.
    pub fn about<T: FromStr>(&self, name: &str) -> Option<T> {
        id(self.was(name)?)
    }
}

/// Returns a value that is an id.
pub fn id<T: FromStr>(value: &AuditValue) -> Option<T> {
    match value {
        AuditValue::Id(id) => id.parse().ok(),
        _ => None,
    }
}

/// Returns a value that is a text.
pub fn text(value: &AuditValue) -> Option<&str> {
    match value {
        AuditValue::Text(text) => Some(text),
        _ => None,
    }
}
