//! The public interface names no type of the generator or of the HTTP library, but for the one documented way out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::{ImplItem, Item, TraitItem, UseTree, Visibility};

const FOREIGN: [&str; 4] = ["reqwest", "progenitor", "progenitor_client", "object_store"];

/// What may show: the way out, and the seam to the Azure SDK behind its feature.
const ALLOWED: [&str; 1] = ["JobsClient::api"];

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// Whether printed syntax names this identifier. Identifiers print in a second form when a package of the workspace asks for their places.
fn names(syntax: &str, identifier: &str) -> bool {
    syntax.contains(&format!("Ident({identifier})"))
        || syntax.contains(&format!("sym: {identifier},"))
}

/// The public part of one file: where it is and its syntax, printed.
struct Surface {
    foreign: BTreeSet<String>,
    found: Vec<(String, String)>,
    types: BTreeSet<String>,
}

impl Surface {
    fn of(file: &syn::File) -> Self {
        let mut surface = Self {
            foreign: FOREIGN.iter().map(|name| (*name).to_owned()).collect(),
            found: Vec::new(),
            types: BTreeSet::new(),
        };
        // The generated client and what its module exports, apart from the models.
        for name in [
            "ResponseValue",
            "ByteStream",
            "ClientInfo",
            "RequestContext",
            "Capture",
            "Answer",
        ] {
            surface.foreign.insert(name.to_owned());
        }
        for item in &file.items {
            if let Item::Use(item) = item {
                surface.import(&item.tree, false);
            }
        }
        for item in &file.items {
            surface.item(item);
        }
        surface
    }

    fn import(&mut self, tree: &UseTree, inside: bool) {
        match tree {
            UseTree::Path(path) => {
                let inside = inside || FOREIGN.contains(&path.ident.to_string().as_str());
                self.import(&path.tree, inside);
            }
            UseTree::Name(name) if inside => drop(self.foreign.insert(name.ident.to_string())),
            UseTree::Rename(name) if inside => drop(self.foreign.insert(name.rename.to_string())),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.import(tree, inside)),
            _ => {}
        }
    }

    fn note(&mut self, name: String, syntax: &dyn std::fmt::Debug) {
        self.found.push((name, format!("{syntax:?}")));
    }

    fn item(&mut self, item: &Item) {
        let public = |vis: &Visibility| matches!(vis, Visibility::Public(_));
        match item {
            Item::Struct(item) if public(&item.vis) => {
                self.types.insert(item.ident.to_string());
                self.note(item.ident.to_string(), &item.generics);
                for field in item.fields.iter().filter(|field| public(&field.vis)) {
                    self.note(format!("{} field", item.ident), &field.ty);
                }
            }
            Item::Enum(item) if public(&item.vis) => {
                self.types.insert(item.ident.to_string());
                self.note(item.ident.to_string(), &item.variants);
            }
            Item::Fn(item) if public(&item.vis) => self.note(item.sig.ident.to_string(), &item.sig),
            Item::Type(item) if public(&item.vis) => self.note(item.ident.to_string(), &item.ty),
            Item::Const(item) if public(&item.vis) => self.note(item.ident.to_string(), &item.ty),
            Item::Trait(item) if public(&item.vis) => {
                for member in &item.items {
                    if let TraitItem::Fn(member) = member {
                        self.note(format!("{}::{}", item.ident, member.sig.ident), &member.sig);
                    }
                }
            }
            Item::Impl(item) => self.block(item),
            Item::Use(item) if public(&item.vis) => self.note("re-export".into(), &item.tree),
            _ => {}
        }
    }

    fn block(&mut self, block: &syn::ItemImpl) {
        let name = match &*block.self_ty {
            syn::Type::Path(path) => path.path.segments.last().unwrap().ident.to_string(),
            _ => String::from("?"),
        };
        if let Some((_, path, _)) = &block.trait_ {
            // `impl From<Foreign> for Public` would show; an impl of a foreign trait for a private type does not.
            for segment in &path.segments {
                self.note(format!("{name}: {}", segment.ident), &segment.arguments);
            }
        }
        for member in &block.items {
            if let ImplItem::Fn(member) = member
                && (matches!(member.vis, Visibility::Public(_)))
            {
                self.note(format!("{name}::{}", member.sig.ident), &member.sig);
            }
        }
    }
}

