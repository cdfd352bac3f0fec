//! What null and required fields do to Rust code, which the class of a whole report cannot tell.

use serde_json::{Value, json};
use syn::{FnArg, ImplItem, Item, Pat};
use xtask::diff::{self, Class};
use xtask::generate;

use super::edit::{Edit, remove, set};
use super::edited;

/// What the edits mean to Rust code, from a spec that has other edits already.
fn rust(before: &[Edit], edits: &[Edit]) -> Class {
    let old = edited(before);
    let mut new = old.clone();
    edits.iter().for_each(|edit| edit.apply(&mut new));
    let report = diff::compare(&old, &new);
    report
        .changes
        .iter()
        .map(|change| change.rust)
        .max()
        .unwrap_or(Class::None)
}

fn texts() -> Value {
    json!({ "type": "array", "description": "Texts.", "items": { "type": "string" } })
}

#[test]
fn null_changes_the_rust_type_of_everything_but_an_optional_field() {
    let list = "/components/schemas/JobResponse/properties/list";
    let with_list = [set(list, texts())];
    let null = |pointer| [set(pointer, json!(true))];
    let items = "/components/schemas/JobResponse/properties/list/items/nullable";
    assert_eq!(rust(&with_list, &null(items)), Class::Breaking);
    let with_null = [set(list, texts()), set(items, json!(true))];
    assert_eq!(rust(&with_null, &[remove(items)]), Class::Breaking);

    let response = "/paths/~1jobs/get/responses/200/content/application~1json/schema/nullable";
    assert_eq!(rust(&[], &null(response)), Class::Breaking);
    assert_eq!(
        rust(&[], &null("/components/schemas/JobRequest/nullable")),
        Class::Breaking
    );
    let required = [set(
        "/components/schemas/JobResponse/required",
        json!(["jobId"]),
    )];
    let job_id = "/components/schemas/JobResponse/properties/jobId/nullable";
    assert_eq!(rust(&required, &null(job_id)), Class::Breaking);

    assert!(rust(&[], &null(job_id)) < Class::Additive);
}

#[test]
fn first_field_of_a_model_is_another_type_and_a_second_is_not() {
    let fields = "/components/schemas/DeviceCapabilities/properties";
    let field = set(
        "/components/schemas/DeviceCapabilities/properties/more",
        json!({ "type": "string", "description": "More." }),
    );
    let none = [set(fields, json!({}))];
    assert_eq!(rust(&none, std::slice::from_ref(&field)), Class::Breaking);
    assert_eq!(rust(&[], &[field]), Class::Additive);
}

/// The arguments of the constructor of a model; none where it has no constructor.
fn constructor(document: &Value, model: &str) -> Option<Vec<String>> {
    let core = generate::core(&document.to_string()).unwrap();
    let file = syn::parse_file(&core).unwrap();
    let types = file.items.into_iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    for item in types.unwrap().1 {
        let Item::Impl(block) = item else { continue };
        if !matches!(&*block.self_ty, syn::Type::Path(path) if path.path.is_ident(model)) {
            continue;
        }
        for item in block.items {
            if let ImplItem::Fn(function) = item
                && function.sig.ident == "new"
            {
                let names = function.sig.inputs.iter().filter_map(|input| match input {
                    FnArg::Typed(argument) => match &*argument.pat {
                        Pat::Ident(name) => Some(name.ident.to_string()),
                        _ => None,
                    },
                    FnArg::Receiver(_) => None,
                });
                return Some(names.collect());
            }
        }
    }
    None
}

#[test]
fn model_with_a_default_has_no_constructor() {
    for model in ["JobProperties", "JobRequest", "Twin", "DeviceCapabilities"] {
        assert_eq!(constructor(&edited(&[]), model), None, "{model}");
    }
}

#[test]
fn constructor_takes_what_the_spec_requires_and_an_optional_field_leaves_it_alone() {
    let required = set(
        "/components/schemas/JobProperties/required",
        json!(["type", "failureReason"]),
    );
    let note = |pointer, nullable: bool| {
        set(
            pointer,
            json!({ "type": "string", "description": "A note.", "nullable": nullable }),
        )
    };
    let expected = Some(vec!["failure_reason".to_owned(), "type_".to_owned()]);
    let before = edited(std::slice::from_ref(&required));
    assert_eq!(constructor(&before, "JobProperties"), expected);
    let after = edited(&[
        required,
        note("/components/schemas/JobProperties/properties/note", true),
        note("/components/schemas/JobProperties/properties/other", false),
    ]);
    assert_eq!(constructor(&after, "JobProperties"), expected);
}
