//! Undoing the renaming or the deletion of a category. Only an empty category is deleted, so that its name is all that is restored, with the
//! claim of it.

use accounts::{
    audit::Action,
    staff::{self, Actor, Role},
    undo::{Field, Obstacle},
};
use commerce::{
    category::{CATEGORIES, Category, CategoryName},
    text::CategoryTitle,
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
    id::CategoryId,
};
use store::{Table, Tx, first_version};

use super::{
    planned::{Allowed, MakeEntry, Planned, impossible_value},
    recorded::{Changed, Recorded, text},
};

/// A category, and the category that has its former name.
pub struct Target {
    who: Actor,
    id: Option<CategoryId>,
    category: Option<Category>,
    named: Option<CategoryId>,
    /// Whether the change is its deletion.
    deleted: bool,
    /// Its version after the change.
    version: u64,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let deleted = entry.record.action == Action::CategoryDeleted;
        let version = entry.version().unwrap_or_else(first_version);
        let Some(id) = entry.about::<CategoryId>("category") else {
            return Ok(Self { who, id: None, category: None, named: None, deleted, version });
        };
        let category = Category::key_of(id);
        let name = entry.was("name").and_then(title).map(|name| CategoryName::key_of(&name));
        let mut found = table.get_many([Some(category.clone()), name.clone()].into_iter().flatten().collect()).await?;
        let named = name.map(|key| found.take::<CategoryName>(&key)).transpose()?.flatten().map(|claim| claim.category);
        Ok(Self { who, id: Some(id), category: found.take(&category)?, named, deleted, version })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.category.as_ref().map_or(AuditValue::Nothing, |category| category.name.audited());
            let obstacle = match &self.category {
                None if !self.deleted || self.id.is_none() => Some(Obstacle::Gone),
                None if title(&changed.was).is_none() => Some(Obstacle::Never),
                None => self.named.map(|_| Obstacle::Taken),
                // It is there again: there is nothing to restore.
                Some(category) if self.deleted => (category.name.audited() != changed.was).then_some(Obstacle::Never),
                Some(_) if changed.name != "name" || title(&changed.was).is_none() => Some(Obstacle::Never),
                Some(category) if self.named.is_some_and(|other| other != category.id) => Some(Obstacle::Taken),
                Some(_) => None,
            };
            changed.field(is_now, obstacle)
        };
        // The id of a deleted category comes back with its name, and is no field of its own.
        entry.changes().into_iter().filter(|changed| !self.deleted || changed.name == "name").map(field).collect()
    }

    pub async fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let name = fields.first().and_then(|field| title(&field.was)).ok_or_else(impossible_value)?;
        if self.deleted {
            return self.restore(s, tx, entry, name).await;
        }
        let before = self.category.ok_or_else(impossible_value)?;
        let (same, free) = before.rename(tx, &name);
        let version = before.next_version();
        let still = staff::require(tx, self.who.user, Role::Administrator);
        let entry = entry(Action::CategoryChanged, self.who.user).changed("category", before.id, before.id);
        let shown = [Some(same), free].into_iter().flatten().collect();
        Ok(Planned::new(entry.changed("name", &before.name, &name).to_version(version), shown, Allowed::Role(still)))
    }
}

impl Target {
    /// Makes the deleted category anew, with its id. Its versions go on, so that nobody changes it by one from before the deletion.
    async fn restore(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, name: CategoryTitle) -> Result<Planned, Problem> {
        let id = self.id.filter(|_| self.category.is_none()).ok_or_else(impossible_value)?;
        let all = CATEGORIES.counted(&s.table).await?;
        if !all.has_room() {
            return Err(CATEGORIES.full());
        }
        let category = Category { id, name, products: 0, version: self.version };
        let (free, room) = category.create(tx, &all);
        let still = staff::require(tx, self.who.user, Role::Administrator);
        let entry = entry(Action::CategoryCreated, self.who.user).changed("category", (), id).changed("name", (), &category.name);
        Ok(Planned::new(entry.to_version(category.version), vec![free, room], Allowed::Role(still)))
    }
}

fn title(was: &AuditValue) -> Option<CategoryTitle> {
    CategoryTitle::parse(text(was)?).ok()
}
