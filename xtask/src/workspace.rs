//! Where things are in the workspace.

use std::path::{Path, PathBuf};

use crate::fingerprint;
use crate::{Problem, Result};

/// A checkout of this workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace at `root`; without one, the nearest above the package that cargo runs or the current folder.
    pub fn find(root: Option<PathBuf>) -> Result<Self> {
        if let Some(root) = root {
            let found = Self { root };
            return if found.spec().is_file() {
                Ok(found)
            } else {
                Err(Problem::unreadable(format!(
                    "{} is not this workspace: it has no {}",
                    found.root.display(),
                    fingerprint::SPEC
                )))
            };
        }
        let starts = [
            std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
            std::env::current_dir().ok(),
        ];
        starts
            .iter()
            .flatten()
            .flat_map(|start| start.ancestors())
            .find(|folder| folder.join(fingerprint::SPEC).is_file())
            .map(|root| Self {
                root: root.to_path_buf(),
            })
            .ok_or_else(|| {
                Problem::unreadable(format!(
                    "no {} here or above; run this inside the workspace or give --root",
                    fingerprint::SPEC
                ))
            })
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The OpenAPI document that the core is generated from.
    pub fn spec(&self) -> PathBuf {
        self.path(fingerprint::SPEC)
    }

    /// The generated core.
    pub fn generated(&self) -> PathBuf {
        self.path(fingerprint::OUTPUT)
    }

    /// Reads a file, naming it when that fails.
    pub fn read(path: &Path) -> Result<String> {
        std::fs::read_to_string(path).map_err(|error| {
            Problem::unreadable(format!("cannot read {}: {error}", path.display()))
        })
    }
}
