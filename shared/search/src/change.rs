//! Changes of the index, in the transaction that changes the record.

use std::collections::BTreeMap;

use events::{Outbox, search::SearchUnfinished};
use kernel::crypto::short_hash;
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Conditional as _, Item, Key, Personal, Slot, StoreError, Table, Tx, field};

use crate::{Catalogue, SearchEntry, entry::Posting};

/// A change of the index that does not fit into the transaction of its record. While this item exists, the record cannot be changed again.
///
/// Outdated items are deleted first, so that a record is never in a list twice. It may be missing in some lists for a moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unfinished {
    catalogue: Catalogue,
    id: String,
    old: Option<SearchEntry>,
    new: Option<SearchEntry>,
    /// A hash of the change: changes with equal content are equal.
    content: String,
}

/// The changes of the index in a transaction.
#[must_use = "the transaction is committed by it"]
#[derive(Debug)]
pub struct IndexChange {
    catalogue: Catalogue,
    id: String,
    unfinished: Option<Unfinished>,
    /// The write that is refused while an earlier change is unfinished.
    free: Option<Slot>,
}

/// One write of the index.
enum Write {
    Delete(Key),
    Put(Box<Posting>),
}

impl Catalogue {
    /// Adds the index entries of a new record to the transaction that creates it. Call it after all other writes were added, because it
    /// uses the remaining room. Commit the transaction with [`IndexChange::commit`].
    pub fn add(self, tx: &mut Tx, new: &SearchEntry) -> IndexChange {
        self.write(tx, None, Some(new))
    }

    /// Changes the index entries of a record, in the transaction that changes the record under the condition that it was unchanged.
    /// Otherwise like [`Catalogue::add`].
    pub fn change(self, tx: &mut Tx, old: &SearchEntry, new: &SearchEntry) -> IndexChange {
        if old == new {
            return IndexChange { catalogue: self, id: new.id.clone(), unfinished: None, free: None };
        }
        self.write(tx, Some(old), Some(new))
    }

    /// Removes a record from the index, in the transaction that deletes the record. Otherwise like [`Catalogue::add`].
    pub fn remove(self, tx: &mut Tx, old: &SearchEntry) -> IndexChange {
        self.write(tx, Some(old), None)
    }

    fn write(self, tx: &mut Tx, old: Option<&SearchEntry>, new: Option<&SearchEntry>) -> IndexChange {
        let writes = self.writes(old, new);
        let id = old.or(new).map(|entry| entry.id.clone()).unwrap_or_default();
        if writes.len() < tx.room() {
            let free = old.map(|_| tx.check(Unfinished::key_of(self, &id), Cond::Absent));
            for write in writes {
                write.add_to(tx);
            }
            return IndexChange { catalogue: self, id, unfinished: None, free };
        }
        let content = short_hash(format!("{old:?} {new:?}"));
        let unfinished = Unfinished { catalogue: self, id: id.clone(), old: old.cloned(), new: new.cloned(), content };
        let free = Some(tx.create(&unfinished));
        // Reserves one write for the event.
        let room = tx.room().saturating_sub(1);
        writes.into_iter().take(room).for_each(|write| write.add_to(tx));
        IndexChange { catalogue: self, id, unfinished: Some(unfinished), free }
    }

    /// Returns the writes, in order. Postings that stay as they are need none.
    fn writes(self, old: Option<&SearchEntry>, new: Option<&SearchEntry>) -> Vec<Write> {
        let postings = |entry: Option<&SearchEntry>| entry.map(|entry| entry.postings(self)).unwrap_or_default();
        let (old, new) = (by_key(postings(old)), by_key(postings(new)));
        let outdated = old.values().map(Posting::key).filter(|key| !new.contains_key(&parts(key))).map(Write::Delete);
        let changed = new.iter().filter(|(key, posting)| old.get(*key) != Some(*posting));
        outdated.chain(changed.map(|(_, posting)| Write::Put(Box::new(posting.clone())))).collect()
    }

    /// Finishes the unfinished change of a record, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]; idempotent, may be repeated at any point.
    pub async fn finish(self, table: &Table, id: impl ToString) -> Result<(), StoreError> {
        match table.get::<Unfinished>(Unfinished::key_of(self, &id.to_string())).await? {
            Some(unfinished) => unfinished.finish(table).await,
            None => Ok(()),
        }
    }

    /// Deletes a record from the index. The record must not be changed concurrently.
    ///
    /// # Errors
    /// [`StoreError`]; idempotent, may be repeated at any point.
    pub async fn purge(self, table: &Table, old: &SearchEntry) -> Result<(), StoreError> {
        self.finish(table, &old.id).await?;
        table.delete_many(old.postings(self).iter().map(Posting::key).collect()).await
    }
}

fn by_key(postings: Vec<Posting>) -> BTreeMap<(String, String), Posting> {
    postings.into_iter().map(|posting| (parts(&posting.key()), posting)).collect()
}

