//! Time to live: expired items are deleted in the background, by the local cloud's clock.
//!
//! dynoxide has its own deletion, but for a database in a file it follows only the real clock.

use std::collections::HashMap;

use dynoxide::{
    AttributeValue, Database, DynoxideError, Item,
    actions::{delete_item::DeleteItemRequest, scan::ScanRequest},
};
use kernel::Time;

/// How many items one job reads. Other calls run between two jobs.
pub const PAGE: usize = 500;

/// A table whose items expire.
#[derive(Clone, Debug)]
pub struct Expiring {
    /// The table.
    pub table: String,
    /// The key attributes.
    pub keys: Vec<String>,
    /// The attribute with the time of expiry in seconds.
    pub attribute: String,
}

/// The start key of the next page. `None` at the end of the table.
pub type Position = Option<HashMap<String, AttributeValue>>;

/// Deletes the expired items of the next page, and returns the position after it.
pub fn sweep_page(database: &Database, of: &Expiring, now: Time, from: Position) -> Result<Position, DynoxideError> {
    // A value that is not a number never expires, because the comparison is false.
    let names = HashMap::from([("#ttl".to_owned(), of.attribute.clone())]);
    let values = HashMap::from([(":now".to_owned(), AttributeValue::N(now.seconds().to_string()))]);
    let page = database.scan(ScanRequest {
        table_name: of.table.clone(),
        filter_expression: Some("#ttl < :now".to_owned()),
        expression_attribute_names: Some(names.clone()),
        expression_attribute_values: Some(values.clone()),
        exclusive_start_key: from,
        limit: Some(PAGE),
        ..ScanRequest::default()
    })?;
    for item in page.items.into_iter().flatten() {
        // The scan and the deletion are one job, so no other call can change the item in between.
        database.delete_item(DeleteItemRequest {
            table_name: of.table.clone(),
            key: key(item, &of.keys),
            ..DeleteItemRequest::default()
        })?;
    }
    Ok(page.last_evaluated_key)
}

/// Returns the key attributes of an item.
pub fn key(item: Item, names: &[String]) -> HashMap<String, AttributeValue> {
    item.into_iter().filter(|(name, _)| names.contains(name)).collect()
}
