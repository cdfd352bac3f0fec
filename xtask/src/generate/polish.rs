//! What the generated syntax tree needs before people depend on it.
//!
//! * structs are `#[non_exhaustive]`, and one without a default gets a constructor (`constructors`), so that a new optional
//!   field does not break callers;
//! * schemars is derived behind the feature, saying exactly what the spec says about null and bounds;
//! * fields that refer to another schema get its description;
//! * free JSON and free text leave the printed form of their models (`redact`);
//! * the constructors of the client go: one unwraps a `reqwest::Client` with short timeouts, and the seam has one that reads the base URL.
//!
//! Operations stay as the generator writes them. Each sends its request through the generator's hooks, which the seam implements.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::{IntegerType, OpenAPI, ReferenceOr, Schema, SchemaKind, Type};
use syn::{Attribute, Field, Fields, Item, ItemStruct, parse_quote};

use super::fields::{inside_option, object_of, type_text, wire_name};
use super::lower::Lowered;
use super::names::type_name;
use super::{constructors, redact};
use crate::spec::document::escape;
use crate::{Problem, Result, spec};

pub(super) fn polish(tokens: String, document: &OpenAPI, lowered: &Lowered) -> Result<syn::File> {
    let mut file: syn::File = syn::parse_str(&tokens).map_err(|error| {
        Problem::new(format!(
            "the generator wrote something that is not Rust: {error}"
        ))
    })?;
    for item in &mut file.items {
        match item {
            Item::Impl(block) if is_inherent_client(block) => remove_constructors(block),
            Item::Mod(module) if module.ident == "types" => {
                if let Some((_, items)) = &mut module.content {
                    polish_types(items, document);
                }
            }
            _ => {}
        }
    }
    // A block that had only constructors is empty now.
    file.items
        .retain(|item| !matches!(item, Item::Impl(block) if is_inherent_client(block) && block.items.is_empty()));
    redact::redact(&mut file, document)?;
    super::aliases::add(&mut file, document);
    check_secrets(&file, document, lowered)?;
    Ok(file)
}

fn is_inherent_client(block: &syn::ItemImpl) -> bool {
    block.trait_.is_none()
        && matches!(&*block.self_ty, syn::Type::Path(path) if path.path.is_ident("Client"))
}

fn remove_constructors(block: &mut syn::ItemImpl) {
    block.items.retain(
        |item| !matches!(item, syn::ImplItem::Fn(function) if function.sig.receiver().is_none()),
    );
}

fn polish_types(items: &mut Vec<Item>, document: &OpenAPI) {
    for item in items.iter_mut() {
        match item {
            Item::Struct(item) => {
                polish_struct(item, document);
            }
            Item::Enum(item) => {
                strip_schema_text(&mut item.attrs);
                item.attrs.push(parse_quote!(#[non_exhaustive]));
                item.attrs.push(
                    parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]),
                );
            }
            _ => {}
        }
    }
    constructors::add(items, document);
}

fn polish_struct(item: &mut ItemStruct, document: &OpenAPI) {
    strip_schema_text(&mut item.attrs);
    item.attrs
        .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]));
    let object = object_of(item, document);
    let Fields::Named(fields) = &mut item.fields else {
        return;
    };
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    let Some(object) = object else {
        return;
    };
    for field in &mut fields.named {
        let wire = wire_name(field);
        let Some(property) = object.properties.get(&wire) else {
            continue;
        };
        strip_schema_text(&mut field.attrs);
        document_reference(field, property, document);
        describe_for_schemars(field, property, object.required.contains(&wire));
    }
}

