//! Rules for schemas.

use std::collections::HashMap;

use serde_json::Value;

use super::Lint;
use crate::spec;
use crate::spec::document::{escape, members, object, places, reference};

/// Words in the name of a field that holds a URI with a signature.
const SIGNED_URI: [&str; 5] = ["container", "blob", "sas", "storage", "file"];

impl<'a> Lint<'a> {
    pub(super) fn schemas(&mut self) {
        let schemas: Vec<_> = members(self.root.pointer("/components/schemas")).collect();
        for (name, schema) in schemas {
            let at = format!("/components/schemas/{}", escape(name));
            if reference(schema).is_none() {
                self.describe(schema, &at, &format!("the schema {name}"));
            }
            self.schema(schema, &at, true);
        }
        self.schemas_of_operations();
    }

    /// Schemas that are inside operations instead of the components.
    fn schemas_of_operations(&mut self) {
        for (pointer, value) in places(&self.root["paths"], "/paths") {
            // What is inside another schema is read with it.
            if pointer.ends_with("/schema") && !pointer.contains("/schema/") {
                self.schema(value, &pointer, false);
            }
        }
    }

    fn schema(&mut self, schema: &'a Value, pointer: &str, is_component: bool) {
        let is_wrapped = !is_component && spec::wrapped_reference(schema).is_some();
        if reference(schema).is_some() || is_wrapped {
            return;
        }
        for word in ["oneOf", "anyOf", "allOf", "not"] {
            if schema.get(word).is_some() {
                let message = format!("the generator makes poor types of `{word}`");
                self.breaks("composition", &format!("{pointer}/{word}"), message);
            }
        }
        if is_component && schema["nullable"] == true {
            let message =
                "the schema may be null, so the generator wraps its type, or forgets the null";
            self.breaks("nullable-component", pointer, message);
        }
        self.enumeration(schema, pointer, is_component);
        self.secret(schema, pointer);
        if schema.get("default").is_some() {
            let message = "a default makes the field always sent, and says what the service does in the wrong place";
            self.breaks("no-default", &format!("{pointer}/default"), message);
        }
        let is_list = schema["type"] == "array";
        if is_list && schema.get("items").is_none() {
            self.breaks("items", pointer, "the list does not say what it holds");
        }
        if let Some(items) = schema.get("items") {
            self.schema(items, &format!("{pointer}/items"), false);
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            self.schema(values, &format!("{pointer}/additionalProperties"), false);
        }
        self.fields(schema, pointer, is_component);
    }

    fn fields(&mut self, schema: &'a Value, pointer: &str, is_component: bool) {
        let fields: Vec<_> = members(schema.get("properties")).collect();
        if !fields.is_empty() && !is_component {
            let message = "a model is inline, so the generator invents its name";
            self.breaks("inline-model", pointer, message);
        }
        let listed = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for name in listed
            .filter_map(Value::as_str)
            .filter(|name| !fields.iter().any(|(field, _)| field == name))
        {
            let message = format!("`{name}` is required but not described");
            self.breaks("required-field", &format!("{pointer}/required"), message);
        }
        for (name, field) in fields {
            let at = format!("{pointer}/properties/{}", escape(name));
            let refers = reference(field).is_some() || spec::wrapped_reference(field).is_some();
            if !refers || field.get("description").is_some() {
                self.describe(field, &at, &format!("the field `{name}`"));
            }
            self.signed_uri(name, field, &at);
            self.schema(field, &at, false);
        }
    }

    fn enumeration(&mut self, schema: &Value, pointer: &str, is_component: bool) {
        let Some(values) = schema.get("enum").and_then(Value::as_array) else {
            return;
        };
        if schema.pointer("/x-ms-enum/modelAsString") != Some(&Value::Bool(true)) {
            let message =
                "the enum is closed: one new value would make the whole response unreadable";
            self.breaks("open-enum", pointer, message);
        }
        if !is_component {
            let message = "an enum is inline, so the generator cannot open it";
            self.breaks("inline-enum", pointer, message);
        }
        if schema["type"] != "string" || values.iter().any(|value| !value.is_string()) {
            self.breaks(
                "text-enum",
                pointer,
                "the enum has values that are not texts",
            );
        }
        let unique: std::collections::BTreeSet<_> = values.iter().map(Value::to_string).collect();
        if unique.len() < values.len() || values.is_empty() {
            let message = "the enum is empty or repeats a value";
            self.breaks("enum-values", &format!("{pointer}/enum"), message);
        }
        self.cases(values, pointer);
    }

    /// The core reads values without regard to case, so the second of two would never come out.
    fn cases(&mut self, values: &[Value], pointer: &str) {
        let mut seen = HashMap::new();
        for value in values.iter().filter_map(Value::as_str) {
            if let Some(other) = seen.insert(value.to_ascii_lowercase(), value)
                && other != value
            {
                let message = format!("the values `{other}` and `{value}` differ in case alone");
                self.breaks("enum-case", &format!("{pointer}/enum"), message);
            }
        }
    }

    fn secret(&mut self, schema: &Value, pointer: &str) {
        let Some(mark) = schema.get("x-ms-secret") else {
            return;
        };
        if !mark.is_boolean() {
            let message = format!("the mark is {mark} instead of true or false");
            self.report(
                "secret-mark",
                &format!("{pointer}/x-ms-secret"),
                message,
                "write `true`",
            );
        } else if *mark == true
            && (schema["type"] != "string" || object(Some(schema)).contains_key("enum"))
        {
            let message = "only a plain text can be secret";
            self.report(
                "secret-mark",
                &format!("{pointer}/x-ms-secret"),
                message,
                "mark the text inside instead",
            );
        }
    }

    /// A field whose name or description speaks of a signed URI is marked secret.
    fn signed_uri(&mut self, name: &str, field: &Value, pointer: &str) {
        let lower = name.to_ascii_lowercase();
        let is_uri = lower.ends_with("uri") || lower.ends_with("url");
        let text = field
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_signed = is_uri && SIGNED_URI.iter().any(|word| lower.contains(word))
            || text.contains("shared access signature");
        let is_text = field["type"] == "string";
        if is_text && is_signed && field.get("x-ms-secret") != Some(&Value::Bool(true)) {
            let message = format!("`{name}` can carry a signature but is not marked secret");
            self.breaks("secret-uri", pointer, message);
        }
    }
}
