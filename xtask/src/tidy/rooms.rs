//! No import upwards between the rooms of a crate.
//!
//! A room is a module at the top of a crate: a file or a folder of its `src`. A crate in the table has its rooms in floors
//! from top to bottom; a room may use its own floor and those below. A room that is not in the table is not checked.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

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
    let read = files
        .iter()
        .map(|(path, text)| (path, Paths::of(path, text)));
    let read: Vec<_> = read.collect();
    let root = read.iter().find(|(path, _)| *path == "lib.rs");
    let exported = root.map_or_else(BTreeMap::new, |(_, root)| root.exports());
    let is_test = |module: &[String]| {
        let mut only_in_tests = read.iter().flat_map(|(_, paths)| &paths.only_in_tests);
        only_in_tests.any(|test| module.starts_with(test))
    };
    for (path, paths) in &read {
        let module = module_of(path);
        let Some(floor) = module.first().and_then(|room| floor_of(floors, room)) else {
            continue;
        };
        if is_test(&module) {
            continue;
        }
        for (line, target) in &paths.found {
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

/// The paths into the crate that a file has outside its tests, from the root of the crate, each with its line.
///
/// They are found among the tokens, so the arguments of macros count too.
struct Paths {
    module: Vec<String>,
    found: Vec<(usize, Vec<String>)>,
    /// The modules that `#[cfg(test)] mod name;` declares.
    only_in_tests: Vec<Vec<String>>,
}

impl Paths {
    fn of(path: &str, text: &str) -> Self {
        let mut paths = Self {
            module: module_of(path),
            found: Vec::new(),
            only_in_tests: Vec::new(),
        };
        // What is not Rust is a finding of another rule.
        paths.read(text.parse().unwrap_or_default());
        paths
    }

    /// The room of each name that the root of a crate exports or imports.
    fn exports(&self) -> BTreeMap<String, String> {
        let named = self.found.iter().filter(|(_, path)| path.len() > 1);
        named
            .filter_map(|(_, path)| Some((path.last()?.clone(), path.first()?.clone())))
            .collect()
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [token, after @ ..] = rest {
            rest = after;
            match (token.to_string().as_str(), after) {
                ("#", [TokenTree::Group(attribute), item @ ..]) => {
                    rest = item;
                    if is_test(attribute.stream()) {
                        rest = self.skip_test(item);
                    }
                }
                // Who may see something is not an import.
                ("pub", [TokenTree::Group(scope), item @ ..])
                    if scope.delimiter() == Delimiter::Parenthesis =>
                {
                    rest = item;
                }
                ("mod", [TokenTree::Ident(name), TokenTree::Group(body), next @ ..]) => {
                    self.module.push(name.to_string());
                    self.read(body.stream());
                    self.module.pop();
                    rest = next;
                }
                ("crate" | "super", _) => rest = self.path(&[], token, after),
                ("use", [first, next @ ..]) if self.module.is_empty() => {
                    rest = self.path(&[], first, next);
                }
                _ => {
                    if let TokenTree::Group(group) = token {
                        self.read(group.stream());
                    }
                }
            }
        }
    }

    /// Skips an item that is only compiled for tests.
    fn skip_test<'t>(&mut self, item: &'t [TokenTree]) -> &'t [TokenTree] {
        let is_last = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            token => token.to_string() == ";",
        };
        let end = item
            .iter()
            .position(is_last)
            .map_or(item.len(), |at| at + 1);
        let (skipped, rest) = item.split_at(end);
        if let [.., word, name, _] = skipped
            && word.to_string() == "mod"
        {
            let module = [&self.module[..], &[name.to_string()]].concat();
            self.only_in_tests.push(module);
        }
        rest
    }

    /// Notes the path that starts with a token, and each of a group at its end. Returns what follows it.
    fn path<'t>(
        &mut self,
        start: &[String],
        first: &TokenTree,
        mut rest: &'t [TokenTree],
    ) -> &'t [TokenTree] {
        let mut names = [start, &[first.to_string()]].concat();
        let mut line = first.span().start().line;
        while let [
            TokenTree::Punct(one),
            TokenTree::Punct(two),
            next,
            after @ ..,
        ] = rest
            && (one.as_char(), two.as_char()) == (':', ':')
        {
            rest = after;
            match next {
                TokenTree::Ident(name) => {
                    names.push(name.to_string());
                    line = name.span().start().line;
                }
                TokenTree::Group(group) => {
                    let tokens: Vec<_> = group.stream().into_iter().collect();
                    for part in tokens.split(|token| token.to_string() == ",") {
                        if let [first, rest @ ..] = part {
                            self.path(&names, first, rest);
                        }
                    }
                    return rest;
                }
                // The end of a glob, or the arguments of a type.
                _ => break,
            }
        }
        self.note(line, &names);
        rest
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
            _ => path,
        };
        base.extend(names.iter().cloned());
        self.found.push((line, base));
    }
}

/// Whether an attribute says that something is only compiled for tests.
fn is_test(attribute: TokenStream) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test")
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
