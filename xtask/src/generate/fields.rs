//! The fields of generated structs: their types, and what the spec says about them.

use openapiv3::{ObjectType, OpenAPI, SchemaKind, Type};
use syn::{Field, ItemStruct, parse_quote};

use super::names::type_name;
use crate::spec;

/// What the spec says about the members of a struct, where a component gave it.
pub(super) fn object_of<'a>(item: &ItemStruct, document: &'a OpenAPI) -> Option<&'a ObjectType> {
    let name = item.ident.to_string();
    let (_, schema) = spec::schemas(document).find(|(schema, _)| type_name(schema) == name)?;
    match &schema.as_item()?.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some(object),
        _ => None,
    }
}

/// The name of a field on the wire: its `serde(rename)`, or its own.
pub(super) fn wire_name(field: &Field) -> String {
    let mut name = field
        .ident
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = meta.value()?.parse::<syn::LitStr>()?.value();
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Lit>()?;
            }
            Ok(())
        });
    }
    name
}

pub(super) fn inside_option(ty: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let Some(syn::GenericArgument::Type(inner)) = arguments.args.first() else {
        return None;
    };
    (last.ident == "Option").then(|| type_text(inner))
}

/// A type as it is written.
pub(super) fn type_text(ty: &syn::Type) -> String {
    let file: syn::File = parse_quote!(type Inner = #ty;);
    prettyplease::unparse(&file)
        .trim_start_matches("type Inner = ")
        .trim_end()
        .trim_end_matches(';')
        .to_owned()
}
