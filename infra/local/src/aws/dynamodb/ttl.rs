//! Time to live: what has expired by the local cloud's clock is deleted in the background, as on AWS.
//!
//! dynoxide can sweep by itself, but for a database in a file only by the real clock.

use std::collections::HashMap;

use dynoxide::{
    AttributeValue, Database, DynoxideError, Item,
    actions::{delete_item::DeleteItemRequest, scan::ScanRequest},
};
use kernel::Time;

/// Items looked at in one go. In between, other calls have their turn.
const PAGE: usize = 500;

/// A table whose items expire.
#[derive(Clone, Debug)]
pub struct Expiring {
    /// The table.
    pub table: String,
    /// Its key attributes.
    pub keys: Vec<String>,
    /// The attribute with the second of expiry.
    pub attribute: String,
}

/// Where a sweep goes on.
pub type Position = Option<HashMap<String, AttributeValue>>;

/// Deletes what has expired among the next items, and says where to go on; nowhere when the table's end is reached.
pub fn sweep_page(database: &Database, of: &Expiring, now: Time, from: Position) -> Result<Position, DynoxideError> {
    // A value that is not a number never expires: it does not compare.
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
        // The same job holds the database from the scan on: nothing can have prolonged the item.
        database.delete_item(DeleteItemRequest {
            table_name: of.table.clone(),
            key: key(item, &of.keys),
            ..DeleteItemRequest::default()
        })?;
    }
    Ok(page.last_evaluated_key)
}

fn key(item: Item, names: &[String]) -> HashMap<String, AttributeValue> {
    item.into_iter().filter(|(name, _)| names.contains(name)).collect()
}
