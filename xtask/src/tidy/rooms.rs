//! No import upwards between the rooms of a crate.
//!
//! A room is a module at the top of a crate: a file or a folder of its `src`. A crate in the table has its rooms in floors
//! from top to bottom; a room may use its own floor and those below. A room that is not in the table is not checked.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, UseTree};

use crate::workspace::Workspace;

/// The floors of a crate, from top to bottom.
type Floors = &'static [&'static [&'static str]];

/// The crates whose rooms are in order.
const CRATES: [(&str, Floors); 3] = [
    (
        "jobs-devices",
        &[
            &["transform"],
            &["parallel", "reader", "writer"],
            &["format", "loose"],
            &["feeder"],
            &["long"],
            &["record"],
            &["query", "rules"],
            &["configuration", "error_log"],
            &["row"],
            &["object"],
            &["checked", "line", "members"],
            &["field"],
            &["json", "scan", "secret", "text"],
        ],
    ),
    (
        "jobs-emulator",
        &[
            &["builder"],
            &["hub", "server"],
            &["routes"],
            &["admin"],
            &["state"],
            &["jobs", "scheduled"],
            &["engine"],
            &["query"],
            &["registry"],
            &["auth", "door", "faults", "rates"],
            &["envelope", "requests", "storage", "tls"],
            &[
                "clock",
                "data_folder",
                "object",
                "redact",
                "shutdown",
                "sku",
            ],
            &["start_error"],
        ],
    ),
    (
        "jobs-ext",
        &[
            &["client"],
            &["blob", "preflight"],
            &["jobs"],
            &["polling"],
            &["container"],
            &["http"],
            &["auth"],
            &["endpoint", "given"],
            &["error", "job"],
            &["clock", "redact", "timestamp"],
        ],
    ),
];

pub(super) fn check(workspace: &Workspace, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, floors) in CRATES {
        let source = format!("crates/{name}/src/");
        let mut texts = Vec::new();
        for path in files.iter().filter(|path| path.ends_with(".rs")) {
            if let Some(inside) = path.strip_prefix(&source)
                && let Ok(text) = std::fs::read_to_string(workspace.path(path))
            {
                texts.push((inside.to_owned(), text));
            }
        }
        let found = imports_upwards(floors, &texts);
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{source}{finding}")),
        );
    }
    findings
}

/// What is wrong in the files of a crate, each a path below `src` and a text.
fn imports_upwards(floors: Floors, files: &[(String, String)]) -> Vec<String> {
    let mut findings = Vec::new();
    let rooms = || floors.iter().copied().flatten().copied();
    for room in rooms() {
        let is_there = |path: &str| module_of(path).first().map(String::as_str) == Some(room);
        if !files.iter().any(|(path, _)| is_there(path)) {
            findings.push(format!(
                "lib.rs: the room {room} is gone; take it out of the table in xtask/src/tidy/rooms.rs"
            ));
        }
    }
    let parsed = files.iter().filter_map(|(path, text)| {
        // What is not Rust is a finding of another rule.
        Some((path.as_str(), syn::parse_file(text).ok()?))
    });
    let parsed: Vec<_> = parsed.collect();
    let exported = exports(parsed.iter().find(|(path, _)| *path == "lib.rs"));
    let only_in_tests = only_in_tests(&parsed);
    for (path, file) in &parsed {
        let module = module_of(path);
        let Some(floor) = module.first().and_then(|room| floor_of(floors, room)) else {
            continue;
        };
        if only_in_tests.iter().any(|test| module.starts_with(test)) {
            continue;
        }
        let mut paths = Paths::new(module.clone());
        paths.visit_file(file);
        for (line, target) in paths.found {
            let Some(room) = target.first() else {
                continue;
            };
            let room = exported.get(room).unwrap_or(room);
            if floor_of(floors, room).is_some_and(|other| other < floor) {
                let own = &module[0];
                findings.push(format!(
                    "{path}:{line}: the room {own} imports {room}, which is above it (see xtask/src/tidy/rooms.rs)"
                ));
            }
        }
    }
    findings.dedup();
    findings
}

fn floor_of(floors: Floors, room: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&room))
}

/// The path of the module that a file is; empty for the root of the crate.
fn module_of(path: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<_> = stem.split('/').map(str::to_owned).collect();
    if ["mod", "lib", "main"].contains(&parts.last().map_or("", String::as_str)) {
        parts.pop();
    }
    parts
}

/// The room of each name that the root of a crate exports or imports.
fn exports(root: Option<&(&str, syn::File)>) -> BTreeMap<String, String> {
    let mut paths = Paths::new(Vec::new());
    for item in root.iter().flat_map(|(_, file)| &file.items) {
        if let syn::Item::Use(item) = item {
            paths.visit_item_use(item);
        }
    }
    let named = paths.found.into_iter().filter(|(_, path)| path.len() > 1);
    named
        .filter_map(|(_, path)| Some((path.last()?.clone(), path.first()?.clone())))
        .collect()
}

/// The modules that `#[cfg(test)] mod name;` declares.
fn only_in_tests(files: &[(&str, syn::File)]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (path, file) in files {
        for item in &file.items {
            if let syn::Item::Mod(item) = item
                && item.content.is_none()
                && is_test(&item.attrs)
            {
                found.push([module_of(path), vec![item.ident.to_string()]].concat());
            }
        }
    }
    found
}

/// Whether something is compiled for tests alone.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let tokens = attribute
            .meta
            .require_list()
            .map(|list| list.tokens.to_string());
        let condition = tokens.unwrap_or_default();
        let is_condition = attribute.path().is_ident("cfg")
            && (condition == "test" || condition.starts_with("all (test"));
        is_condition || attribute.path().is_ident("test")
    })
}

