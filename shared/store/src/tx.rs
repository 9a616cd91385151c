//! Transactions: several writes, of which all or none are made.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update as SdkUpdate,
};
use kernel::Problem;

use crate::{Cond, Item, Key, Row, StoreError, Update, condition::Names, item::encode};

/// The position of a write in a transaction, by which the caller can check whether it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

impl Slot {
    /// Returns the position of a write, from zero.
    pub(crate) const fn at(place: usize) -> Self {
        Self(place)
    }
}

/// The maximum number of writes in a transaction (DynamoDB).
const WRITES_MAX: usize = 100;

/// Up to 100 writes on different items, in this table and others, for `Table::commit`.
#[derive(Debug, Default)]
pub struct Tx {
    pub(crate) writes: Vec<Write>,
    pub(crate) defect: Option<StoreError>,
}

#[derive(Debug)]
pub(crate) enum Write {
    Put { table: Option<String>, row: HashMap<String, AttributeValue>, condition: Option<Cond> },
    Update(Update),
    Delete { key: Key, condition: Option<Cond> },
    Check { key: Key, condition: Cond },
}

impl Tx {
    /// Creates an empty transaction.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an item that must not exist.
    pub fn create<I: Item>(&mut self, item: &I) -> Slot {
        self.put_row(None, encode(item), Some(Cond::Absent))
    }

    /// Puts an item if the condition holds.
    pub fn put<I: Item>(&mut self, item: &I, condition: Cond) -> Slot {
        self.put_row(None, encode(item), Some(condition))
    }

    /// Puts an item, replacing an existing one.
    pub fn put_always<I: Item>(&mut self, item: &I) -> Slot {
        self.put_row(None, encode(item), None)
    }

    /// Puts an item that must not exist into another table (the audit table).
    pub fn create_in<I: Item>(&mut self, table: &str, item: &I) -> Slot {
        self.put_row(Some(table.to_owned()), encode(item), Some(Cond::Absent))
    }

    // These methods are not inlined: `cargo xtask permissions` tells by their symbols which writes a function can make.

    /// Updates an item.
    #[inline(never)]
    pub fn update(&mut self, update: Update) -> Slot {
        self.push(Write::Update(update))
    }

    /// Deletes an item, if it exists.
    #[inline(never)]
    pub fn delete(&mut self, key: Key) -> Slot {
        self.push(Write::Delete { key, condition: None })
    }

    /// Deletes an item if the condition holds.
    #[inline(never)]
    pub fn delete_when(&mut self, key: Key, condition: Cond) -> Slot {
        self.push(Write::Delete { key, condition: Some(condition) })
    }

    /// Requires a condition of an item that is not written.
    #[inline(never)]
    pub fn check(&mut self, key: Key, condition: Cond) -> Slot {
        self.push(Write::Check { key, condition })
    }

    /// Returns whether there are no writes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    #[inline(never)]
    fn put_row(
        &mut self,
        table: Option<String>,
        row: Result<HashMap<String, AttributeValue>, StoreError>,
        condition: Option<Cond>,
    ) -> Slot {
        match row {
            Ok(row) => self.push(Write::Put { table, row, condition }),
            Err(e) => {
                self.defect = Some(e);
                Slot(self.writes.len())
            }
        }
    }

    /// Returns the number of writes that still fit.
    #[must_use]
    pub fn room(&self) -> usize {
        WRITES_MAX.saturating_sub(self.writes.len())
    }

    fn push(&mut self, write: Write) -> Slot {
        self.writes.push(write);
        Slot(self.writes.len().saturating_sub(1))
    }
}

impl Write {
    /// See [`Key::family`].
    pub(crate) fn family(&self) -> String {
        match self {
            Self::Put { row, .. } => Key::of(row).map(|key| key.family().to_owned()).unwrap_or_default(),
            Self::Update(update) => update.key.family().to_owned(),
            Self::Delete { key, .. } | Self::Check { key, .. } => key.family().to_owned(),
        }
    }
}

pub(crate) fn to_sdk(write: Write, own_table: &str) -> Result<TransactWriteItem, StoreError> {
    let mut names = Names::default();
    let item = TransactWriteItem::builder();
    let old = ReturnValuesOnConditionCheckFailure::AllOld;
    Ok(match write {
        Write::Put { table, row, condition } => {
            let condition = condition.map(|c| names.condition(c)).transpose()?;
            let (n, v) = names.into_maps();
            let put = Put::builder()
                .table_name(table.as_deref().unwrap_or(own_table))
                .set_item(Some(row))
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(old);
            item.put(put.build().map_err(StoreError::defect)?).build()
        }
        Write::Update(update) => {
            let (key, expression, condition) = update.expressions(&mut names)?;
            let (n, v) = names.into_maps();
            let update = SdkUpdate::builder()
                .table_name(own_table)
                .set_key(Some(key.attributes()))
                .update_expression(expression)
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(old);
            item.update(update.build().map_err(StoreError::defect)?).build()
        }
        Write::Delete { key, condition } => {
            let condition = condition.map(|c| names.condition(c)).transpose()?;
            let (n, v) = names.into_maps();
            let delete = Delete::builder()
                .table_name(own_table)
                .set_key(Some(key.attributes()))
                .set_condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(old);
            item.delete(delete.build().map_err(StoreError::defect)?).build()
        }
        Write::Check { key, condition } => {
            let condition = names.condition(condition)?;
            let (n, v) = names.into_maps();
            let check = ConditionCheck::builder()
                .table_name(own_table)
                .set_key(Some(key.attributes()))
                .condition_expression(condition)
                .set_expression_attribute_names(n)
                .set_expression_attribute_values(v)
                .return_values_on_condition_check_failure(old);
            item.condition_check(check.build().map_err(StoreError::defect)?).build()
        }
    })
}

/// A transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Some conditions did not hold; nothing was written.
    #[error("conditions do not hold")]
    Refused(Refused),
    /// The request to the table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which writes of a transaction were refused, with the current items.
#[derive(Debug)]
pub struct Refused(pub(crate) Vec<Outcome>);

/// The result of one write of a refused transaction.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Fine,
    Refused(Option<Row>),
}

impl Refused {
    /// Returns whether the condition of this write did not hold.
    #[must_use]
    pub fn at(&self, slot: Slot) -> bool {
        matches!(self.0.get(slot.0), Some(Outcome::Refused(_)))
    }

    /// Returns the item for which the condition of this write did not hold, if it exists.
    #[must_use]
    pub fn current(&self, slot: Slot) -> Option<Row> {
        match self.0.get(slot.0) {
            Some(Outcome::Refused(row)) => row.clone(),
            _ => None,
        }
    }
}

impl CommitError {
    /// Returns whether nothing was written for sure. Without an answer the transaction may have been made.
    #[must_use]
    pub const fn is_unmade(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Store(StoreError::Contended(_)))
    }

    /// Returns whether the condition of this write did not hold.
    #[must_use]
    pub fn refused(&self, slot: Slot) -> bool {
        matches!(self, Self::Refused(r) if r.at(slot))
    }
}

impl From<CommitError> for Problem {
    #[track_caller]
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Refused(_) => Self::new(kernel::Kind::Conflict),
            CommitError::Store(e) => e.into(),
        }
    }
}
