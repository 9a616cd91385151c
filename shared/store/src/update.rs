//! Updates of some attributes of one item.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::{
    Cond, Index, Key, StoreError, Stored,
    condition::{Names, value_of},
    index::RANKING,
};

/// An update of one item: the attributes to set, add and remove, and the condition.
///
/// ```text
/// Update::of(key).set("status", "used").add("tries", 1).when(field("status").eq("open"))
/// ```
#[derive(Debug)]
pub struct Update {
    pub(crate) key: Key,
    set: Vec<(&'static str, Result<AttributeValue, String>)>,
    set_if_absent: Vec<(&'static str, Result<AttributeValue, String>)>,
    add: Vec<(&'static str, i64)>,
    include: Vec<(&'static str, String)>,
    remove: Vec<&'static str>,
    condition: Option<Cond>,
}

impl Update {
    /// Returns an update of the item at `key`. Without a condition it can create the item.
    #[must_use]
    pub const fn of(key: Key) -> Self {
        Self { key, set: Vec::new(), set_if_absent: Vec::new(), add: Vec::new(), include: Vec::new(), remove: Vec::new(), condition: None }
    }

    /// Returns an update of the item at `key` that creates it with this kind if it does not exist.
    #[must_use]
    pub fn upsert<S: Stored>(key: Key) -> Self {
        Self::of(key).set("kind", S::KIND).set("v", S::VERSION)
    }

    /// Sets an attribute. `None` removes it.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Serialize) -> Self {
        match value_of(value) {
            Ok(AttributeValue::Null(_)) => self.remove.push(name),
            value => self.set.push((name, value)),
        }
        self
    }

    /// Sets an attribute unless it exists.
    #[must_use]
    pub fn set_if_absent(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.set_if_absent.push((name, value_of(value)));
        self
    }

    /// Adds to a number. An absent number counts as zero.
    #[must_use]
    pub fn add(mut self, name: &'static str, amount: i64) -> Self {
        self.add.push((name, amount));
        self
    }

    /// Sets an attribute to a set with this one text.
    #[must_use]
    pub fn set_of(mut self, name: &'static str, text: &str) -> Self {
        self.set.push((name, Ok(AttributeValue::Ss(vec![text.to_owned()]))));
        self
    }

    /// Adds a text to a set, if it is not in it. An absent set counts as empty.
    #[must_use]
    pub fn include(mut self, name: &'static str, text: &str) -> Self {
        self.include.push((name, text.to_owned()));
        self
    }

    /// Moves the item in a ranking by this amount. An item that is not in the ranking is added.
    #[must_use]
    pub fn rank(self, ranking: &str, by: i64) -> Self {
        let (_, pk, sk) = RANKING;
        self.set(pk, ranking).add(sk, by)
    }

    /// Removes an attribute.
    #[must_use]
    pub fn remove(mut self, name: &'static str) -> Self {
        self.remove.push(name);
        self
    }

    /// Puts the item into an index, or removes it.
    #[must_use]
    pub fn index(mut self, index: Index, key: Option<Key>) -> Self {
        let (_, pk, sk) = index.names();
        match key {
            Some(key) => {
                self.set.push((pk, Ok(AttributeValue::S(key.pk))));
                self.set.push((sk, Ok(AttributeValue::S(key.sk))));
            }
            None => self.remove.extend([pk, sk]),
        }
        self
    }

    /// Sets when DynamoDB may delete the item.
    #[must_use]
    pub fn expires(self, at: kernel::Time) -> Self {
        self.set("ttl", at.seconds().saturating_add(1))
    }

    /// Adds a condition. All conditions have to hold.
    #[must_use]
    pub fn when(mut self, condition: Cond) -> Self {
        self.condition = Some(match self.condition {
            Some(already) => already.and(condition),
            None => condition,
        });
        self
    }

    pub(crate) fn expressions(self, names: &mut Names) -> Result<(Key, String, Option<String>), StoreError> {
        let mut sets = Vec::new();
        for (name, value) in self.set {
            sets.push(format!("{} = {}", names.name(name), names.value(value)?));
        }
        for (name, value) in self.set_if_absent {
            let (n, v) = (names.name(name), names.value(value)?);
            sets.push(format!("{n} = if_not_exists({n}, {v})"));
        }
        let mut adds = Vec::new();
        for (name, amount) in self.add {
            adds.push(format!("{} {}", names.name(name), names.value(value_of(amount))?));
        }
        for (name, text) in self.include {
            adds.push(format!("{} {}", names.name(name), names.value(Ok(AttributeValue::Ss(vec![text])))?));
        }
        let removes: Vec<_> = self.remove.into_iter().map(|name| names.name(name)).collect();
        let clauses = [("SET", sets), ("ADD", adds), ("REMOVE", removes)];
        let expression = clauses
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect::<Vec<_>>()
            .join(" ");
        let condition = self.condition.map(|c| names.condition(c)).transpose()?;
        Ok((self.key, expression, condition))
    }
}
