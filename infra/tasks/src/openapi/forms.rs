//! Types whose values have one of several forms: each form gets a schema of its own, so that generated types are unions whose members
//! programs can distinguish.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::reference;

/// Divides every schema that has several forms.
///
/// - An enum that serde tags, alone or flattened into a struct: one schema for each variant, with all members, and a discriminator.
/// - A struct with exactly one of its members (`minProperties` and `maxProperties` are 1): one form for each member.
///
/// A struct that is flattened into another becomes part of it. It stays if another schema has a value of it too.
pub fn divide(schemas: &mut Map<String, Value>) {
    let before = schemas.clone();
    let of_others = |schema: &&Value| tagged(schema, &before).is_some() || whole(schema, &before).is_some();
    let mut elsewhere = BTreeSet::new();
    for schema in before.values() {
        let flattens = of_others(&schema);
        let members = schema.as_object().into_iter().flatten().filter(|(name, _)| !(flattens && *name == "allOf"));
        members.for_each(|(_, value)| references(value, &mut elsewhere));
    }
    let flattened: BTreeSet<&str> = before.values().filter(of_others).flat_map(parts).filter(|name| !elsewhere.contains(*name)).collect();
    for (name, schema) in &before {
        if flattened.contains(name.as_str()) {
            // The members are now in the forms of the struct.
            schemas.remove(name);
        } else if let Some((tag, forms)) = tagged(schema, &before) {
            let whole = union(name, schema, &tag, forms, schemas);
            schemas.insert(name.clone(), whole);
        } else if let Some(whole) = one_member(schema).or_else(|| whole(schema, &before)) {
            schemas.insert(name.clone(), whole);
        }
    }
}

/// Returns the schemas that a schema refers to as its parts.
fn parts(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(super::named)
}

/// Adds the names of the schemas that a value refers to.
fn references<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    names.extend(super::named(value));
    match value {
        Value::Object(members) => members.values().for_each(|member| references(member, names)),
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

/// The name of a tag, and the forms by its values.
type Tagged = (String, Vec<(String, Map<String, Value>)>);

/// Returns the forms of a tagged enum, each with the members of the struct that it is flattened into.
fn tagged(schema: &Value, schemas: &Map<String, Value>) -> Option<Tagged> {
    if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
        return of_variants(variants, schemas);
    }
    let parts = schema.get("allOf")?.as_array()?.iter().map(|part| resolved(part, schemas));
    let (mut found, mut common) = (None, Map::new());
    for part in parts {
        match part.get("oneOf").and_then(Value::as_array).and_then(|variants| of_variants(variants, schemas)) {
            Some(forms) if found.is_none() => found = Some(forms),
            Some(_) => return None,
            None => merge(&mut common, part.as_object()?),
        }
    }
    let (tag, mut forms) = found?;
    for (_, form) in &mut forms {
        merge(form, &common);
    }
    Some((tag, forms))
}

/// Returns the tag of variants, if every one is an object with the same member of only one value.
fn of_variants(variants: &[Value], schemas: &Map<String, Value>) -> Option<Tagged> {
    // A variant that is another struct is that struct with the tag.
    let variants: Vec<Value> = variants.iter().map(|variant| whole(variant, schemas).unwrap_or_else(|| variant.clone())).collect();
    let members = |variant: &Value| variant.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let only = |value: &Value| match value.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
        Some([Value::String(one)]) => Some(one.clone()),
        _ => None,
    };
    let first = members(variants.first()?);
    let tag = first
        .iter()
        .filter(|(_, value)| only(value).is_some())
        .map(|(name, _)| name)
        .find(|name| variants.iter().all(|variant| members(variant).get(*name).is_some_and(|value| only(value).is_some())))?;
    let forms = variants.iter().map(|variant| Some((only(members(variant).get(tag)?)?, variant.as_object()?.clone())));
    Some((tag.clone(), forms.collect::<Option<_>>()?))
}

/// Returns a struct with the members of those that are flattened into it.
fn whole(schema: &Value, schemas: &Map<String, Value>) -> Option<Value> {
    let mut all = Map::new();
    for part in schema.get("allOf")?.as_array()?.iter().rev() {
        let part = resolved(part, schemas);
        part.get("properties")?;
        merge(&mut all, part.as_object()?);
    }
    all.extend(schema.get("description").map(|about| ("description".to_owned(), about.clone())));
    Some(all.into())
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    super::named(schema).and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// Adds the members of a schema of an object to another.
fn merge(form: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (form.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new.clone()),
            (Some(Value::Array(known)), Value::Array(new)) => known.extend(new.clone()),
            (Some(_), _) => {}
            (None, _) => drop(form.insert(name.clone(), value.clone())),
        }
    }
}

