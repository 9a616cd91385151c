//! Undoing the renaming of a category.

use accounts::{
    audit::Action,
    staff::{self, Actor, Role},
    undo::{Field, Obstacle},
};
use commerce::{
    category::{Category, CategoryName},
    text::CategoryTitle,
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
    id::CategoryId,
};
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, impossible_value},
    recorded::{Changed, Recorded, text},
};

/// A category, and the category that has its former name.
pub struct Target {
    who: Actor,
    category: Option<Category>,
    named: Option<CategoryId>,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let Some(id) = entry.about::<CategoryId>("category") else { return Ok(Self { who, category: None, named: None }) };
        let category = Category::key_of(id);
        let name = entry.was("name").and_then(title).map(|name| CategoryName::key_of(&name));
        let mut found = table.get_many([Some(category.clone()), name.clone()].into_iter().flatten().collect()).await?;
        let named = name.map(|key| found.take::<CategoryName>(&key)).transpose()?.flatten().map(|claim| claim.category);
        Ok(Self { who, category: found.take(&category)?, named })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.category.as_ref().map_or(AuditValue::Nothing, |category| category.name.audited());
            let obstacle = match &self.category {
                None => Some(Obstacle::Gone),
                Some(_) if changed.name != "name" || title(&changed.was).is_none() => Some(Obstacle::Never),
                Some(category) if self.named.is_some_and(|other| other != category.id) => Some(Obstacle::Taken),
                Some(_) => None,
            };
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    pub fn plan(self, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let before = self.category.ok_or_else(impossible_value)?;
        let name = fields.first().and_then(|field| title(&field.was)).ok_or_else(impossible_value)?;
        let (same, free) = before.rename(tx, &name);
        let still = staff::require(tx, self.who.user, Role::Administrator);
        let entry = entry(Action::CategoryChanged, self.who.user).changed("category", before.id, before.id);
        let shown = [Some(same), free].into_iter().flatten().collect();
        Ok(Planned::new(entry.changed("name", &before.name, &name), shown, Allowed::Role(still)))
    }
}

fn title(was: &AuditValue) -> Option<CategoryTitle> {
    CategoryTitle::parse(text(was)?).ok()
}