fn surfaces() -> Vec<(PathBuf, Surface)> {
    let parse = |path: PathBuf| {
        let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let surface = Surface::of(&file);
        (path, surface)
    };
    sources().into_iter().map(parse).collect()
}

#[test]
fn no_type_of_the_generator_or_the_http_library_shows() {
    let mut checked = 0;
    let mut ways_out = 0;
    for (path, surface) in surfaces() {
        for (name, syntax) in &surface.found {
            checked += 1;
            if ALLOWED.contains(&name.as_str()) {
                ways_out += 1;
                continue;
            }
            for foreign in &surface.foreign {
                let shows =
                    names(syntax, foreign) || syntax.contains(&format!("ident: {foreign},"));
                assert!(!shows, "{}: {name} shows {foreign}", path.display());
            }
            let client = names(syntax, "jobs_api") && names(syntax, "Client");
            assert!(
                !client,
                "{}: {name} shows the generated client",
                path.display()
            );
        }
    }
    assert!(checked > 150, "only {checked} items were found");
    assert_eq!(ways_out, 1);
}

#[test]
fn the_check_itself_sees_a_foreign_type() {
    for text in [
        "pub fn f(client: reqwest::Client) {}",
        "use reqwest::Client as C; pub fn f() -> C { todo!() }",
        "pub struct S { pub inner: progenitor_client::Error<()> }",
        "impl From<reqwest::Error> for E {}",
        "pub enum E { Http(reqwest::Error) }",
        "pub use reqwest::Url;",
    ] {
        let surface = Surface::of(&syn::parse_file(text).unwrap());
        let shows = surface
            .found
            .iter()
            .any(|(_, syntax)| surface.foreign.iter().any(|foreign| names(syntax, foreign)));
        assert!(shows, "{text}: {:?}", surface.found);
    }
}

#[test]
fn every_public_type_is_in_the_test_of_secrets() {
    let covered: BTreeSet<String> = crate::secrets::COVERED
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut types: BTreeSet<String> = surfaces()
        .into_iter()
        .flat_map(|(_, surface)| surface.types)
        .collect();
    types.extend(models());
    assert_eq!(types, covered);
}

/// The structs behind `jobs_ext::model`: the generated ones, and the one that stands for a signed URI.
fn models() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jobs-api/src/generated.rs");
    let file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut found = vec!["SasUri".to_owned()];
    for item in file.items {
        let Item::Mod(module) = item else { continue };
        for item in module.content.map(|(_, items)| items).unwrap_or_default() {
            if let (Item::Struct(item), "types") = (&item, module.ident.to_string().as_str()) {
                found.push(item.ident.to_string());
            }
        }
    }
    assert!(found.len() >= 10, "only {found:?}");
    found
}

/// Kinds, states and fields are added over time, without a new major version.
#[test]
fn what_may_grow_says_so() {
    let mut checked = 0;
    for path in sources() {
        let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for item in &file.items {
            let public = |vis: &Visibility| matches!(vis, Visibility::Public(_));
            let (name, attributes) = match item {
                Item::Enum(item) if public(&item.vis) => (&item.ident, &item.attrs),
                Item::Struct(item)
                    if public(&item.vis) && item.fields.iter().any(|field| public(&field.vis)) =>
                {
                    (&item.ident, &item.attrs)
                }
                _ => continue,
            };
            checked += 1;
            let says_so = attributes
                .iter()
                .any(|attribute| attribute.path().is_ident("non_exhaustive"));
            assert!(says_so, "{name} lacks #[non_exhaustive]");
        }
    }
    assert!(checked >= 8, "only {checked} were found");
}

#[test]
fn the_client_and_its_parts_move_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<jobs_ext::JobsClient>();
    shared::<jobs_ext::Job>();
    shared::<jobs_ext::ExportOptions>();
    shared::<jobs_ext::ImportOptions>();
    shared::<jobs_ext::ExportOutcome>();
    shared::<jobs_ext::ImportOutcome>();
    shared::<jobs_ext::BlobContainer>();
    sent::<jobs_ext::JobPoller>();
    sent::<jobs_ext::Records>();
    sent::<jobs_ext::Error>();
}
