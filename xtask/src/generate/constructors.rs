//! Constructors for the models that cannot have a default, because the spec requires some of their fields.

use openapiv3::{ObjectType, OpenAPI};
use syn::punctuated::Punctuated;
use syn::{Field, Fields, Item, ItemStruct, parse_quote};

use super::fields::{inside_option, object_of, type_text, wire_name};

/// Adds a constructor for each struct without a default.
pub(super) fn add(items: &mut Vec<Item>, document: &OpenAPI) {
    let with_default: Vec<String> = items.iter().filter_map(defaulted).collect();
    let constructors: Vec<Item> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if !with_default.contains(&item.ident.to_string()) => {
                constructor(item, document)
            }
            _ => None,
        })
        .collect();
    items.extend(constructors);
}

/// The type that has a default, derived or written out.
fn defaulted(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => item
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("derive"))
            .filter_map(|attribute| attribute.parse_args_with(Paths::parse_terminated).ok())
            .any(|derived| derived.iter().any(is_default))
            .then(|| item.ident.to_string()),
        Item::Impl(block) => {
            let (_, name, _) = block.trait_.as_ref()?;
            is_default(name).then(|| type_text(&block.self_ty))
        }
        _ => None,
    }
}

type Paths = Punctuated<syn::Path, syn::Token![,]>;

fn is_default(path: &syn::Path) -> bool {
    let last = path.segments.last();
    last.is_some_and(|segment| segment.ident == "Default")
}

/// A constructor of the required fields, for a struct that cannot have a default.
fn constructor(item: &ItemStruct, document: &OpenAPI) -> Option<Item> {
    let Fields::Named(fields) = &item.fields else {
        return None;
    };
    let name = &item.ident;
    let object = object_of(item, document);
    let (mut arguments, mut values): (Vec<syn::FnArg>, Vec<syn::FieldValue>) =
        (Vec::new(), Vec::new());
    for field in &fields.named {
        let (ident, ty) = (field.ident.as_ref()?, &field.ty);
        if is_required(field, object) {
            arguments.push(parse_quote!(#ident: #ty));
            values.push(parse_quote!(#ident));
        } else {
            values.push(parse_quote!(#ident: ::std::default::Default::default()));
        }
    }
    let text = format!("A `{name}` of its required fields alone.");
    Some(parse_quote! {
        impl #name {
            #[doc = #text]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
        }
    })
}

/// What the spec requires is an argument, and nothing else is: an `Option` that a later field adds would break each call.
fn is_required(field: &Field, object: Option<&ObjectType>) -> bool {
    match object {
        Some(object) => object.required.contains(&wire_name(field)),
        None => inside_option(&field.ty).is_none() && !may_be_absent(field),
    }
}

fn may_be_absent(field: &Field) -> bool {
    field.attrs.iter().any(|attribute| {
        let mut found = false;
        if attribute.path().is_ident("serde") {
            let _ = attribute.parse_nested_meta(|meta| {
                found |= meta.path.is_ident("default") || meta.path.is_ident("flatten");
                if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::Lit>()?;
                }
                Ok(())
            });
        }
        found
    })
}
