//! Reads the source of the generated core.

use std::path::{Path, PathBuf};

use syn::{Item, ItemMod, ItemStruct};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

pub(crate) fn spec() -> serde_json::Value {
    let text = std::fs::read_to_string(root().join("spec/jobs.openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The generated core as a syntax tree.
pub(crate) fn file() -> syn::File {
    let text = std::fs::read_to_string(root().join("crates/jobs-api/src/generated.rs")).unwrap();
    syn::parse_file(&text).unwrap()
}

fn module(name: &str) -> ItemMod {
    file()
        .items
        .into_iter()
        .find_map(|item| match item {
            Item::Mod(module) if module.ident == name => Some(module),
            _ => None,
        })
        .unwrap()
}

/// The structs of the models.
pub(crate) fn structs() -> Vec<ItemStruct> {
    let (_, items) = module("types").content.unwrap();
    items
        .into_iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            _ => None,
        })
        .collect()
}

/// `Debug`, when it is written out for a model instead of derived.
pub(crate) fn implemented(model: &syn::Ident) -> Vec<String> {
    let (_, items) = module("types").content.unwrap();
    let blocks = items.into_iter().filter_map(|item| match item {
        Item::Impl(block) => Some(block),
        _ => None,
    });
    blocks
        .filter(
            |block| matches!(&*block.self_ty, syn::Type::Path(path) if path.path.is_ident(model)),
        )
        .filter_map(|block| block.trait_)
        .map(|(_, path, _)| path.segments.last().unwrap().ident.to_string())
        .filter(|name| name == "Debug")
        .collect()
}

/// The blocks of functions of the models, without those of traits.
pub(crate) fn impls_of_types() -> Vec<syn::ItemImpl> {
    let (_, items) = module("types").content.unwrap();
    items
        .into_iter()
        .filter_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() => Some(block),
            _ => None,
        })
        .collect()
}

/// Types of the models that are neither structs nor the generator's own error.
pub(crate) fn other_types() -> Vec<String> {
    let (_, items) = module("types").content.unwrap();
    items
        .into_iter()
        .filter_map(|item| match item {
            Item::Enum(item) => Some(format!("enum {}", item.ident)),
            Item::Type(item) => Some(format!("type {} = {}", item.ident, rust(&item.ty))),
            _ => None,
        })
        .collect()
}

/// Name and values (Rust name, wire value) of each open enum.
pub(crate) fn enums() -> Vec<(String, Vec<(String, String)>)> {
    let (_, items) = module("enums").content.unwrap();
    items
        .iter()
        .filter_map(|item| match item {
            Item::Macro(item) if item.mac.path.is_ident("open_enum") => {
                Some(syn::parse2(item.mac.tokens.clone()).unwrap())
            }
            _ => None,
        })
        .map(|OpenEnum { name, values }| (name, values))
        .collect()
}

struct OpenEnum {
    name: String,
    values: Vec<(String, String)>,
}

impl syn::parse::Parse for OpenEnum {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        input.call(syn::Attribute::parse_outer)?;
        input.parse::<syn::Token![pub]>()?;
        input.parse::<syn::Token![enum]>()?;
        let name = input.parse::<syn::Ident>()?.to_string();
        let content;
        syn::braced!(content in input);
        let mut values = Vec::new();
        while !content.is_empty() {
            content.call(syn::Attribute::parse_outer)?;
            let rust = content.parse::<syn::Ident>()?.to_string();
            content.parse::<syn::Token![=]>()?;
            values.push((rust, content.parse::<syn::LitStr>()?.value()));
            content.parse::<syn::Token![,]>()?;
        }
        Ok(Self { name, values })
    }
}

/// What serde attributes say about a field.
#[derive(Default)]
pub(crate) struct Serde {
    pub(crate) rename: Option<String>,
    pub(crate) optional: bool,
    pub(crate) flatten: bool,
}

pub(crate) fn serde(attributes: &[syn::Attribute]) -> Serde {
    let mut found = Serde::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute
            .parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    found.rename = Some(meta.value()?.parse::<syn::LitStr>()?.value());
                } else if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::Lit>()?;
                }
                found.optional |=
                    meta.path.is_ident("default") || meta.path.is_ident("skip_serializing_if");
                found.flatten |= meta.path.is_ident("flatten");
                Ok(())
            })
            .unwrap();
    }
    found
}

pub(crate) fn is_marked(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

/// The documentation of an item.
pub(crate) fn documentation(attributes: &[syn::Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// A type as a person writes it: the last part of each path, without lifetimes.
pub(crate) fn rust(ty: &syn::Type) -> String {
    match ty {
        syn::Type::Reference(reference) => format!("&{}", rust(&reference.elem)),
        syn::Type::Tuple(tuple) => {
            format!(
                "({})",
                tuple.elems.iter().map(rust).collect::<Vec<_>>().join(", ")
            )
        }
        syn::Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let mut text = last.ident.to_string();
            if let syn::PathArguments::AngleBracketed(arguments) = &last.arguments {
                let inner = arguments.args.iter().filter_map(|argument| match argument {
                    syn::GenericArgument::Type(ty) => Some(rust(ty)),
                    _ => None,
                });
                text = format!("{text}<{}>", inner.collect::<Vec<_>>().join(", "));
            }
            text
        }
        other => panic!("a kind of type that the surface cannot show yet: {other:?}"),
    }
}

/// The name of a field on the wire.
pub(crate) fn wire_name(field: &syn::Field) -> String {
    serde(&field.attrs)
        .rename
        .unwrap_or_else(|| field.ident.as_ref().unwrap().to_string())
}
