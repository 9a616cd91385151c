//! Helpers of the export of a person's data: the person's items in other partitions, and the readable form of attributes.

use kernel::{Time, Timestamp, id::UserId};
use serde_json::{Map, Value};
use store::{Index, Range, Row, StoreError, Table};

use crate::user;

/// Returns the items in other partitions that belong to the person: codes, links and flows. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn owned(table: &Table, user: UserId) -> Result<Vec<Row>, StoreError> {
    Ok(table.query_rows(Range::of_index(Index::Owner, user::owned_partition(user))).await?.items)
}

/// These attributes of an item, with times in a readable form.
#[must_use]
pub fn readable(row: &Row, attributes: &[&str]) -> Map<String, Value> {
    let mut picked = row.pick(attributes);
    for (name, value) in &mut picked {
        dated(name, value);
    }
    picked
}

fn dated(name: &str, value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| dated(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| dated(name, item)),
        Value::Number(number) if is_moment(name) => {
            if let Some(ms) = number.as_i64() {
                *value = Value::String(Timestamp::from(Time::from_millis(ms)).to_string());
            }
        }
        _ => {}
    }
}

fn is_moment(name: &str) -> bool {
    name.ends_with("_at") || ["at", "auth_time", "coming", "seen", "since", "until"].contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_become_dates_and_other_numbers_stay() {
        let mut value = json!({ "seq": 7, "created_at": 0, "live": [{ "since": 1000 }], "coming": [2000], "left": false });
        dated("", &mut value);
        let (first, second, third) = ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z");
        assert_eq!(value, json!({ "seq": 7, "created_at": first, "live": [{ "since": second }], "coming": [third], "left": false }));
    }
}