/// Adds the schemas of forms, and returns the union of them.
fn union(name: &str, schema: &Value, tag: &str, forms: Vec<(String, Map<String, Value>)>, schemas: &mut Map<String, Value>) -> Value {
    let (mut all, mut mapping) = (Vec::new(), Map::new());
    for (value, form) in forms {
        let named = format!("{name}{}", pascal(&value));
        all.push(reference("schemas", &named));
        mapping.insert(value, format!("#/components/schemas/{named}").into());
        schemas.insert(named, Value::Object(form));
    }
    let mut whole = json!({ "oneOf": all, "discriminator": { "propertyName": tag, "mapping": mapping } });
    if let (Some(about), Value::Object(members)) = (schema.get("description"), &mut whole) {
        members.insert("description".to_owned(), about.clone());
    }
    whole
}

fn pascal(value: &str) -> String {
    let word = |word: &str| word.chars().next().map(|first| first.to_ascii_uppercase()).into_iter().chain(word.chars().skip(1)).collect();
    value.split('_').map(|part| -> String { word(part) }).collect()
}

/// Returns the forms of an object that has exactly one of its members.
fn one_member(schema: &Value) -> Option<Value> {
    let one = |name: &str| schema.get(name).and_then(Value::as_u64) == Some(1);
    if !(one("minProperties") && one("maxProperties")) {
        return None;
    }
    let form = |(name, member): (&String, &Value)| {
        let mut member = member.clone();
        // Absent is another form, and so is null.
        if let Some(kind) = member.get_mut("type")
            && let Some(only) = kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).cloned()
        {
            *kind = only;
        }
        if let Some(only) =
            member.get("oneOf").and_then(Value::as_array).and_then(|all| all.iter().find(|s| super::kind(s) != "null")).cloned()
        {
            member = only;
        }
        json!({ "type": "object", "properties": { name: member }, "required": [name], "additionalProperties": false })
    };
    let forms: Vec<Value> = schema.get("properties")?.as_object()?.iter().map(form).collect();
    Some(json!({ "description": schema.get("description"), "oneOf": forms }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(schemas: &Value) -> Map<String, Value> {
        let mut schemas = schemas.as_object().cloned().expect("an object");
        divide(&mut schemas);
        schemas
    }

    #[test]
    fn a_tagged_enum_is_flattened_into_its_struct() {
        let tag = |value: &str| json!({ "type": "string", "enum": [value] });
        let schemas = divided(&json!({
            "Already": { "oneOf": [
                { "type": "object", "properties": { "status": tag("not_ready") }, "required": ["status"], "description": "Not yet." },
                { "type": "object", "properties": { "status": tag("ready"), "url": { "type": "string" } }, "required": ["url", "status"] },
            ]},
            "Export": { "description": "An export.", "allOf": [
                { "$ref": "#/components/schemas/Already" },
                { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] },
            ]},
            "Exports": { "type": "array", "items": { "$ref": "#/components/schemas/Export" } },
        }));
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Export", "ExportNotReady", "ExportReady", "Exports"]);
        assert_eq!(schemas["Export"]["oneOf"][1], reference("schemas", "ExportReady"));
        assert_eq!(schemas["Export"]["discriminator"]["propertyName"], "status");
        assert_eq!(schemas["Export"]["discriminator"]["mapping"]["not_ready"], "#/components/schemas/ExportNotReady");
        assert_eq!(schemas["ExportNotReady"]["description"], "Not yet.");
        let ready = &schemas["ExportReady"];
        assert_eq!(ready["required"], json!(["url", "status", "id"]));
        assert_eq!(ready["properties"].as_object().map(Map::len), Some(3));
    }

    #[test]
    fn exactly_one_member_is_one_form_for_each() {
        let schemas = divided(&json!({ "Answer": {
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "description": "One.",
            "properties": {
                "code": { "type": ["string", "null"], "maxLength": 9 },
                "passkey": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Used" }] },
            },
        }}));
        let forms = &schemas["Answer"]["oneOf"];
        assert_eq!(
            forms[0],
            json!({ "type": "object", "properties": { "code": { "type": "string", "maxLength": 9 } }, "required": ["code"], "additionalProperties": false })
        );
        assert_eq!(forms[1]["properties"]["passkey"], reference("schemas", "Used"));
    }

    #[test]
    fn a_struct_is_flattened_into_another() {
        let schemas = divided(&json!({
            "More": { "type": "object", "description": "More.", "properties": { "b": { "type": "string" } } },
            "Whole": { "description": "All.", "allOf": [
                { "$ref": "#/components/schemas/More" },
                { "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] },
            ]},
        }));
        let all = json!({ "a": { "type": "string" }, "b": { "type": "string" } });
        let expected = json!({ "type": "object", "description": "All.", "properties": all, "required": ["a"] });
        assert_eq!(Value::Object(schemas), json!({ "Whole": expected }));
    }

    #[test]
    fn other_schemas_stay() {
        let other = json!({
            "Maybe": { "oneOf": [{ "type": "null" }, { "type": "string" }] },
            "Whole": { "allOf": [{ "$ref": "#/components/schemas/Maybe" }] },
            "Plain": { "type": "object", "properties": { "a": { "enum": ["x", "y"] } } },
        });
        assert_eq!(Value::Object(divided(&other)), other);
    }
}
