//! The catalogue of models. A model is a record with a title and a country that belongs to its owner, and that everybody can find.

use accounts::{
    Resource,
    purge::Purged,
    user::{Status, User, owned, owned_partition},
};
use countries::Country;
use kernel::{
    Time,
    id::{Id as _, ModelId, UserId},
};
use search::{Catalogue, SearchEntry};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Conditional as _, Index, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field};

store::items![Model];

kernel::lines! {
    /// The title of a model.
    Title 1 100;
}

/// The name of the search label with a model's country.
pub const COUNTRY: &str = "country";
/// The number of models that one call of [`purge`] deletes.
const PURGED_AT_ONCE: u32 = 25;

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// The owner, who created it and may change it.
    pub owner: UserId,
    /// Its title.
    pub title: Title,
    /// Its country.
    pub country: Country,
    /// Increased by every change. It is the `ETag`.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
}

impl Item for Model {
    const KIND: &'static str = "model";
    const ABOUT: About =
        About::at("MODEL#{model}", "MODEL", Personal::Exported(&["id", "title", "country", "created_at"])).owned().removed_by("models");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, owned(self.owner, &self.key()))]
    }
}

impl Resource for Model {
    type Path = ModelId;
    fn key_for(_: UserId, id: ModelId) -> Option<Key> {
        Some(Self::key_of(id))
    }
}

/// Why a change was not made.
#[derive(Debug)]
pub enum NotChanged {
    /// The model has another version now, or was deleted.
    Version,
    /// Another error.
    Other(CommitError),
}

impl Model {
    /// Returns the key of a model.
    #[must_use]
    pub fn key_of(id: ModelId) -> Key {
        Key::new(format!("MODEL#{id}"), "MODEL")
    }

    /// Creates a new model. Its time of creation is that of its id.
    #[must_use]
    pub fn new(id: ModelId, owner: UserId, title: Title, country: Country) -> Self {
        Self { id, owner, title, country, version: 1, created_at: Self::made_at(id) }
    }

    /// Returns the time of creation of the model with this id.
    #[must_use]
    pub fn made_at(id: ModelId) -> Time {
        Time::from_millis(i64::try_from(id.ulid().timestamp_ms()).unwrap_or_default())
    }

    /// Returns the entry of the model in the search index.
    #[must_use]
    pub fn entry(&self) -> SearchEntry {
        SearchEntry::titled(self.id, &self.title.to_string()).owned_by(self.owner).labelled(COUNTRY, self.country)
    }

    /// Stores a new model, if its owner's account is active. One transaction.
    ///
    /// # Errors
    /// [`CommitError`]
    pub async fn create(&self, table: &Table) -> Result<(), CommitError> {
        let mut tx = Tx::new();
        tx.check(User::key_of(self.owner), field("status").eq(Status::Active));
        tx.create(self);
        Catalogue::Models.add(&mut tx, &self.entry()).commit(table, tx).await
    }

    /// Changes the title and the country, if the model is unchanged since it was read, and returns the new version. One transaction; none
    /// if nothing differs.
    ///
    /// # Errors
    /// [`NotChanged`]
    pub async fn change(&self, table: &Table, title: Title, country: Country) -> Result<Self, NotChanged> {
        if (&title, &country) == (&self.title, &self.country) {
            return Ok(self.clone());
        }
        let mut tx = Tx::new();
        let update = Update::of(self.key()).set("title", &title).set("country", country).add("version", 1);
        let record = tx.update(update.when(field("version").eq(self.version)));
        let new = Self { title, country, version: self.version.saturating_add(1), ..self.clone() };
        let change = Catalogue::Models.change(&mut tx, &self.entry(), &new.entry());
        change.commit(table, tx).await.map_err(|e| NotChanged::of(e, record))?;
        Ok(new)
    }

    /// Deletes the model, if it is unchanged since it was read. One transaction.
    ///
    /// # Errors
    /// [`NotChanged`]
    pub async fn delete(&self, table: &Table) -> Result<(), NotChanged> {
        let mut tx = Tx::new();
        let record = tx.delete_when(self.key(), field("version").eq(self.version));
        let change = Catalogue::Models.remove(&mut tx, &self.entry());
        change.commit(table, tx).await.map_err(|e| NotChanged::of(e, record))
    }
}

impl NotChanged {
    fn of(e: CommitError, record: Slot) -> Self {
        if e.refused(record) { Self::Version } else { Self::Other(e) }
    }
}

impl From<NotChanged> for kernel::Problem {
    #[track_caller]
    fn from(e: NotChanged) -> Self {
        match e {
            NotChanged::Version => kernel::Kind::VersionMismatch.into(),
            NotChanged::Other(e) => e.into(),
        }
    }
}

/// Deletes a bounded part of a person's models.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub async fn purge(table: &Table, user: UserId) -> Result<Purged, StoreError> {
    let theirs = Range::of_index(Index::Owner, owned_partition(user)).prefix("MODEL#").limit(PURGED_AT_ONCE);
    let page = table.query::<Model>(theirs).await?;
    for model in &page.items {
        match model.delete(table).await {
            // If the model was changed or deleted in the meantime, the next call handles it.
            Ok(()) | Err(NotChanged::Version) => {}
            Err(NotChanged::Other(e)) => Err::<(), _>(e).refused_is_fine()?,
        }
    }
    Ok(if page.items.is_empty() { Purged::Done } else { Purged::More })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_one_to_a_hundred_characters() {
        for (typed, expected) in
            [(" Red bike ", Ok("Red bike")), ("", Err("required")), (" \u{200b} ", Err("required")), ("a\u{1b}b", Err("characters"))]
        {
            let title = Title::parse(typed).map(|title| title.to_string()).map_err(|e| e.code);
            assert_eq!(title.as_deref().map_err(|code| *code), expected, "{typed:?}");
        }
        assert!(Title::parse(&"ż".repeat(100)).is_ok() && Title::parse(&"ż".repeat(101)).is_err_and(|e| e.code == "too_long"));
    }
}
