//! A `Debug` that prints only the length of some members.
//!
//! Free JSON is what callers and devices put there, passwords too; a text marked `x-free-text` is prose of the hub, which repeats the
//! container's signature. Both are there to be read by a program that asks for them, not to be found in a log.

use openapiv3::{OpenAPI, ReferenceOr};
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, Item, ItemStruct, Path, Token, parse_quote};

use super::fields::{object_of, type_text, wire_name};
use crate::{Problem, Result, spec};

/// The mark of a text that may say anything.
const FREE_TEXT: &str = "x-free-text";

/// Writes a `Debug` for the models that have such members, instead of the derived one.
pub(super) fn redact(file: &mut syn::File, document: &OpenAPI) -> Result<()> {
    for item in &mut file.items {
        let Item::Mod(module) = item else { continue };
        let Some((_, items)) = module.content.as_mut().filter(|_| module.ident == "types") else {
            continue;
        };
        let mut blocks = Vec::new();
        for item in items.iter_mut() {
            if let Item::Struct(item) = item {
                blocks.extend(redact_struct(item, &free_texts(item, document))?);
            }
        }
        items.extend(blocks);
    }
    Ok(())
}

/// The wire names of a model's members that are marked.
fn free_texts(item: &ItemStruct, document: &OpenAPI) -> Vec<String> {
    let properties = object_of(item, document).map(|object| &object.properties);
    let marked = properties.into_iter().flatten().filter(|(_, property)| {
        matches!(property, ReferenceOr::Item(schema) if spec::is_marked(schema, FREE_TEXT))
    });
    marked.map(|(name, _)| name.clone()).collect()
}

fn redact_struct(item: &mut ItemStruct, free_texts: &[String]) -> Result<Option<Item>> {
    let Fields::Named(fields) = &item.fields else {
        return Ok(None);
    };
    let mut calls: Vec<syn::Stmt> = Vec::new();
    let mut redacted = 0;
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let (name, ty) = (ident.to_string(), type_text(&field.ty));
        let is_marked = free_texts.contains(&wire_name(field));
        if is_marked && !ty.contains("String") {
            return Err(Problem::new(format!(
                "{}.{} is marked {FREE_TEXT}, but is not a text",
                item.ident,
                wire_name(field)
            )));
        }
        if is_marked || ty.contains("serde_json::") {
            redacted += 1;
            calls.push(parse_quote!(fields.field(#name, &crate::veil::Veiled(&self.#ident));));
        } else {
            calls.push(parse_quote!(fields.field(#name, &self.#ident);));
        }
    }
    if redacted == 0 {
        return Ok(None);
    }
    without_debug(&mut item.attrs)?;
    let ident = &item.ident;
    let name = ident.to_string();
    Ok(Some(parse_quote! {
        impl ::std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let mut fields = f.debug_struct(#name);
                #(#calls)*
                fields.finish()
            }
        }
    }))
}

/// Takes `Debug` out of the derived traits.
fn without_debug(attributes: &mut [Attribute]) -> Result<()> {
    for attribute in attributes
        .iter_mut()
        .filter(|a| a.path().is_ident("derive"))
    {
        let derived = attribute
            .parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)
            .map_err(|error| Problem::new(format!("a derive that is not known here: {error}")))?;
        let kept = derived.iter().filter(|path| {
            path.segments
                .last()
                .is_none_or(|segment| segment.ident != "Debug")
        });
        *attribute = parse_quote!(#[derive(#(#kept),*)]);
    }
    Ok(())
}