/// A reference cannot carry a description, so the field takes that of its target, or of the `allOf` around it.
fn document_reference(field: &mut Field, property: &ReferenceOr<Box<Schema>>, document: &OpenAPI) {
    let (reference, own) = match property {
        ReferenceOr::Reference { reference } => (reference, None),
        ReferenceOr::Item(schema) => match &schema.schema_kind {
            SchemaKind::AllOf { all_of } => match all_of.as_slice() {
                [ReferenceOr::Reference { reference }] => {
                    (reference, schema.schema_data.description.clone())
                }
                _ => return,
            },
            _ => return,
        },
    };
    if own.is_some()
        && field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("doc"))
    {
        return;
    }
    let target = spec::referenced_name(reference);
    let of_target = || {
        let (_, schema) = spec::schemas(document).find(|(name, _)| *name == target)?;
        schema.as_item()?.schema_data.description.clone()
    };
    if let Some(description) = own.or_else(of_target) {
        field.attrs.insert(0, parse_quote!(#[doc = #description]));
    }
}

fn describe_for_schemars(field: &mut Field, property: &ReferenceOr<Box<Schema>>, required: bool) {
    let is_nullable = property
        .as_item()
        .is_some_and(|schema| schema.schema_data.nullable);
    if !required
        && !is_nullable
        && let Some(inner) = inside_option(&field.ty)
    {
        field.attrs.push(parse_quote!(#[serde(default)]));
        field
            .attrs
            .push(parse_quote!(#[cfg_attr(feature = "schemars", schemars(with = #inner))]));
    }
    if let Some(SchemaKind::Type(Type::Integer(IntegerType {
        minimum, maximum, ..
    }))) = property.as_item().map(|schema| &schema.schema_kind)
    {
        for (word, bound) in [("minimum", minimum), ("maximum", maximum)] {
            if let Some(bound) = bound {
                field.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", schemars(extend(#word = #bound)))]));
            }
        }
    }
}

/// The generator repeats the JSON schema of each type in its documentation; the spec and the snapshots have it.
fn strip_schema_text(attributes: &mut [Attribute]) {
    for attribute in attributes.iter_mut() {
        let syn::Meta::NameValue(pair) = &mut attribute.meta else {
            continue;
        };
        if let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &mut pair.value
            && let Some(cut) = text.value().find("<details>")
        {
            let kept = text.value()[..cut].trim_end().to_owned();
            *text = syn::LitStr::new(&kept, text.span());
        }
    }
}

/// Every property that the spec marks secret must have become a `SasUri`; anything else could be printed.
fn check_secrets(file: &syn::File, document: &OpenAPI, lowered: &Lowered) -> Result<()> {
    let structs = structs(file);
    let kept: BTreeSet<_> = spec::schemas(&lowered.document)
        .map(|(name, _)| name)
        .collect();
    for (name, schema) in spec::schemas(document).filter(|(name, _)| kept.contains(name)) {
        let kind = schema.as_item().map(|schema| &schema.schema_kind);
        let Some(SchemaKind::Type(Type::Object(object))) = kind else {
            continue;
        };
        for (property, schema) in &object.properties {
            let schema = schema.as_item();
            let is_secret = schema.is_some_and(|schema| spec::is_marked(schema, "x-ms-secret"));
            let fields = structs.get(&type_name(name));
            if is_secret && fields.is_none_or(|fields| fields.get(property) != Some(&true)) {
                return Err(Problem::new(format!(
                    "{name}.{property} is marked secret, but its Rust type is not SasUri; only plain texts can be secret"
                ))
                .at(format!(
                    "/components/schemas/{}/properties/{}",
                    escape(name),
                    escape(property)
                )));
            }
        }
    }
    Ok(())
}

/// What is in the modules of the core.
fn items_of_modules(file: &syn::File) -> impl Iterator<Item = &Item> {
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) => module.content.as_ref(),
        _ => None,
    });
    modules.flat_map(|(_, items)| items)
}

/// The names of the public types of the models.
pub(super) fn type_names(file: &syn::File) -> Vec<String> {
    let names = items_of_modules(file).filter_map(|item| match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    });
    names.collect()
}

/// Per struct and wire name: whether the field holds a `SasUri`.
fn structs(file: &syn::File) -> BTreeMap<String, BTreeMap<String, bool>> {
    let structs = items_of_modules(file).filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    });
    let fields = |item: &ItemStruct| {
        let fields = item.fields.iter().map(|field| {
            let ty = inside_option(&field.ty).unwrap_or_else(|| type_text(&field.ty));
            (wire_name(field), ty.ends_with("SasUri"))
        });
        fields.collect()
    };
    structs
        .map(|item| (item.ident.to_string(), fields(item)))
        .collect()
}
