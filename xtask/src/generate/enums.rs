//! The open enums of the core. They are written as text, in the shape that the macro of jobs-api reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use openapiv3::{Schema, SchemaKind, Type};

use super::names::{type_name, variant_name};
use crate::{Problem, Result};

/// An enum that is open.
#[derive(Debug, Clone)]
pub(super) struct OpenEnum {
    pub(super) rust_name: String,
    pub(super) description: Option<String>,
    pub(super) values: Vec<String>,
}

/// The open enum that a component is, if it is one.
pub(super) fn open_enum(name: &str, schema: &Schema) -> Result<Option<OpenEnum>> {
    let SchemaKind::Type(Type::String(text)) = &schema.schema_kind else {
        return Ok(None);
    };
    let is_open = schema
        .schema_data
        .extensions
        .get("x-ms-enum")
        .and_then(|mark| mark.get("modelAsString"))
        .is_some_and(|value| value == true);
    if text.enumeration.is_empty() || !is_open {
        return Ok(None);
    }
    if type_name(name) != name {
        return Err(Problem::new(format!(
            "the generator calls the enum {name} {rust}, and would not open it; call it {rust} in the spec",
            rust = type_name(name)
        )));
    }
    let values: Vec<String> = text.enumeration.iter().flatten().cloned().collect();
    let names: BTreeSet<String> = values.iter().map(|value| variant_name(value)).collect();
    if names.len() < values.len() {
        return Err(Problem::new(format!(
            "two values of the enum {name} fall on one Rust name"
        )));
    }
    Ok(Some(OpenEnum {
        rust_name: name.to_owned(),
        description: schema.schema_data.description.clone(),
        values,
    }))
}

pub(super) fn render(enums: &[OpenEnum]) -> String {
    let mut text = String::from(
        "\n/// The enums of the API, all of them open.\npub mod enums {\n    use crate::open_enum::open_enum;\n",
    );
    for open in enums {
        text.push_str("\n    open_enum! {\n");
        document(
            &mut text,
            open.description.as_deref().unwrap_or("An enum of the API."),
        );
        let _ = writeln!(text, "        pub enum {} {{", open.rust_name);
        for value in &open.values {
            let _ = writeln!(text, "            /// `{}`.", in_one_line(value));
            let _ = writeln!(text, "            {} = {value:?},", variant_name(value));
        }
        text.push_str("        }\n    }\n");
    }
    text.push_str("}\n");
    text
}

fn document(text: &mut String, description: &str) {
    for line in description.lines() {
        let _ = writeln!(text, "        /// {line}");
    }
}

/// A value as documentation can hold it.
fn in_one_line(value: &str) -> String {
    if value.chars().any(char::is_control) {
        value.escape_debug().to_string()
    } else {
        value.to_owned()
    }
}
