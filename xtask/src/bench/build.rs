//! Clean build of a small application on jobs-ext with default features, compared with one on `azure_iot_hub`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::Bar;
use crate::programs::{cargo, output};
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// The peer's last release.
const PEER: &str = "azure_iot_hub = \"=0.21.0\"";

const OURS_MAIN: &str = r#"
#[tokio::main]
async fn main() -> Result<(), jobs_ext::Error> {
    let text = std::env::args().nth(1).unwrap_or_default();
    let hub = jobs_ext::JobsClient::from_connection_string(&text)?;
    println!("{:?}", hub.get("id").await?);
    Ok(())
}
"#;

const PEER_MAIN: &str = r#"
#[tokio::main]
async fn main() -> azure_core::Result<()> {
    let text = std::env::args().nth(1).unwrap_or_default();
    let hub = azure_iot_hub::service::ServiceClient::new_connection_string(text, 3600)?;
    println!("{:?}", hub.get_device_twin("id").await?);
    Ok(())
}
"#;

struct Cost {
    crates: usize,
    seconds: f64,
}

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let folder = tempfile::tempdir()
        .map_err(|cause| Problem::new(format!("no temporary folder: {cause}")))?;
    let path = workspace.path("crates/jobs-ext");
    let ours = application(
        folder.path(),
        "ours",
        &format!("jobs-ext = {{ path = {:?} }}", path.display().to_string()),
        OURS_MAIN,
    )?;
    // Both are built with the versions that this workspace is tested with.
    let lock = workspace.path("Cargo.lock");
    std::fs::copy(&lock, ours.join("Cargo.lock")).map_err(Problem::of(&lock))?;
    let peer = format!("{PEER}\nazure_core = {{ version = \"0.21\", default-features = false }}");
    let peer = application(folder.path(), "peer", &peer, PEER_MAIN)?;
    let (ours, peer) = (build(&ours)?, build(&peer)?);
    Ok(vec![
        Bar {
            what: "crates in an application on jobs-ext, to azure_iot_hub 0.21",
            measured: format!("{} to {}", ours.crates, peer.crates),
            wanted: "fewer".into(),
            kept: ours.crates < peer.crates,
        },
        Bar {
            what: "its clean build",
            measured: format!("{:.1} s to {:.1} s", ours.seconds, peer.seconds),
            wanted: "less".into(),
            kept: ours.seconds < peer.seconds,
        },
    ])
}

fn application(
    folder: &Path,
    name: &str,
    dependency: &str,
    main: &str,
) -> Result<std::path::PathBuf> {
    let root = folder.join(name);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\n[workspace]\n"
    );
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::write(&path, text).map_err(Problem::of(&path))
    };
    std::fs::create_dir_all(root.join("src")).map_err(Problem::of(&root))?;
    write(root.join("Cargo.toml"), &manifest)?;
    write(root.join("src/main.rs"), main)?;
    Ok(root)
}

/// Fetches first, so that the network is not measured; then builds from nothing and counts the packages compiled.
fn build(root: &Path) -> Result<Cost> {
    let mut fetch = cargo();
    output(fetch.arg("fetch").current_dir(root))?;
    let mut build = cargo();
    build
        .args(["build", "--offline", "--quiet", "--message-format", "json"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .env("CARGO_INCREMENTAL", "0");
    let started = Instant::now();
    let text = output(&mut build)?;
    let seconds = started.elapsed().as_secs_f64();
    let packages: BTreeSet<String> = String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["package_id"].as_str().map(str::to_owned))
        .collect();
    Ok(Cost {
        crates: packages.len(),
        seconds,
    })
}
