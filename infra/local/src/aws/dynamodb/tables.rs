//! The tables of the template: created if they do not exist, compared if they do.

use std::path::Path;

use dynoxide::{
    Database, DynoxideError,
    actions::{
        create_table::CreateTableRequest,
        describe_table::DescribeTableRequest,
        update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest},
    },
};
use serde_json::{Map, Value};

use super::{engine::parse, needs::Partitions};
use crate::{StartError, storage::damaged, template::TableSpec};

/// Creates a table, or checks that the existing one matches the template.
pub fn deploy(database: &Database, spec: &TableSpec, file: Option<&Path>) -> Result<(), StartError> {
    // Either the template is wrong or the state is damaged.
    let refused = |e: DynoxideError| match e.status_code() {
        500.. => damaged(file)(e),
        _ => StartError::Template(format!("table {}: {e}", spec.name)),
    };
    match database.describe_table(DescribeTableRequest { table_name: spec.name.clone() }) {
        Ok(existing) => {
            let existing = serde_json::to_value(existing.table).map_err(|e| refused(DynoxideError::InternalServerError(e.to_string())))?;
            if keys(&existing) != keys(&spec.create) {
                return Err(StartError::State(format!(
                    "table {} has other keys or indexes than the template gives it; start with --fresh, or change the template back",
                    spec.name
                )));
            }
        }
        Err(DynoxideError::ResourceNotFoundException(_)) => {
            let request: CreateTableRequest = parse(&spec.create.to_string()).map_err(refused)?;
            database.create_table(request).map_err(refused)?;
        }
        Err(e) => return Err(refused(e)),
    }
    if let Some(attribute_name) = spec.ttl_attribute.clone() {
        let time_to_live_specification = TimeToLiveSpecification { attribute_name, enabled: true };
        let enabled = database.update_time_to_live(UpdateTimeToLiveRequest { table_name: spec.name.clone(), time_to_live_specification });
        // A refusal means that the time to live is enabled already.
        if let Err(e) = enabled
            && !matches!(e, DynoxideError::ValidationException(_))
        {
            return Err(refused(e));
        }
    }
    Ok(())
}

/// Returns the names of a table's partition keys.
pub fn partitions(create: &Value) -> Partitions {
    let (table, indexes) = keys(create);
    Partitions { table: partition(&table), indexes: indexes.into_iter().map(|(name, schema)| (name, partition(&schema))).collect() }
}

/// Returns the names of a table's key attributes.
pub fn key_names(create: &Value) -> Vec<String> {
    let (Value::Object(table), _) = keys(create) else { return Vec::new() };
    table.values().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the key attributes, by key type, of the table and of each index. They cannot be changed in an existing table.
fn keys(description: &Value) -> (Value, Map<String, Value>) {
    let schema = |owner: &Value| -> Value {
        let elements = owner.get("KeySchema").and_then(Value::as_array).into_iter().flatten();
        elements
            .filter_map(|e| Some((e.get("KeyType")?.as_str()?.to_owned(), e.get("AttributeName")?.clone())))
            .collect::<Map<_, _>>()
            .into()
    };
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].into_iter().filter_map(|kind| description.get(kind)?.as_array());
    let indexes = indexes.flatten().filter_map(|index| Some((index.get("IndexName")?.as_str()?.to_owned(), schema(index))));
    (schema(description), indexes.collect())
}

fn partition(schema: &Value) -> String {
    schema.get("HASH").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(partition: &str) -> TableSpec {
        TableSpec {
            name: "state".into(),
            arn: "arn:aws:dynamodb:eu-central-1:000000000000:table/state".into(),
            stream_arn: None,
            create: json!({
                "TableName": "state", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": partition, "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                "GlobalSecondaryIndexes": [{
                    "IndexName": "gsi1", "Projection": {"ProjectionType": "ALL"},
                    "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
                }],
            }),
            ttl_attribute: Some("ttl".into()),
            statements: Vec::new(),
        }
    }

    #[test]
    fn a_table_is_kept_but_its_keys_cannot_change() {
        let database = Database::memory().expect("database");
        deploy(&database, &spec("pk"), None).expect("created");
        deploy(&database, &spec("pk"), None).expect("kept");
        let changed = deploy(&database, &spec("id"), None).expect_err("refused");
        assert!(changed.to_string().contains("--fresh"), "{changed}");
    }

    #[test]
    fn partition_keys_are_read_from_the_template() {
        let partitions = partitions(&spec("pk").create);
        assert_eq!(partitions.table, "pk");
        assert_eq!(partitions.indexes.get("gsi1").map(String::as_str), Some("sk"));
    }
}
