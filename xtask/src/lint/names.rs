//! Two names of the API must not fall on one Rust name.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::Lint;
use crate::diff::document::{Document, escape, members};
use crate::generate::variant_name;

/// Names that jobs-api exports besides the models.
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
            self.distinct("fields", &format!("{at}/properties"), fields, snake_name);
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
                let message =
                    format!("the value `{taken}` falls on the variant for unknown values");
                let fix = "rename the variant for unknown values in jobs-api first";
                self.report("rust-name", &format!("{at}/enum"), message, fix);
            }
            if HAND_WRITTEN.contains(&name) {
                let message =
                    format!("the name {name} belongs to the hand-written part of jobs-api");
                self.report("rust-name", &at, message, "call the schema something else");
            }
        }
    }

    fn names_of_operations(&mut self) {
        let document = Document::new(self.root);
        let operations = document.operations();
        let ids = operations
            .iter()
            .filter_map(|operation| operation.value["operationId"].as_str());
        let unique: BTreeSet<_> = ids.collect();
        self.distinct("operations", "/paths", unique.into_iter(), snake_name);
        for operation in operations {
            let parameters = document.parameters(operation);
            let at = format!(
                "/paths/{}/{}/parameters",
                escape(operation.path),
                operation.method
            );
            let names: BTreeSet<_> = parameters.keys().map(|(_, name)| name.as_str()).collect();
            self.distinct("parameters", &at, names.into_iter(), snake_name);
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
                    format!("the {kind} `{other}` and `{name}` fall on one Rust name, {rust_name}");
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

/// The Rust name of a field, argument or operation, by the generator's rules: words split at case and punctuation.
fn snake_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push('_');
            continue;
        }
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && after.is_some_and(|a| a.is_lowercase())
            });
        if starts_word {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
    }
    words
        .split('_')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn type_name(name: &str) -> String {
    snake_name(name).replace('_', "")
}

#[cfg(test)]
mod tests {
    use super::snake_name;

    #[test]
    fn names_are_split_as_the_generator_splits_them() {
        for (wire, rust) in [
            ("jobId", "job_id"),
            ("startTimeUtc", "start_time_utc"),
            ("x509Thumbprint", "x509_thumbprint"),
            ("x-ms-max-item-count", "x_ms_max_item_count"),
            ("HTTPStatus", "http_status"),
        ] {
            assert_eq!(snake_name(wire), rust);
        }
    }
}
