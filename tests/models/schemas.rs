//! The JSON Schemas of the Rust models, and that they say what the spec says.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{core, snapshots};

fn derived() -> BTreeMap<&'static str, Value> {
    jobs_api::schemas()
        .into_iter()
        .map(|(name, schema)| (name, schema.to_value()))
        .collect()
}

/// One snapshot per model, without the models it refers to: they have their own.
#[test]
fn schema_of_each_model() {
    let derived = derived();
    for item in core::structs() {
        let name = item.ident.to_string();
        let mut schema = derived[name.as_str()].clone();
        schema.as_object_mut().unwrap().remove("$defs");
        schema.as_object_mut().unwrap().remove("$schema");
        snapshots::check(
            &format!("schema_{name}"),
            &serde_json::to_string_pretty(&schema).unwrap(),
        );
    }
}

#[test]
fn rust_models_agree_with_the_components_of_the_spec() {
    let spec = core::spec();
    let components = spec["components"]["schemas"].as_object().unwrap();
    for (name, schema) in derived() {
        let component = components
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not in the spec"));
        let (from_rust, from_spec) = (from_rust(&schema), from_spec(component));
        assert_eq!(
            serde_json::to_string_pretty(&from_rust).unwrap(),
            serde_json::to_string_pretty(&from_spec).unwrap(),
            "{name}: left is what the Rust type says, right what the spec says"
        );
    }
}

/// A component without a Rust model would escape the comparison. Error responses have none, on purpose: one reader in
/// jobs-ext takes whatever a gateway sends.
#[test]
fn only_error_models_have_no_rust_model() {
    let spec = core::spec();
    let derived = derived();
    let without: Vec<_> = spec["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !derived.contains_key(name.as_str()))
        .collect();
    assert_eq!(without, ["ServiceError"]);
}

/// What both sides can say, in one form: kind, format of numbers, null, bounds, references, members, secrets, values.
fn normal(
    kind: Value,
    source: &Map<String, Value>,
    nullable: bool,
    part: fn(&Value) -> Value,
) -> Value {
    let mut normal = Map::new();
    if let Some(reference) = source.get("$ref").and_then(Value::as_str) {
        return json!({ "refers to": reference.rsplit('/').next() });
    }
    for key in [
        "description",
        "minimum",
        "maximum",
        "x-ms-secret",
        "minLength",
        "maxLength",
        "pattern",
    ] {
        if let Some(value) = source.get(key) {
            normal.insert(key.into(), value.clone());
        }
    }
    if kind != "string"
        && let Some(format) = source.get("format")
    {
        normal.insert("format".into(), format.clone());
    }
    if let Some(properties) = source.get("properties").and_then(Value::as_object) {
        let members = properties
            .iter()
            .map(|(name, schema)| (name.clone(), part(schema)));
        normal.insert(
            "members".into(),
            members.collect::<BTreeMap<_, _>>().into_iter().collect(),
        );
    }
    if let Some(items) = source.get("items") {
        normal.insert("items".into(), part(items));
    }
    if let Some(values) = source.get("additionalProperties") {
        normal.insert(
            "additional".into(),
            if values.is_object() {
                part(values)
            } else {
                values.clone()
            },
        );
    }
    let mut required: Vec<_> = source
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    required.sort_by_key(Value::to_string);
    if !required.is_empty() {
        normal.insert("required".into(), required.into());
    }
    normal.insert("kind".into(), kind);
    normal.insert("nullable".into(), nullable.into());
    Value::Object(normal)
}

fn from_spec(schema: &Value) -> Value {
    let schema = schema.as_object().unwrap();
    let mut normal = normal(
        schema.get("type").cloned().unwrap_or("any".into()),
        schema,
        schema.get("nullable") == Some(&Value::Bool(true)),
        from_spec,
    );
    if let Some(values) = schema.get("enum") {
        normal["values"] = values.clone();
    }
    normal
}

fn from_rust(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return json!({ "kind": "any", "nullable": false });
    };
    let mut schema = schema.clone();
    let mut nullable = false;
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => {
            nullable = kinds.iter().any(|kind| kind == "null");
            kinds.iter().find(|kind| *kind != "null").cloned().unwrap()
        }
        Some(kind) => kind.clone(),
        None => "any".into(),
    };
    if schema.contains_key("$ref") {
        schema.retain(|key, _| key == "$ref");
    }
    let mut normal = normal(kind, &schema, nullable, from_rust);
    if let Some(values) = schema.get("x-ms-enum").and_then(|mark| mark.get("values")) {
        normal["values"] = values.clone();
    }
    normal
}
