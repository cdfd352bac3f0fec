//! Whether the finished core can be what Rust takes: it parses, and nothing in one place is named twice.
//!
//! The lint says so earlier and better where it knows the reason; this is for what no rule foresees.

use std::collections::HashSet;

use syn::{FnArg, ImplItem, Item, Pat, Signature};

use super::names::is_identifier;
use crate::{Problem, Result};

/// Characters that turn the direction of text, which rustc rejects even in documentation.
const TURNS_TEXT: [std::ops::RangeInclusive<char>; 2] =
    ['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];

pub(super) fn check(core: &str) -> Result<()> {
    if let Some(odd) = core.chars().find(|letter| is_odd(*letter)) {
        return Err(Problem::new(format!(
            "a text of the spec has the character {odd:?}, which Rust rejects in documentation; take it out"
        )));
    }
    let file = syn::parse_file(core).map_err(|error| {
        let line = error.span().start().line;
        let text = core.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        Problem::new(format!(
            "the core would not be Rust: {error}, in `{}`",
            text.trim()
        ))
    })?;
    let mut types = HashSet::new();
    items(&file.items, &mut types)
}

pub(crate) fn is_odd(letter: char) -> bool {
    letter == '\r' || TURNS_TEXT.iter().any(|range| range.contains(&letter))
}

/// Models and open enums are exported side by side, so `types` is shared by all modules.
fn items(list: &[Item], types: &mut HashSet<String>) -> Result<()> {
    let mut functions = HashSet::new();
    for item in list {
        match item {
            Item::Mod(module) => {
                if let Some((_, list)) = &module.content {
                    items(list, types)?;
                }
            }
            Item::Struct(item) => {
                once(types, "types", &item.ident)?;
                let mut fields = HashSet::new();
                for field in item.fields.iter().filter_map(|field| field.ident.as_ref()) {
                    once(&mut fields, &format!("fields of {}", item.ident), field)?;
                }
            }
            Item::Enum(item) => once(types, "types", &item.ident)?,
            Item::Type(item) => once(types, "types", &item.ident)?,
            Item::Macro(item) if item.mac.path.is_ident("open_enum") => {
                once(types, "types", &enum_name(item)?)?;
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let syn::Type::Path(owner) = &*block.self_ty else {
                    continue;
                };
                let owner = owner
                    .path
                    .segments
                    .last()
                    .map(|last| last.ident.to_string());
                for item in &block.items {
                    if let ImplItem::Fn(function) = item {
                        let name = &function.sig.ident;
                        let full = format!("{owner:?}::{name}");
                        if !functions.insert(full) {
                            return Err(twice("functions", name));
                        }
                        arguments(&function.sig)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn arguments(signature: &Signature) -> Result<()> {
    let mut seen = HashSet::new();
    for argument in &signature.inputs {
        if let FnArg::Typed(argument) = argument
            && let Pat::Ident(name) = &*argument.pat
        {
            let kind = format!("arguments of {}", signature.ident);
            once(&mut seen, &kind, &name.ident)?;
        }
    }
    Ok(())
}

/// The name after `pub enum`, which must be one word.
fn enum_name(item: &syn::ItemMacro) -> Result<String> {
    let words: Vec<String> = item
        .mac
        .tokens
        .clone()
        .into_iter()
        .skip_while(|token| token.to_string() != "enum")
        .skip(1)
        .map(|token| token.to_string())
        .collect();
    match words.as_slice() {
        [name, body] if is_identifier(name) && body.starts_with('{') => Ok(name.clone()),
        _ => Err(Problem::new(
            "an enum of the spec has a name that Rust does not take; write it in PascalCase",
        )),
    }
}

fn once(seen: &mut HashSet<String>, kind: &str, name: &impl ToString) -> Result<()> {
    if seen.insert(name.to_string()) {
        Ok(())
    } else {
        Err(twice(kind, name))
    }
}

fn twice(kind: &str, name: &impl ToString) -> Problem {
    Problem::new(format!(
        "two {kind} of the core would be called `{}`; rename one of them in the spec",
        name.to_string()
    ))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn duplicate_name_in_one_place_is_rejected() {
        for (core, words) in [
            ("struct A { b: u8, b: u8 }", "two fields of A"),
            (
                "mod types { struct A; } mod enums { open_enum! { pub enum A { B = \"b\", } } }",
                "two types",
            ),
            ("impl A { fn b() {} } impl A { fn b() {} }", "two functions"),
            ("impl A { fn b(c: u8, c: u8) {} }", "two arguments of b"),
            ("open_enum! { pub enum A-B { C = \"c\", } }", "PascalCase"),
            ("/// a\u{202e}b\nstruct A;", "the character '\\u{202e}'"),
            ("struct A { b }", "would not be Rust"),
        ] {
            let problem = check(core).unwrap_err().to_string();
            assert!(problem.contains(words), "{core}: {problem}");
        }
        let fine = "struct A { b: u8 } struct B { b: u8 } impl A { fn b(c: u8) {} } impl B { fn b(c: u8) {} }";
        check(fine).unwrap();
    }
}
