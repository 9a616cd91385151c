//! The place in the table where the next run continues. Concurrent runs may both move it: repeated work is harmless, and skipped items are
//! examined in the next pass.

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

    /// Stores that the next run continues after `next`. Nothing is written if a pass begins and ends within one scan, or if `next` contains
    /// personal data: then the next run begins at an earlier place.
    pub async fn move_to(&mut self, table: &Table, next: Option<&Key>) -> Result<(), StoreError> {
        let kept = next.and_then(without_names);
        if kept.is_none() && (next.is_some() || self.partition.is_none()) {
            return Ok(());
        }
        self.partition = kept.as_ref().map(|key| key.partition().to_owned());
        self.sort = kept.as_ref().map(|key| key.sort().to_owned());
        let update = Update::upsert::<Self>(place()).set("partition", &self.partition).set("sort", &self.sort);
        // The update has no condition, so it cannot be refused.
        table.update(update).await.refused_is_fine()
    }
}

/// Sorts after everything else in a partition.
const END: &str = "\u{10ffff}";

/// Returns a key to continue from that contains no personal data, because the checkpoint is kept longer than accounts. The keys of claims
/// contain addresses, numbers and usernames: `None` for these, whose partitions have one item each. The sort keys of search entries contain
/// usernames, titles and words. Their partitions can be longer than what one run scans and contain no deletions, so the run continues after
/// the end of the partition.
fn without_names(key: &Key) -> Option<Key> {
    let is_of = |family: &str| key.partition().starts_with(family);
    if ["EMAIL#", "PHONE#", "USERNAME#"].into_iter().any(is_of) {
        return None;
    }
    let is_of_search = ["SEARCH#", "SUPPORT_WORD#"].into_iter().any(is_of);
    Some(if is_of_search { Key::new(key.partition(), END) } else { key.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_names_nobody() {
        let kept = |partition: &str, sort: &str| without_names(&Key::new(partition, sort));
        for (partition, sort) in [("EMAIL#ana@example.test", "EMAIL"), ("PHONE#+48600100200", "PHONE"), ("USERNAME#ana", "USERNAME")] {
            assert_eq!(kept(partition, sort), None, "{partition}");
        }
        let (list, user) = ("SEARCH#people#ALL", "usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP");
        assert_eq!(kept(list, &format!("ana_nowak\u{1}{user}")), Some(Key::new(list, END)));
        assert_eq!(kept("SUPPORT_WORD#n", "nowak#rom_01K9ZC4QW8V3T6R1NHXJ5B2MDP"), Some(Key::new("SUPPORT_WORD#n", END)));
        assert!(format!("żółw\u{1}{user}").as_str() < END);
        let own = format!("USER#{user}");
        assert_eq!(kept(&own, "USER"), Some(Key::new(own.as_str(), "USER")));
    }
}
