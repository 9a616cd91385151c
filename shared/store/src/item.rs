//! Items and their keys.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use kernel::Time;
use serde::{Serialize, de::DeserializeOwned};

use crate::{About, Index, StoreError};

/// The primary key of an item. It is built only by constructors beside the item's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    /// Creates a key of these two parts.
    #[must_use]
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// Returns the partition key.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.pk
    }

    /// Returns the sort key.
    #[must_use]
    pub fn sort(&self) -> &str {
        &self.sk
    }

    /// Returns a word for the type of the key's item, without personal data: see [`family`].
    pub(crate) fn family(&self) -> &str {
        family(&self.pk, &self.sk)
    }

    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([("pk".to_owned(), AttributeValue::S(self.pk.clone())), ("sk".to_owned(), AttributeValue::S(self.sk.clone()))])
    }

    pub(crate) fn of(row: &HashMap<String, AttributeValue>) -> Option<Self> {
        let part = |name| row.get(name).and_then(|v| v.as_s().ok()).cloned();
        Some(Self { pk: part("pk")?, sk: part("sk")? })
    }
}

/// Returns the family of a key, for logs: the first part of the sort key if it is a word in capitals such as `SESSION`, otherwise the first
/// part of the partition key. Parts with personal data are never words in capitals.
pub(crate) fn family<'a>(pk: &'a str, sk: &'a str) -> &'a str {
    let word = |key: &'a str| key.split('#').next().filter(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    word(sk).or_else(|| word(pk)).unwrap_or("OTHER")
}

/// A type of item that can be read. Every [`Item`] is one. Types that are not an [`Item`] are written only by [`crate::Update`]s, because
/// their keys do not follow from their content.
pub trait Stored: Listed + DeserializeOwned {
    /// See [`Item::KIND`].
    const KIND: &'static str;
    /// See [`Item::VERSION`].
    const VERSION: u32 = 1;
    /// See [`Item::ABOUT`].
    const ABOUT: About;
}

impl<I: Item> Stored for I {
    const KIND: &'static str = I::KIND;
    const VERSION: u32 = I::VERSION;
    const ABOUT: About = I::ABOUT;
}

/// A type of item that can be put: its content determines its key.
pub trait Item: Listed + Serialize + DeserializeOwned {
    /// Stored as `kind`. Reading an item of another kind is [`StoreError::Corrupt`].
    const KIND: &'static str;
    /// The version of the attributes, stored as `v`.
    const VERSION: u32 = 1;
    /// The description of its keys and of what happens to its personal data.
    const ABOUT: About;
    /// Returns the key of the item.
    fn key(&self) -> Key;
    /// Returns the keys of the item in the indexes.
    fn indexes(&self) -> Vec<(Index, Key)> {
        Vec::new()
    }
    /// Returns when DynamoDB may delete the item (TTL). Readers have to compare the time with the clock too, because DynamoDB deletes late.
    fn expires(&self) -> Option<Time> {
        None
    }
}

/// A type of item with its name and description. Built by [`items!`](crate::items).
#[derive(Clone, Copy, Debug)]
pub struct ItemKind {
    /// [`Stored::KIND`]
    pub name: &'static str,
    /// [`Stored::VERSION`]
    pub version: u32,
    /// The crate that stores it.
    pub package: &'static str,
    /// The description of the type.
    pub about: About,
}

impl ItemKind {
    /// Returns the entry for the type `S`.
    #[must_use]
    pub const fn of<S: Stored>() -> Self {
        Self { name: S::KIND, version: S::VERSION, package: S::CRATE, about: S::ABOUT }
    }
}

/// Marker trait: the type is in its crate's list of items. Only [`items!`](crate::items) implements it, so that a type that is missing in
/// the list does not compile.
pub trait Listed {
    /// The name of the crate.
    const CRATE: &'static str;
}

/// Lists every type of item that a crate stores, as its `ITEMS`.
///
/// ```text
/// store::items![Session, Device];
/// ```
///
/// A generic type follows after a semicolon, with each of its stored instances:
///
/// ```text
/// store::items![Book; <C: ContactKind> Pending<C>: Pending<Email>, Pending<Phone>];
/// ```
#[macro_export]
macro_rules! items {
    ($($item:ty),* $(; <$parameter:ident: $bound:path> $generic:ty: $($concrete:ty),+)?) => {
        $(impl $crate::Listed for $item {
            const CRATE: &'static str = env!("CARGO_PKG_NAME");
        })*
        $(impl<$parameter: $bound> $crate::Listed for $generic {
            const CRATE: &'static str = env!("CARGO_PKG_NAME");
        })?

        /// Every type of item that this crate stores.
        pub const ITEMS: &[$crate::ItemKind] =
            &[$($crate::ItemKind::of::<$item>(),)* $($($crate::ItemKind::of::<$concrete>(),)+)?];
    };
}

