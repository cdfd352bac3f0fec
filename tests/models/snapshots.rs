//! Where the snapshots live, and that none is left behind.

use std::collections::BTreeSet;

use crate::core;

fn folder() -> std::path::PathBuf {
    core::root().join("tests/models/snapshots")
}

/// Compares with the snapshot of this name. `INSTA_UPDATE=always cargo test` accepts what is new.
pub(crate) fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The snapshot of a model that is gone would be read as if the model were there.
#[test]
fn no_snapshot_is_orphaned() {
    let models = core::structs()
        .into_iter()
        .map(|item| item.ident.to_string());
    let mut expected: BTreeSet<String> = models
        .flat_map(|name| [format!("model_{name}.snap"), format!("schema_{name}.snap")])
        .collect();
    expected.extend(["operations.snap".to_owned(), "enums.snap".to_owned()]);
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".snap.new"))
        .collect();
    let orphans: Vec<_> = found.difference(&expected).collect();
    assert!(
        orphans.is_empty(),
        "nothing refers to {orphans:?} in tests/models/snapshots; delete them"
    );
}
