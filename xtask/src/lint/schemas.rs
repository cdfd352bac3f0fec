//! Rules for schemas.

use std::collections::HashMap;

use serde_json::Value;

use super::Lint;
use crate::spec;
use crate::spec::document::{escape, members, object, reference};

/// Words in the name of a field that holds a URI with a signature.
const SIGNED_URI: [&str; 5] = ["container", "blob", "sas", "storage", "file"];

impl<'a> Lint<'a> {
    pub(super) fn schemas(&mut self) {
        let schemas: Vec<_> = members(self.root.pointer("/components/schemas")).collect();
        for (name, schema) in schemas {
            let at = format!("/components/schemas/{}", escape(name));
            if reference(schema).is_none() {
                self.describe("", Some(schema), &at, &format!("the schema {name}"));
            }
            self.schema(schema, &at, true);
        }
        self.schemas_of_operations();
    }

    /// Schemas that stand in operations instead of the components.
    fn schemas_of_operations(&mut self) {
        let mut waiting = vec![("/paths".to_owned(), self.root.get("paths"))];
        while let Some((pointer, value)) = waiting.pop() {
            for (name, value) in members(value) {
                let at = format!("{pointer}/{}", escape(name));
                if name == "schema" {
                    self.schema(value, &at, false);
                } else {
                    waiting.push((at, Some(value)));
                }
            }
            let items = value
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .enumerate();
            waiting.extend(items.map(|(index, item)| (format!("{pointer}/{index}"), Some(item))));
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
                self.report(
                    "composition",
                    &format!("{pointer}/{word}"),
                    message,
                    "write the schema out",
                );
            }
        }
        if is_component && schema["nullable"] == true {
            let message =
                "the schema may be null, so the generator wraps its type, or forgets the null";
            let fix = "make the fields that refer to it optional instead";
            self.report("nullable-component", pointer, message, fix);
        }
        self.enumeration(schema, pointer, is_component);
        self.secret(schema, pointer);
        if schema.get("default").is_some() {
            let message = "a default makes the field always sent, and says what the service does in the wrong place";
            let fix = "say the default in the description";
            self.report("no-default", &format!("{pointer}/default"), message, fix);
        }
        let is_list = schema["type"] == "array";
        if is_list && schema.get("items").is_none() {
            self.report(
                "items",
                pointer,
                "the list does not say what it holds",
                "add `items`",
            );
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
            let message = "a model stands inline, so the generator invents its name";
            self.report(
                "inline-model",
                pointer,
                message,
                "move it to the components and refer to it",
            );
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
            self.report(
                "required-field",
                &format!("{pointer}/required"),
                message,
                "add the field, or remove it from `required`",
            );
        }
        for (name, field) in fields {
            let at = format!("{pointer}/properties/{}", escape(name));
            let refers = reference(field).is_some() || spec::wrapped_reference(field).is_some();
            if !refers || field.get("description").is_some() {
                self.describe("", Some(field), &at, &format!("the field `{name}`"));
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
            let message = "the enum is closed: one new value would cost the whole answer";
            let fix = "add `\"x-ms-enum\": { \"name\": …, \"modelAsString\": true }`";
            self.report("open-enum", pointer, message, fix);
        }
        if !is_component {
            let message = "an enum stands inline, so the generator cannot open it";
            self.report(
                "inline-enum",
                pointer,
                message,
                "move it to the components and refer to it",
            );
        }
        if schema["type"] != "string" || values.iter().any(|value| !value.is_string()) {
            self.report(
                "text-enum",
                pointer,
                "the enum has values that are no text",
                "make it an enum of texts",
            );
        }
        let unique: std::collections::BTreeSet<_> = values.iter().map(Value::to_string).collect();
        if unique.len() < values.len() || values.is_empty() {
            let message = "the enum is empty or repeats a value";
            self.report(
                "enum-values",
                &format!("{pointer}/enum"),
                message,
                "list each value once",
            );
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
                let fix = "list the one that the service writes";
                self.report("enum-case", &format!("{pointer}/enum"), message, fix);
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
            self.report(
                "secret-uri",
                pointer,
                message,
                "add `\"x-ms-secret\": true`",
            );
        }
    }
}
