//! Two names of the API must not become one Rust name.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::Lint;
use crate::generate::names::{argument_name, field_name, type_name, variant_name};
use crate::spec::document::{escape, members};

/// Names that jobs-api exports in addition to the models.
const HAND_WRITTEN: [&str; 7] = [
    "SasUri",
    "Client",
    "ClientInfo",
    "Error",
    "ByteStream",
    "RequestContext",
    "ResponseValue",
];

impl Lint<'_> {
    pub(super) fn names(&mut self) {
        self.names_of_schemas();
        self.names_of_operations();
    }

    fn names_of_schemas(&mut self) {
        let schemas: Vec<_> = members(self.root.pointer("/components/schemas")).collect();
        let names = schemas.iter().map(|(name, _)| *name);
        self.distinct("schemas", "/components/schemas", names, type_name);
        for (name, schema) in schemas {
            let at = format!("/components/schemas/{}", escape(name));
            let fields = members(schema.get("properties")).map(|(field, _)| field);
            self.distinct("fields", &format!("{at}/properties"), fields, field_name);
            let values = schema
                .get("enum")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let values: Vec<_> = values.filter_map(Value::as_str).collect();
            self.distinct(
                "values",
                &format!("{at}/enum"),
                values.iter().copied(),
                variant_name,
            );
            if let Some(taken) = values
                .iter()
                .find(|value| variant_name(value) == "Unrecognized")
            {
                let message = format!("the value `{taken}` becomes the variant for unknown values");
                let fix = "rename the variant for unknown values in jobs-api first";
                self.report("rust-name", &format!("{at}/enum"), message, fix);
            }
            self.name_of_schema(name, &at);
            self.further_members(schema, &at);
        }
    }

    /// The generator finds what it replaces or describes by the Rust name.
    fn name_of_schema(&mut self, name: &str, at: &str) {
        let rust = type_name(name);
        if HAND_WRITTEN.contains(&rust.as_str()) {
            let message = format!("the name {rust} belongs to the hand-written part of jobs-api");
            self.report("rust-name", at, message, "call the schema something else");
        } else if rust != name {
            let message = format!("the schema {name} is called {rust} in Rust");
            self.report("type-name", at, message, format!("call it {rust} here too"));
        }
    }

    /// The generator collects members that are not listed in a field that it adds.
    fn further_members(&mut self, schema: &Value, at: &str) {
        let gathers = schema
            .get("additionalProperties")
            .is_some_and(|further| *further != Value::Bool(false));
        let taken = members(schema.get("properties"))
            .map(|(field, _)| field)
            .find(|field| gathers && field_name(field) == "extra");
        if let Some(field) = taken {
            let message = format!(
                "the field `{field}` has the name of the one that collects further members"
            );
            let fix = "rename it, or leave `additionalProperties` out";
            self.report("rust-name", &format!("{at}/properties"), message, fix);
        }
    }

    fn names_of_operations(&mut self) {
        let operations = self.document.operations();
        let ids = operations
            .iter()
            .filter_map(|operation| operation.value["operationId"].as_str());
        let unique: BTreeSet<_> = ids.collect();
        self.distinct("operations", "/paths", unique.into_iter(), argument_name);
        for operation in operations {
            let parameters = self.document.parameters(operation);
            let at = format!("{}/parameters", operation.pointer());
            let names: BTreeSet<_> = parameters.keys().map(|(_, name)| name.as_str()).collect();
            for name in &names {
                let rust = argument_name(name);
                let is_body = rust == "body" && operation.value.get("requestBody").is_some();
                if is_body || rust == "header_map" {
                    let message =
                        format!("the parameter `{name}` has the name of the generator's `{rust}`");
                    self.report("rust-name", &at, message, "leave the parameter out");
                }
            }
            self.distinct("parameters", &at, names.into_iter(), argument_name);
        }
    }

    fn distinct<'n>(
        &mut self,
        kind: &str,
        pointer: &str,
        names: impl Iterator<Item = &'n str>,
        rust: fn(&str) -> String,
    ) {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for name in names {
            let rust_name = rust(name);
            if let Some(other) = seen.insert(rust_name.clone(), name)
                && other != name
            {
                let message =
                    format!("the {kind} `{other}` and `{name}` become one Rust name, {rust_name}");
                self.report(
                    "rust-name",
                    pointer,
                    message,
                    "rename one of them, or leave it out",
                );
            }
        }
    }
}