fn parts(key: &Key) -> (String, String) {
    (key.partition().to_owned(), key.sort().to_owned())
}

impl Write {
    fn add_to(self, tx: &mut Tx) {
        match self {
            Self::Delete(key) => tx.delete(key),
            Self::Put(posting) => tx.put_always(&*posting),
        };
    }
}

impl IndexChange {
    /// Commits the transaction, and makes the writes that did not fit into it.
    ///
    /// If an earlier change of the record is unfinished, it is finished and the transaction is refused. The caller can then repeat it.
    ///
    /// # Errors
    /// The errors of [`Table::commit`].
    pub async fn commit(self, table: &Table, mut tx: Tx) -> Result<(), CommitError> {
        if self.unfinished.is_some() {
            Outbox::add(&mut tx, table.sys(), &SearchUnfinished { catalogue: self.catalogue.to_string(), record: self.id.clone() });
        }
        let committed = table.commit(tx).await;
        match &committed {
            Ok(()) => {
                // The record is written. If this fails, the consumer of the event finishes the change.
                if let Some(unfinished) = self.unfinished
                    && let Err(e) = unfinished.finish(table).await
                {
                    tracing::warn!(error = %e, "a change of the search index is unfinished");
                }
            }
            Err(refused) if self.free.is_some_and(|slot| refused.refused(slot)) => self.catalogue.finish(table, &self.id).await?,
            Err(_) => {}
        }
        committed
    }
}

impl Unfinished {
    fn key_of(catalogue: Catalogue, id: &str) -> Key {
        Key::new(format!("SEARCH_UNFINISHED#{catalogue}#{id}"), "UNFINISHED")
    }

    /// Makes all writes, also those that the transaction of the record has made. Each transaction has the condition that the change is
    /// still unfinished, so that a concurrent second run changes nothing afterwards.
    async fn finish(self, table: &Table) -> Result<(), StoreError> {
        let same = || field("content").eq(&self.content);
        let mut writes = self.catalogue.writes(self.old.as_ref(), self.new.as_ref()).into_iter();
        loop {
            let mut tx = Tx::new();
            let last = writes.len() < tx.room();
            if last {
                tx.delete_when(self.key(), same());
            } else {
                tx.check(self.key(), same());
            }
            let room = tx.room();
            writes.by_ref().take(room).for_each(|write| write.add_to(&mut tx));
            let applied = table.commit(tx).await.applied()?;
            if last || !applied {
                return Ok(());
            }
        }
    }
}

impl Item for Unfinished {
    const KIND: &'static str = "search_unfinished";
    const ABOUT: About =
        About::at("SEARCH_UNFINISHED#{list}", "UNFINISHED", Personal::Withheld("a copy of data of the record that it leads to"))
            .removed_by("search");
    fn key(&self) -> Key {
        Self::key_of(self.catalogue, &self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titled(title: &str) -> SearchEntry {
        SearchEntry::titled("mdl_1", title)
    }

    fn count(old: Option<&SearchEntry>, new: Option<&SearchEntry>) -> (usize, usize) {
        let writes = Catalogue::Models.writes(old, new);
        let deleted = writes.iter().filter(|write| matches!(write, Write::Delete(_))).count();
        assert!(writes.iter().skip(deleted).all(|write| matches!(write, Write::Put(_))), "what is outdated is deleted first");
        (deleted, writes.len().saturating_sub(deleted))
    }

    #[test]
    fn what_stays_at_its_key_is_not_deleted() {
        let (old, new) = (titled("Red bike"), titled("Red car"));
        let postings = |entry: &SearchEntry| entry.postings(Catalogue::Models).len();
        assert_eq!(count(Some(&old), Some(&new)), (postings(&old), postings(&new)));
        // The same normal form, so the same keys.
        assert_eq!(count(Some(&old), Some(&titled("RED BIKE"))), (0, postings(&old)));
        assert_eq!(count(Some(&old), None), (postings(&old), 0));
    }

    #[test]
    fn a_large_change_leaves_something_to_do() {
        let long: String = ('\u{4e00}'..='\u{4e63}').collect();
        for (old, new, whole) in [
            (None, Some(titled("Red bike")), true),
            (Some(titled("Red bike")), Some(titled("Red car")), true),
            (Some(titled(&long)), Some(titled("Red car")), false),
            (Some(titled("Red bike")), Some(titled("Red bike")), true),
        ] {
            let mut tx = Tx::new();
            let change = Catalogue::Models.write(&mut tx, old.as_ref(), new.as_ref());
            assert_eq!(change.unfinished.is_none(), whole, "{old:?}");
            assert!(whole || tx.room() == 1);
            assert!(change.unfinished.is_none_or(|unfinished| unfinished.content.len() == 32));
        }
    }
}
