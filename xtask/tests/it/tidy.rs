//! The workspace itself, held to `cargo xtask tidy`.

use xtask::tidy;
use xtask::workspace::Workspace;

#[test]
fn the_tree_is_tidy() {
    let workspace = Workspace::find(None).unwrap();
    let findings = tidy::findings(&workspace).unwrap();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