/// An item as read from the table, of any type.
#[derive(Clone, Debug)]
pub struct Row(pub(crate) HashMap<String, AttributeValue>);

impl Row {
    /// Returns the item as this type.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is of another kind or does not decode.
    pub fn decode<I: Stored>(self) -> Result<I, StoreError> {
        if !self.is::<I>() {
            return Err(self.corrupt::<I>("another kind"));
        }
        let family = self.family();
        serde_dynamo::from_item(self.0).map_err(|_| StoreError::Corrupt { kind: I::KIND, family, why: "does not decode" })
    }

    /// Returns whether the item is of this type.
    #[must_use]
    pub fn is<I: Stored>(&self) -> bool {
        self.kind() == I::KIND
    }

    /// Returns the kind of the item. Empty if it has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(|v| v.as_s().ok()).map_or("", String::as_str)
    }

    /// Returns the attributes of these names as JSON. Absent attributes are left out.
    #[must_use]
    pub fn pick(&self, names: &[&str]) -> serde_json::Map<String, serde_json::Value> {
        let one = |name: &&str| Some(((*name).to_owned(), serde_dynamo::from_attribute_value(self.0.get(*name)?.clone()).ok()?));
        names.iter().filter_map(one).collect()
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        Key::of(&self.0)
    }

    /// Returns the key of the item in an index. `None` if the item is not in the index.
    #[must_use]
    pub fn place(&self, index: Index) -> Option<Key> {
        let (_, pk, sk) = index.names();
        let part = |name| self.0.get(name).and_then(|v| v.as_s().ok()).cloned();
        Some(Key { pk: part(pk)?, sk: part(sk)? })
    }

    fn corrupt<I: Stored>(&self, why: &'static str) -> StoreError {
        StoreError::Corrupt { kind: I::KIND, family: self.family(), why }
    }

    fn family(&self) -> String {
        let part = |name| self.0.get(name).and_then(|v| v.as_s().ok()).map_or("", String::as_str);
        family(part("pk"), part("sk")).to_owned()
    }
}

pub(crate) fn encode<I: Item>(item: &I) -> Result<HashMap<String, AttributeValue>, StoreError> {
    let fields: HashMap<String, AttributeValue> = serde_dynamo::to_item(item).map_err(StoreError::defect)?;
    Ok(complete(fields, I::KIND, I::VERSION, item.key(), item.indexes(), item.expires()))
}

fn complete(
    fields: HashMap<String, AttributeValue>,
    kind: &str,
    version: u32,
    key: Key,
    indexes: Vec<(Index, Key)>,
    expires: Option<Time>,
) -> HashMap<String, AttributeValue> {
    // `None` is stored as an absent attribute and not as NULL, so that `attribute_not_exists` holds for it.
    let mut row: HashMap<_, _> = fields.into_iter().filter(|(_, v)| !v.is_null()).collect();
    row.extend(key.attributes());
    row.insert("kind".to_owned(), AttributeValue::S(kind.to_owned()));
    row.insert("v".to_owned(), AttributeValue::N(version.to_string()));
    for (index, Key { pk, sk }) in indexes {
        let (_, pk_name, sk_name) = index.names();
        row.insert(pk_name.to_owned(), AttributeValue::S(pk));
        row.insert(sk_name.to_owned(), AttributeValue::S(sk));
    }
    if let Some(at) = expires {
        row.insert("ttl".to_owned(), AttributeValue::N(at.seconds().saturating_add(1).to_string()));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_of_a_key_has_no_personal_data() {
        for (pk, sk, expected) in [
            ("USER#usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "SESSION#ses_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "SESSION"),
            ("EMAIL#ana@example.test", "EMAIL", "EMAIL"),
            ("OWNED#usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "PHONE#+48600100200", "PHONE"),
            ("USER#usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "aud_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "USER"),
            ("ana@example.test", "+48600100200", "OTHER"),
            ("", "", "OTHER"),
        ] {
            assert_eq!(Key::new(pk, sk).family(), expected);
        }
    }
}
