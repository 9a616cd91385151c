//! The permissions of each operation: actions, tables and indexes, partition keys.
//!
//! A transaction needs the actions of its operations, and none itself.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

use std::collections::HashMap;

use serde_json::Value;

use crate::aws::iam::Need;

/// The keys of the tables.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// `arn:aws:dynamodb:<region>:<account>:table/`
    pub arn_prefix: String,
    /// By table name.
    pub tables: HashMap<String, Partitions>,
}

/// The names of a table's partition keys.
#[derive(Clone, Debug, Default)]
pub struct Partitions {
    /// The partition key of the table.
    pub table: String,
    /// The partition key of each index.
    pub indexes: HashMap<String, String>,
}

impl Schema {
    /// Returns the permissions of a call. A call without a table needs none: it is malformed, and gets that error.
    pub fn needs(&self, operation: &str, body: &Value) -> Vec<Need> {
        let action = format!("dynamodb:{operation}");
        match operation {
            "PutItem" => self.item(&action, body, "Item").into_iter().collect(),
            "GetItem" | "UpdateItem" | "DeleteItem" => self.item(&action, body, "Key").into_iter().collect(),
            "Query" | "Scan" => self.index(&action, body).into_iter().collect(),
            "BatchGetItem" => self.batch(&action, body, |request| list(request.get("Keys")).collect()),
            "BatchWriteItem" => self.batch(&action, body, |requests| {
                list(Some(requests)).filter_map(|r| r.pointer("/PutRequest/Item").or_else(|| r.pointer("/DeleteRequest/Key"))).collect()
            }),
            "TransactGetItems" | "TransactWriteItems" => list(body.get("TransactItems")).filter_map(|part| self.part(part)).collect(),
            _ => body.get("TableName").and_then(Value::as_str).map(|table| Need::new(action, self.arn(table))).into_iter().collect(),
        }
    }

    fn arn(&self, table: &str) -> String {
        format!("{}{table}", self.arn_prefix)
    }

    fn need<'a>(&self, action: &str, table: &str, keys: impl IntoIterator<Item = &'a Value>) -> Need {
        let partition = self.tables.get(table).map_or("", |t| &t.table);
        let leading = keys.into_iter().filter_map(|key| text(key.get(partition)?)).collect();
        Need { context: vec![("dynamodb:LeadingKeys", leading)], ..Need::new(action, self.arn(table)) }
    }

    fn item(&self, action: &str, body: &Value, key: &str) -> Option<Need> {
        Some(self.need(action, body.get("TableName")?.as_str()?, body.get(key)))
    }

    fn part(&self, part: &Value) -> Option<Need> {
        let (kind, body) = part.as_object()?.iter().next()?;
        let (action, key) = match kind.as_str() {
            "Get" => ("dynamodb:GetItem", "Key"),
            "Put" => ("dynamodb:PutItem", "Item"),
            "Update" => ("dynamodb:UpdateItem", "Key"),
            "Delete" => ("dynamodb:DeleteItem", "Key"),
            "ConditionCheck" => ("dynamodb:ConditionCheckItem", "Key"),
            _ => return None,
        };
        self.item(action, body, key)
    }

    fn batch<'a>(&self, action: &str, body: &'a Value, keys: impl Fn(&'a Value) -> Vec<&'a Value>) -> Vec<Need> {
        let tables = body.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
        tables.map(|(table, requests)| self.need(action, table, keys(requests))).collect()
    }

    fn index(&self, action: &str, body: &Value) -> Option<Need> {
        let table = body.get("TableName")?.as_str()?;
        let partitions = self.tables.get(table);
        let (resource, partition) = match body.get("IndexName").and_then(Value::as_str) {
            Some(index) => (format!("{}/index/{index}", self.arn(table)), partitions.and_then(|p| p.indexes.get(index))),
            None => (self.arn(table), partitions.map(|p| &p.table)),
        };
        let leading = partition.and_then(|p| queried(body, p)).into_iter().collect();
        Some(Need { context: vec![("dynamodb:LeadingKeys", leading)], ..Need::new(action, resource) })
    }
}

