//! The programs that are measured: ours, and the peers at pinned versions.

use std::path::PathBuf;

use super::Places;
use crate::programs::{built, cargo, on_path_or_debian, required};
use crate::{Result, conformance};

/// The programs.
pub(super) struct Tools {
    /// The interpreter of a virtual environment with DuckDB and orjson.
    pub(super) python: PathBuf,
    pub(super) node: PathBuf,
    pub(super) jq: PathBuf,
    /// The program that measures jobs-devices.
    pub(super) ours: PathBuf,
}

impl Tools {
    /// Installs and builds what is missing.
    pub(super) fn install(places: &Places) -> Result<Self> {
        let mut command = cargo();
        command
            .args(["build", "--release", "--quiet", "--package", "jobs-devices"])
            .args(["--example", "devices_bench"])
            .current_dir(&places.workspace);
        Ok(Self {
            python: python(places)?,
            node: required("node", "Node.js")?,
            jq: on_path_or_debian(&["jq"], "jq")?,
            ours: built(&mut command, "devices_bench")?,
        })
    }
}

/// A Python with the peers in it.
pub(super) fn python(places: &Places) -> Result<PathBuf> {
    conformance::python(
        &places.home.join("python"),
        &places.workspace.join("tests/bench/requirements.txt"),
    )
}
