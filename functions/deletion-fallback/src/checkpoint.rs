//! The place in the table where the next run continues. Concurrent runs may both move it: repeated work is harmless, and
//! skipped items come with the next pass.

use serde::{Deserialize, Serialize};
use store::{About, Conditional as _, Item, Key, Personal, StoreError, Table, Update};

/// The next run continues after this item.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    partition: Option<String>,
    sort: Option<String>,
}

impl Item for Checkpoint {
    const KIND: &'static str = "deletion_checkpoint";
    const ABOUT: About = About::at("DELETION_FALLBACK", "CHECKPOINT", Personal::Nobody("a key without an address or a name"));
    fn key(&self) -> Key {
        place()
    }
}

fn place() -> Key {
    Key::new("DELETION_FALLBACK", "CHECKPOINT")
}

impl Checkpoint {
    pub async fn load(table: &Table) -> Result<Self, StoreError> {
        Ok(table.get(place()).await?.unwrap_or_default())
    }

    pub fn key(&self) -> Option<Key> {
        self.partition.clone().zip(self.sort.clone()).map(|(partition, sort)| Key::new(partition, sort))
    }

    /// Nothing is written if a pass begins and ends within one scan, nor if the key would identify somebody: claims of
    /// addresses and usernames have them in their keys, and this item outlives the account. The next run then begins at an
    /// earlier place.
    pub async fn move_to(&mut self, table: &Table, next: Option<&Key>) -> Result<(), StoreError> {
        let names_somebody = |key: &Key| ["EMAIL#", "USERNAME#"].iter().any(|p| key.partition().starts_with(p));
        if (self.partition.is_none() && next.is_none()) || next.is_some_and(names_somebody) {
            return Ok(());
        }
        self.partition = next.map(|key| key.partition().to_owned());
        self.sort = next.map(|key| key.sort().to_owned());
        let update = Update::upsert::<Self>(place()).set("partition", &self.partition).set("sort", &self.sort);
        // Without a condition nothing is refused.
        table.update(update).await.refused_is_fine()
    }
}