/// The paths into the crate that a file has outside its tests, from the root of the crate, each with its line.
struct Paths {
    module: Vec<String>,
    found: Vec<(usize, Vec<String>)>,
}

impl Paths {
    fn new(module: Vec<String>) -> Self {
        Self {
            module,
            found: Vec::new(),
        }
    }

    /// Notes a path when it leads into the crate: `crate::…` or `super::…`, and in the root also the name of a module.
    fn note(&mut self, line: usize, path: &[String]) {
        let mut base = self.module.clone();
        let names = match path.first().map(String::as_str) {
            Some("crate") => {
                base.clear();
                &path[1..]
            }
            Some("self") => &path[1..],
            Some("super") => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                base.truncate(base.len().saturating_sub(ups));
                &path[ups..]
            }
            _ if base.is_empty() => path,
            _ => return,
        };
        base.extend(names.iter().cloned());
        self.found.push((line, base));
    }

    fn tree(&mut self, tree: &UseTree, start: &[String]) {
        let with = |ident: &syn::Ident| [start, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.note(name.ident.span().start().line, &with(&name.ident)),
            UseTree::Rename(name) => self.note(name.ident.span().start().line, &with(&name.ident)),
            UseTree::Glob(glob) => self.note(glob.star_token.span.start().line, start),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, start)),
        }
    }

    /// The arguments of macros are not parsed; what looks like a path there is one.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let names = names_from(&tokens, index..tokens.len());
                    if ["crate", "super"].contains(&names[0].as_str()) {
                        self.note(ident.span().start().line, &names);
                    }
                    index += 3 * (names.len() - 1);
                }
                _ => {}
            }
            index += 1;
        }
    }
}

/// The names of a path that starts with the first token of a range.
fn names_from(tokens: &[TokenTree], range: Range<usize>) -> Vec<String> {
    let mut names = Vec::new();
    for part in tokens[range].chunks(3) {
        let TokenTree::Ident(name) = &part[0] else {
            break;
        };
        names.push(name.to_string());
        let is_colon =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
        if part.len() < 3 || !part[1..].iter().all(is_colon) {
            break;
        }
    }
    names
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        if ["crate", "super"].contains(&names[0].as_str()) {
            self.note(path.segments[0].ident.span().start().line, &names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    /// Who may see something is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOORS: Floors = &[&["client"], &["jobs", "blob"], &["http"]];

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let rooms = ["client.rs", "jobs/mod.rs", "blob.rs", "http/mod.rs"];
        let rooms = rooms.iter().map(|path| (*path, ""));
        let all = rooms.chain(files.iter().copied());
        let all: Vec<_> = all
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect();
        imports_upwards(FLOORS, &all)
    }

    fn upwards(line: usize, from: &str, to: &str) -> String {
        format!(
            "http/retry.rs:{line}: the room {from} imports {to}, which is above it (see xtask/src/tidy/rooms.rs)"
        )
    }

    #[test]
    fn an_import_upwards_is_found_with_its_line_and_both_rooms() {
        for text in [
            "\nuse crate::jobs::Job;",
            "\nuse crate::{http::A, jobs::{create::B}};",
            "\nuse super::super::jobs;",
            "\npub use crate::jobs::*;",
            "\nfn f() -> crate::jobs::Job { todo!() }",
            "\nfn f() { let _ = crate::jobs::new::<u8>(); }",
            "\nfn f() { println!(\"{}\", g(crate::jobs::N)); }",
            "\nmod inner { use super::super::super::jobs::Job; }",
            "\nimpl crate::jobs::Work for X {}",
        ] {
            assert_eq!(
                findings(&[("http/retry.rs", text)]),
                [upwards(2, "http", "jobs")],
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_that_the_root_exports_belongs_to_its_room() {
        let root = (
            "lib.rs",
            "mod client;\npub use client::JobsClient;\npub use crate::jobs::{Job as Work};",
        );
        let text = "use crate::JobsClient;\nuse crate::Job;";
        assert_eq!(
            findings(&[root, ("http/retry.rs", text)]),
            [upwards(1, "http", "client"), upwards(2, "http", "jobs")]
        );
    }

    #[test]
    fn imports_downwards_on_a_floor_and_in_tests_are_free() {
        for (path, text) in [
            (
                "client.rs",
                "use crate::jobs::Job; use super::http::Core; use crate::http;",
            ),
            (
                "jobs/create.rs",
                "use crate::blob::Blob; use super::list; use crate::http::Core;",
            ),
            ("blob.rs", "use crate::jobs::Job; use serde::jobs::client;"),
            (
                "http/retry.rs",
                "use super::client; pub(in crate::jobs) fn f() {}",
            ),
            (
                "http/retry.rs",
                "#[cfg(test)] mod tests { use crate::jobs::Job; }",
            ),
            ("http/retry.rs", "#[cfg(test)] use crate::jobs::Job;"),
            (
                "http/retry.rs",
                "impl X { #[cfg(all(test, unix))] fn f() { crate::jobs::x() } }",
            ),
            ("lib.rs", "mod jobs; pub use jobs::Job;"),
            ("other.rs", "use crate::client::Client;"),
        ] {
            assert_eq!(
                findings(&[(path, text)]),
                Vec::<String>::new(),
                "{path}: {text}"
            );
        }
        let declared = ("http/mod.rs", "#[cfg(test)]\nmod property;");
        let test = ("http/property.rs", "use crate::jobs::Job;");
        assert_eq!(findings(&[declared, test]), Vec::<String>::new());
    }

    #[test]
    fn a_room_that_is_gone_leaves_the_table() {
        let file = ("client.rs".to_owned(), String::new());
        let found = imports_upwards(FLOORS, &[file]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("the room jobs is gone"), "{found:?}");
    }
}
