//! Members that are read under another name, too.

use openapiv3::{OpenAPI, ReferenceOr};
use syn::{Fields, Item, parse_quote};

use super::fields::{object_of, wire_name};

/// The other name of a member, in the spec.
const ALSO_READ_AS: &str = "x-also-read-as";

/// Lets the models read members by their other names. They are written by the name of the spec.
pub(super) fn add(file: &mut syn::File, document: &OpenAPI) {
    for item in &mut file.items {
        let Item::Mod(module) = item else { continue };
        let items = module.content.iter_mut().flat_map(|(_, items)| items);
        for item in items {
            let Item::Struct(item) = item else { continue };
            let Some(object) = object_of(item, document) else {
                continue;
            };
            let Fields::Named(fields) = &mut item.fields else {
                continue;
            };
            for field in &mut fields.named {
                let Some(ReferenceOr::Item(schema)) = object.properties.get(&wire_name(field))
                else {
                    continue;
                };
                let other = schema.schema_data.extensions.get(ALSO_READ_AS);
                if let Some(other) = other.and_then(serde_json::Value::as_str) {
                    field.attrs.push(parse_quote!(#[serde(alias = #other)]));
                }
            }
        }
    }
}