/// Returns the partition key of a query: the value that its key condition compares for equality.
fn queried(body: &Value, partition: &str) -> Option<String> {
    let condition = body.get("KeyConditionExpression")?.as_str()?;
    let name_of = |name: &str| {
        if name.starts_with('#') {
            body.pointer("/ExpressionAttributeNames")?.get(name)?.as_str().map(str::to_owned)
        } else {
            Some(name.to_owned())
        }
    };
    let upper = condition.to_ascii_uppercase();
    let mut ends = upper.match_indices(" AND ").map(|(at, _)| at).chain([condition.len()]);
    let mut start = 0;
    ends.find_map(|end| {
        let part = condition.get(start..end)?;
        start = end.saturating_add(" AND ".len());
        let (name, value) = part.split_once('=')?;
        let bare = |s: &str| s.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')').to_owned();
        (name_of(&bare(name))? == partition).then(|| text(body.get("ExpressionAttributeValues")?.get(bare(value))?))?
    })
}

/// Returns a key attribute in the form that policies compare with.
fn text(attribute: &Value) -> Option<String> {
    attribute.as_object()?.values().next()?.as_str().map(str::to_owned)
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needs(operation: &str, body: &Value) -> Vec<String> {
        let partitions = Partitions { table: "pk".into(), indexes: [("gsi1".to_owned(), "gsi1pk".to_owned())].into() };
        let schema = Schema { arn_prefix: "table/".into(), tables: [("state".to_owned(), partitions)].into() };
        let show =
            |n: Need| format!("{} {} {}", n.action, n.resource, n.context.into_iter().flat_map(|(_, v)| v).collect::<Vec<_>>().join(","));
        schema.needs(operation, body).into_iter().map(show).collect()
    }

    #[test]
    fn each_operation_names_its_table_and_its_partition_keys() {
        let key = json!({"pk": {"S": "USER#1"}, "sk": {"S": "USER"}});
        assert_eq!(needs("GetItem", &json!({"TableName": "state", "Key": key})), ["dynamodb:GetItem table/state USER#1"]);
        assert_eq!(needs("PutItem", &json!({"TableName": "state", "Item": key})), ["dynamodb:PutItem table/state USER#1"]);
        assert_eq!(
            needs("BatchGetItem", &json!({"RequestItems": {"state": {"Keys": [key, {"pk": {"S": "B"}}]}}})),
            ["dynamodb:BatchGetItem table/state USER#1,B"]
        );
        assert_eq!(
            needs(
                "BatchWriteItem",
                &json!({"RequestItems": {"state": [{"PutRequest": {"Item": key}}, {"DeleteRequest": {"Key": {"pk": {"S": "B"}}}}]}})
            ),
            ["dynamodb:BatchWriteItem table/state USER#1,B"]
        );
        assert!(needs("GetItem", &json!({"Key": key})).is_empty());
    }

    #[test]
    fn a_transaction_needs_the_permissions_of_its_operations() {
        let part = |kind: &str, key: &str| json!({kind: {"TableName": "state", key: {"pk": {"S": kind}}}});
        let body =
            json!({"TransactItems": [part("Put", "Item"), part("Update", "Key"), part("Delete", "Key"), part("ConditionCheck", "Key")]});
        assert_eq!(
            needs("TransactWriteItems", &body),
            [
                "dynamodb:PutItem table/state Put",
                "dynamodb:UpdateItem table/state Update",
                "dynamodb:DeleteItem table/state Delete",
                "dynamodb:ConditionCheckItem table/state ConditionCheck",
            ]
        );
    }

    #[test]
    fn a_query_names_its_index_and_its_partition_key() {
        let query = |condition: &str, index: Option<&str>| {
            json!({
                "TableName": "state", "IndexName": index, "KeyConditionExpression": condition,
                "ExpressionAttributeNames": {"#p": "pk", "#g": "gsi1pk"}, "ExpressionAttributeValues": {":p": {"S": "USER#1"}, ":s": {"S": "A=B AND C"}},
            })
        };
        for condition in ["pk = :p", "#p=:p and begins_with(sk, :s)", "sk >= :s AND (pk = :p)", "sk BETWEEN :s AND :s AND pk = :p"] {
            assert_eq!(needs("Query", &query(condition, None)), ["dynamodb:Query table/state USER#1"], "{condition}");
        }
        assert_eq!(needs("Query", &query("#g = :p", Some("gsi1"))), ["dynamodb:Query table/state/index/gsi1 USER#1"]);
        assert_eq!(needs("Scan", &json!({"TableName": "state"})), ["dynamodb:Scan table/state "]);
    }
}
