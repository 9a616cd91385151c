//! Categories of products.

use kernel::id::CategoryId;
use search::normal;
use serde::{Deserialize, Serialize};
use store::{About, BoundedList, Cond, CountedList, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field, version_is};

use crate::text::CategoryTitle;

/// The most categories.
const MAX: u32 = 200;
/// The partition of all categories.
const PARTITION: &str = "CATEGORIES";
/// The list of all categories.
pub const CATEGORIES: BoundedList = BoundedList::new("categories", PARTITION, MAX);

/// A category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The id.
    pub id: CategoryId,
    /// Its name, which no other category has.
    pub name: CategoryTitle,
    /// The number of products in the category.
    pub products: u32,
    /// Increased by every other name and by the deletion, which can be undone, and not by products.
    #[serde(default = "store::first_version")]
    pub version: u64,
}

impl Category {
    /// Returns the key of a category.
    #[must_use]
    pub fn key_of(id: CategoryId) -> Key {
        Key::new(PARTITION, id.to_string())
    }

    /// Adds the category to a transaction. The first slot is refused if another one has its name, the second one if there are too many.
    pub fn create(&self, tx: &mut Tx, all: &CountedList) -> (Slot, Slot) {
        tx.create(self);
        (tx.create(&CategoryName::of(&self.name, self.id)), all.grow(tx))
    }

    /// Returns the category with another name.
    #[must_use]
    pub fn named(&self, name: CategoryTitle) -> Self {
        Self { name, version: self.next_version(), ..self.clone() }
    }

    /// Returns the version after the next change. A category whose deletion is undone has the one after its deletion.
    #[must_use]
    pub const fn next_version(&self) -> u64 {
        self.version.saturating_add(1)
    }

    /// Adds another name of the category to a transaction: the first slot is refused if the category has changed, the second one if
    /// another category has the name.
    pub fn rename(&self, tx: &mut Tx, name: &CategoryTitle) -> (Slot, Option<Slot>) {
        let next = self.named(name.clone());
        let update = Update::of(self.key()).set("name", &next.name).set("version", next.version);
        let update = update.when(field("name").eq(&self.name).and(version_is(self.version)));
        let (old, new) = (CategoryName::of(&self.name, self.id), CategoryName::of(name, self.id));
        let same = tx.update(update);
        if old == new {
            return (same, None);
        }
        tx.delete(old.key());
        (same, Some(tx.create(&new)))
    }

    /// Adds the deletion of the category to a transaction. The slot is refused if there are products in it.
    pub fn delete(&self, tx: &mut Tx, all: &CountedList) -> Slot {
        tx.delete(CategoryName::of(&self.name, self.id).key());
        all.shrink(tx);
        // The version is a condition too, because a category that was renamed in the meantime has another claim.
        tx.delete_when(self.key(), field("products").eq(0).and(version_is(self.version)))
    }
}

/// Adds a change of the number of products in a category to a transaction. The slot is refused if there is no such category.
pub(crate) fn count(tx: &mut Tx, category: CategoryId, by: i64) -> Slot {
    tx.update(Update::of(Category::key_of(category)).add("products", by).when(Cond::Exists))
}

impl Item for Category {
    const KIND: &'static str = "category";
    const ABOUT: About = About::at(PARTITION, "{category}", Personal::Nobody("a category of the shop"));
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// The claim of a category's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryName {
    name: String,
    /// The category.
    pub category: CategoryId,
}

impl CategoryName {
    /// Returns the key of a name.
    #[must_use]
    pub fn key_of(name: &CategoryTitle) -> Key {
        Self::key_of_normal(&normal(name.as_str()))
    }

    fn key_of_normal(name: &str) -> Key {
        Key::new(format!("CATEGORY_NAME#{name}"), "CATEGORY_NAME")
    }

    fn of(name: &CategoryTitle, category: CategoryId) -> Self {
        Self { name: normal(name.as_str()), category }
    }
}

impl Item for CategoryName {
    const KIND: &'static str = "category_name";
    const ABOUT: About = About::at("CATEGORY_NAME#{name}", "CATEGORY_NAME", Personal::Nobody("the name of a category"));
    fn key(&self) -> Key {
        Self::key_of_normal(&self.name)
    }
}

/// Returns all categories, by name. One query of at most 200 items.
///
/// # Errors
/// [`StoreError`]
pub async fn all(table: &Table) -> Result<Vec<Category>, StoreError> {
    let mut all = table.query::<Category>(Range::of(PARTITION).limit(MAX)).await?.items;
    all.sort_by_cached_key(|category| normal(category.name.as_str()));
    Ok(all)
}
