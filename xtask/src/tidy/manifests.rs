//! Manifests, licences and the crate map.

use cargo_metadata::{Metadata, Package};

use crate::workspace::Workspace;

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn check(workspace: &Workspace, metadata: &Metadata, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for licence in LICENCES {
        if !files.iter().any(|file| file == licence) {
            findings.push(format!("{licence} is missing from the root"));
        }
    }
    let map = std::fs::read_to_string(workspace.path("ARCHITECTURE.md")).unwrap_or_default();
    for package in metadata.workspace_packages() {
        let folder = folder(metadata, package);
        findings.extend(manifest(package, &folder));
        let is_published = package
            .publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty());
        if is_published {
            findings.extend(published(package, &folder, files));
        }
        if !mapped(&map).any(|(path, name)| path == folder && name == package.name.as_str()) {
            findings.push(format!(
                "ARCHITECTURE.md: the code map does not have `{folder}/` as `{}`",
                package.name
            ));
        }
    }
    for (path, name) in mapped(&map) {
        if !metadata
            .workspace_packages()
            .iter()
            .any(|package| package.name.as_str() == name)
        {
            findings.push(format!(
                "ARCHITECTURE.md: the code map has `{name}` at `{path}/`, which is not a package"
            ));
        }
    }
    findings
}

fn folder(metadata: &Metadata, package: &Package) -> String {
    let manifest = &package.manifest_path;
    let folder = manifest.parent().unwrap_or(manifest);
    let below = folder.strip_prefix(&metadata.workspace_root);
    below.unwrap_or(folder).as_str().replace('\\', "/")
}

fn manifest(package: &Package, folder: &str) -> Vec<String> {
    let mut missing = Vec::new();
    if package.license.as_deref() != Some("MIT OR Apache-2.0") {
        missing.push("the licence MIT OR Apache-2.0");
    }
    if package
        .description
        .as_deref()
        .unwrap_or_default()
        .is_empty()
    {
        missing.push("a description");
    }
    if package.rust_version.is_none() {
        missing.push("a rust-version");
    }
    if package.repository.is_none() {
        missing.push("a repository");
    }
    missing
        .into_iter()
        .map(|what| format!("{folder}/Cargo.toml: {what} is missing"))
        .collect()
}

/// What a package that people get from a registry needs in addition.
fn published(package: &Package, folder: &str, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for licence in LICENCES {
        if !files.contains(&format!("{folder}/{licence}")) {
            findings.push(format!(
                "{folder}/{licence} is missing; a package carries its own"
            ));
        }
    }
    if package.keywords.is_empty() || package.categories.is_empty() {
        findings.push(format!(
            "{folder}/Cargo.toml: keywords or categories are missing"
        ));
    }
    if !files.contains(&format!("{folder}/README.md")) {
        findings.push(format!(
            "{folder}/README.md is missing; a registry shows it first"
        ));
    }
    findings
}

/// Folder and package of each row of the code map that names a package.
fn mapped(map: &str) -> impl Iterator<Item = (&str, &str)> {
    map.lines().filter_map(|line| {
        let mut cells = line
            .strip_prefix('|')?
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'));
        let (path, name) = (cells.next()?, cells.next()?);
        let path = path.strip_suffix('/')?;
        (!name.is_empty()).then_some((path, name))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_of_the_code_map_are_read() {
        let map = "| Folder | Package | What |\n|---|---|---|\n| `spec/` | | x |\n| `crates/jobs-api/` | `jobs-api` | y |\n";
        assert_eq!(
            super::mapped(map).collect::<Vec<_>>(),
            [("crates/jobs-api", "jobs-api")]
        );
    }
}
