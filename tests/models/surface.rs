//! The surface of the core, short enough to be read: models, operations, enums.

use std::fmt::Write as _;

use syn::{FnArg, ImplItem, Item, Pat, ReturnType};

use crate::{arguments, core, snapshots};

/// One line per field: wire name, Rust name, type, whether it is required, nullable and secret.
#[test]
fn models() {
    for item in core::structs() {
        let name = item.ident.to_string();
        let mut text = String::new();
        let _ = writeln!(text, "{}", capabilities(&item));
        for field in &item.fields {
            let serde = core::serde(&field.attrs);
            let rust_name = field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let wire = serde.rename.unwrap_or_else(|| rust_name.clone());
            let ty = core::rust(&field.ty);
            let mut words = vec![if serde.optional {
                "optional"
            } else {
                "required"
            }];
            if property(&name, &wire)["nullable"] == true {
                words.push("nullable");
            }
            if ty.contains("SasUri") {
                words.push("secret");
            }
            let is_free_json = ty.contains("Map<") || ty.contains("Value");
            if is_free_json || property(&name, &wire)["x-free-text"] == true {
                words.push("length only in Debug");
            }
            if serde.flatten {
                words.push("flattened");
            }
            let _ = writeln!(text, "{wire} -> {rust_name}: {ty}, {}", words.join(", "));
        }
        for arguments in constructors(&name) {
            let _ = writeln!(text, "new({})", arguments.join(", "));
        }
        snapshots::check(&format!("model_{name}"), &text);
    }
}

fn property(model: &str, wire: &str) -> serde_json::Value {
    core::spec()["components"]["schemas"][model]["properties"][wire].clone()
}

/// What a dependent can count on beyond the fields.
fn capabilities(item: &syn::ItemStruct) -> String {
    let mut words = Vec::new();
    for attribute in item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
    {
        attribute
            .parse_nested_meta(|meta| {
                words.push(meta.path.segments.last().unwrap().ident.to_string());
                Ok(())
            })
            .unwrap();
    }
    words.extend(core::implemented(&item.ident));
    words.sort();
    let open = if core::is_marked(&item.attrs, "non_exhaustive") {
        "non_exhaustive"
    } else {
        "EXHAUSTIVE"
    };
    format!("({open}; {})", words.join(", "))
}

/// Types that the surface of the models does not show would be a hole in the pin.
#[test]
fn every_type_of_the_models_is_a_struct() {
    assert_eq!(core::other_types(), Vec::<String>::new());
}

/// Per operation: name, request, a line for each argument with its name and place on the wire, return type.
#[test]
fn operations() {
    let mut text = format!("API version {}\n", jobs_api::API_VERSION);
    let mut functions = operation_functions();
    // The order of keys in the spec means nothing.
    functions.sort_by_key(|function| function.sig.ident.to_string());
    for function in functions {
        let docs = core::documentation(&function.attrs);
        let request = docs
            .lines()
            .find_map(|line| line.strip_prefix("Sends a "))
            .unwrap();
        let request = request.replace("` request to `", " ").replace('`', "");
        let ReturnType::Type(_, response) = &function.sig.output else {
            panic!("an operation returns no type")
        };
        let response = core::rust(response);
        let response = response
            .strip_prefix("Result<ResponseValue<")
            .and_then(|rest| rest.strip_suffix(">, Error<()>>"));
        let _ = writeln!(text, "{}", function.sig.ident);
        let _ = writeln!(text, "  {request}");
        let on_the_wire = arguments::places(&function);
        for (name, ty) in arguments(&function.sig) {
            let place = on_the_wire.get(&name);
            let place = place.unwrap_or_else(|| panic!("{name} is not sent"));
            let _ = writeln!(text, "  takes {name}: {ty}, {place}");
        }
        let _ = writeln!(
            text,
            "  returns {} with {}",
            success_codes(&function).join(" or "),
            response.unwrap()
        );
    }
    snapshots::check("operations", &text);
}

