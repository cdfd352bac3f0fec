//! The JSON Schema of a row, made of the tables of its members.

use serde_json::{Map, Value, json};

use super::{MAX_ID_CHARS, MAX_STATUS_REASON_CHARS};
use crate::object::{Object as _, Shape, Table};
use crate::row::Row;

/// The JSON Schema (draft 2020-12) of one row of a device file.
///
/// ```
/// let schema = jobs_devices::rules::row_schema();
/// assert_eq!(schema["properties"]["parentScopes"]["type"], serde_json::json!(["array", "null"]));
/// ```
pub fn row_schema() -> Value {
    let mut schema = object(Row::TABLE);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("DeviceRow");
    schema["description"] = json!("One identity in a device file: a device, or a module of one.");
    let properties = &mut schema["properties"];
    properties["id"]["minLength"] = json!(1);
    properties["id"]["maxLength"] = json!(MAX_ID_CHARS);
    properties["statusReason"]["maxLength"] = json!(MAX_STATUS_REASON_CHARS);
    schema
}

fn object(table: Table) -> Value {
    let mut properties = Map::new();
    for known in table {
        let mut property = match known.shape {
            Shape::Text | Shape::Word(_) => json!({"type": "string"}),
            Shape::Bool => json!({"type": "boolean"}),
            Shape::Integer => json!({"type": "integer"}),
            Shape::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Shape::Json => json!({"type": "object", "additionalProperties": true}),
            Shape::Object(inner) => object(inner),
        };
        if !known.is_required {
            property["type"] = json!([property["type"], "null"]);
        }
        let mut about = known.about.trim().to_owned();
        if let Shape::Word(words) = known.shape {
            about += &format!(" One of {}.", words.join(", "));
        }
        property["description"] = json!(about);
        properties.insert(known.name.to_owned(), property);
    }
    let required = table.iter().filter(|known| known.is_required);
    let required: Vec<&str> = required.map(|known| known.name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}
