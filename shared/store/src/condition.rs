//! Conditions of writes and filters, and their expressions. Attribute names are constants and values are bound, so that no input becomes
//! part of an expression.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::StoreError;

/// A condition on one item.
#[derive(Debug)]
pub enum Cond {
    /// The item exists.
    Exists,
    /// The item does not exist.
    Absent,
    #[doc(hidden)]
    FieldExists(&'static str),
    #[doc(hidden)]
    FieldAbsent(&'static str),
    #[doc(hidden)]
    Compare(&'static str, &'static str, Result<AttributeValue, String>),
    #[doc(hidden)]
    Less(&'static str, &'static str),
    #[doc(hidden)]
    Has(&'static str, Result<AttributeValue, String>),
    #[doc(hidden)]
    Lacks(&'static str, Result<AttributeValue, String>),
    #[doc(hidden)]
    Both(Box<Cond>, Box<Cond>),
    #[doc(hidden)]
    Either(Box<Cond>, Box<Cond>),
}

impl Cond {
    /// Returns the condition that both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::Both(Box::new(self), Box::new(other))
    }

    /// Returns the condition that at least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Either(Box::new(self), Box::new(other))
    }
}

/// Returns a top-level attribute, for comparisons.
#[must_use]
pub const fn field(name: &'static str) -> Field {
    Field(name)
}

/// Returns the version of a new item, and of an item that was stored before its kind had versions. For `#[serde(default)]` and
/// [`version_is`].
#[must_use]
pub const fn first_version() -> u64 {
    1
}

/// Returns the condition that the item exists and has this version, see [`first_version`].
#[must_use]
pub fn version_is(version: u64) -> Cond {
    let same = field("version").eq(version);
    if version == first_version() { same.or(Cond::Exists.and(field("version").absent())) } else { same }
}

/// See [`field`].
#[derive(Clone, Copy, Debug)]
pub struct Field(&'static str);

impl Field {
    /// Returns the condition that the attribute exists.
    #[must_use]
    pub const fn exists(self) -> Cond {
        Cond::FieldExists(self.0)
    }
    /// Returns the condition that the attribute does not exist.
    #[must_use]
    pub const fn absent(self) -> Cond {
        Cond::FieldAbsent(self.0)
    }
    /// `=`
    #[must_use]
    pub fn eq(self, value: impl Serialize) -> Cond {
        self.compare("=", value)
    }
    /// `<>`; also holds if the attribute is absent.
    #[must_use]
    pub fn ne(self, value: impl Serialize) -> Cond {
        self.compare("<>", value)
    }
    /// `<`
    #[must_use]
    pub fn lt(self, value: impl Serialize) -> Cond {
        self.compare("<", value)
    }
    /// `<`, compared with another attribute. Does not hold if one of them is absent.
    #[must_use]
    pub const fn lt_field(self, other: &'static str) -> Cond {
        Cond::Less(self.0, other)
    }
    /// `<=`
    #[must_use]
    pub fn le(self, value: impl Serialize) -> Cond {
        self.compare("<=", value)
    }
    /// `>`
    #[must_use]
    pub fn gt(self, value: impl Serialize) -> Cond {
        self.compare(">", value)
    }

    /// Returns the condition that the attribute is a list or set that contains the value, or a text in which the value occurs.
    #[must_use]
    pub fn has(self, value: impl Serialize) -> Cond {
        Cond::Has(self.0, value_of(value))
    }
    /// Returns the negation of [`Field::has`]; also holds if the attribute or the item is absent.
    #[must_use]
    pub fn lacks(self, value: impl Serialize) -> Cond {
        Cond::Lacks(self.0, value_of(value))
    }

    fn compare(self, operator: &'static str, value: impl Serialize) -> Cond {
        Cond::Compare(self.0, operator, value_of(value))
    }
}

pub(crate) fn value_of(value: impl Serialize) -> Result<AttributeValue, String> {
    serde_dynamo::to_attribute_value(value).map_err(|e| e.to_string())
}

type Placeholders<T> = Option<HashMap<String, T>>;

/// The placeholders of one request.
#[derive(Default)]
pub(crate) struct Names {
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Names {
    pub fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    pub fn value(&mut self, value: Result<AttributeValue, String>) -> Result<String, StoreError> {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value.map_err(StoreError::Defect)?);
        Ok(placeholder)
    }

    pub fn condition(&mut self, condition: Cond) -> Result<String, StoreError> {
        Ok(match condition {
            Cond::Exists => format!("attribute_exists({})", self.name("pk")),
            Cond::Absent => format!("attribute_not_exists({})", self.name("pk")),
            Cond::FieldExists(f) => format!("attribute_exists({})", self.name(f)),
            Cond::FieldAbsent(f) => format!("attribute_not_exists({})", self.name(f)),
            Cond::Compare(f, operator, value) => format!("{} {operator} {}", self.name(f), self.value(value)?),
            Cond::Less(f, other) => format!("{} < {}", self.name(f), self.name(other)),
            Cond::Has(f, value) => format!("contains({}, {})", self.name(f), self.value(value)?),
            Cond::Lacks(f, value) => format!("(NOT contains({}, {}))", self.name(f), self.value(value)?),
            Cond::Both(a, b) => format!("({} AND {})", self.condition(*a)?, self.condition(*b)?),
            Cond::Either(a, b) => format!("({} OR {})", self.condition(*a)?, self.condition(*b)?),
        })
    }

    /// Returns the maps for the SDK's setters. DynamoDB refuses empty maps, so they are `None`.
    pub fn into_maps(self) -> (Placeholders<String>, Placeholders<AttributeValue>) {
        (Some(self.names).filter(|m| !m.is_empty()), Some(self.values).filter(|m| !m.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_without_a_version_has_the_first_one() {
        let expression = |version| Names::default().condition(version_is(version)).unwrap();
        assert_eq!(expression(2), "#version = :v0");
        assert_eq!(expression(1), "(#version = :v0 OR (attribute_exists(#pk) AND attribute_not_exists(#version)))");
    }
}
