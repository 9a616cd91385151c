//! The leases of functions that were killed together with the local cloud.
//!
//! A function that must handle an event only once takes a lease: the attribute `leased_until` of an item. On AWS the lease of a killed
//! function stays, and Lambda retries the event minutes later. Here the event is retried right after the start, when no function of the
//! earlier process can be running, so the leases are ended.

use std::collections::HashMap;

use dynoxide::{
    AttributeValue, Database, DynoxideError,
    actions::{scan::ScanRequest, update_item::UpdateItemRequest},
};
use kernel::Time;

use super::ttl::{Expiring, PAGE, Position, key};

/// Ends the leases in the next page of a table, and returns the position after it.
pub fn end_page(database: &Database, of: &Expiring, now: Time, from: Position) -> Result<Position, DynoxideError> {
    let now = HashMap::from([(":now".to_owned(), AttributeValue::N(now.millis().to_string()))]);
    let page = database.scan(ScanRequest {
        table_name: of.table.clone(),
        filter_expression: Some("leased_until > :now".to_owned()),
        expression_attribute_values: Some(now.clone()),
        exclusive_start_key: from,
        limit: Some(PAGE),
        ..ScanRequest::default()
    })?;
    for item in page.items.into_iter().flatten() {
        database.update_item(UpdateItemRequest {
            table_name: of.table.clone(),
            key: key(item, &of.keys),
            update_expression: Some("SET leased_until = :now".to_owned()),
            expression_attribute_values: Some(now.clone()),
            ..UpdateItemRequest::default()
        })?;
    }
    Ok(page.last_evaluated_key)
}