/// Name and type of each argument.
fn arguments(signature: &syn::Signature) -> Vec<(String, String)> {
    let typed = signature
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        });
    typed
        .map(|argument| {
            let Pat::Ident(name) = &*argument.pat else {
                panic!("an argument without a name")
            };
            (name.ident.to_string(), core::rust(&argument.ty))
        })
        .collect()
}

/// The arguments of the constructors of a model. A model with a default has none: a new optional field must not change
/// any call.
fn constructors(model: &str) -> Vec<Vec<String>> {
    let of_model = |block: &syn::ItemImpl| matches!(&*block.self_ty, syn::Type::Path(path) if path.path.is_ident(model));
    let mut found = Vec::new();
    for block in core::impls_of_types().into_iter().filter(of_model) {
        for item in block.items {
            if let ImplItem::Fn(function) = item {
                let arguments = arguments(&function.sig).into_iter();
                found.push(
                    arguments
                        .map(|(name, ty)| format!("{name}: {ty}"))
                        .collect(),
                );
            }
        }
    }
    found
}

pub(crate) fn operation_functions() -> Vec<syn::ImplItemFn> {
    let blocks = core::file()
        .items
        .into_iter()
        .filter_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() => Some(block.items),
            _ => None,
        });
    blocks
        .flatten()
        .filter_map(|item| match item {
            ImplItem::Fn(function) if function.sig.asyncness.is_some() => Some(function),
            _ => None,
        })
        .collect()
}

/// The statuses that the function takes as success: the arms of its match over the status.
fn success_codes(function: &syn::ImplItemFn) -> Vec<String> {
    let arms = function
        .block
        .stmts
        .iter()
        .find_map(|statement| match statement {
            syn::Stmt::Expr(syn::Expr::Match(expression), _) => Some(&expression.arms),
            _ => None,
        });
    arms.unwrap()
        .iter()
        .filter_map(|arm| match &arm.pat {
            Pat::Lit(syn::ExprLit {
                lit: syn::Lit::Int(code),
                ..
            }) => Some(code.base10_digits().to_owned()),
            Pat::Range(_) => Some("2xx".to_owned()),
            _ => None,
        })
        .collect()
}

/// One line per value.
#[test]
fn enums() {
    let mut text = String::new();
    let mut enums = core::enums();
    enums.sort();
    for (name, values) in enums {
        let _ = writeln!(text, "{name}");
        for (rust, wire) in values {
            let _ = writeln!(text, "  {wire} -> {rust}");
        }
    }
    snapshots::check("enums", &text);
}

/// What 2020-05-31-preview has; later versions add to it and take nothing away. The snapshot pins the rest.
#[test]
fn the_seed_model_has_its_fifteen_fields() {
    let structs = core::structs();
    let seed = structs
        .iter()
        .find(|item| item.ident == "JobProperties")
        .unwrap();
    let wire: Vec<_> = seed.fields.iter().map(core::wire_name).collect();
    let expected = [
        "configurationsBlobName",
        "endTimeUtc",
        "excludeKeysInExport",
        "failureReason",
        "includeConfigurations",
        "inputBlobContainerUri",
        "inputBlobName",
        "jobId",
        "outputBlobContainerUri",
        "outputBlobName",
        "progress",
        "startTimeUtc",
        "status",
        "storageAuthenticationType",
        "type",
    ];
    let missing: Vec<_> = expected
        .iter()
        .filter(|name| !wire.iter().any(|found| found == **name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each field that the spec marks is a `SasUri`, and each `SasUri` is marked.
#[test]
fn secrets_are_what_the_spec_marks() {
    let spec = core::spec();
    for item in core::structs() {
        for field in &item.fields {
            let wire = core::wire_name(field);
            let marked = spec["components"]["schemas"][item.ident.to_string()]["properties"][&wire]
                ["x-ms-secret"]
                == true;
            assert_eq!(
                core::rust(&field.ty).contains("SasUri"),
                marked,
                "{}.{wire}",
                item.ident
            );
        }
    }
}
