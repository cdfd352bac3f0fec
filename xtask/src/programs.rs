//! Programs that tasks run.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Problem, Result};

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(program)
}

/// Runs a command and gives its standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let program = format!("{command:?}");
    let done = command.stderr(Stdio::inherit()).output();
    let done = done.map_err(|cause| Problem::new(format!("{program}: {cause}")))?;
    if done.status.success() {
        Ok(done.stdout)
    } else {
        Err(Problem::new(format!("{program}: {}", done.status)))
    }
}

/// Runs a cargo that builds a program, and gives the place of the one that is called so.
pub(crate) fn built(command: &mut Command, name: &str) -> Result<PathBuf> {
    let messages = output(command.args(["--message-format", "json-render-diagnostics"]))?;
    let found = String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    found.ok_or_else(|| Problem::new(format!("cargo built no program {name}")))
}

/// The folder that cargo builds the workspace into.
pub(crate) fn target(workspace: &Workspace) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(workspace.root())
        .no_deps()
        .exec()
        .map_err(|cause| Problem::new(format!("cargo metadata: {cause}")))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The first of these programs that is on the path.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// The numbers that a measured program printed last, as a JSON object on one line.
pub(crate) struct Numbers(Value);

impl Numbers {
    pub(crate) fn printed_by(command: &mut Command) -> Result<Self> {
        let text = output(command)?;
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().rev();
        let numbers = lines.find_map(|line| serde_json::from_str(line).ok());
        let numbers = numbers.map(Self);
        numbers.ok_or_else(|| Problem::new(format!("{command:?} printed no numbers")))
    }

    pub(crate) fn get(&self, name: &str) -> Result<f64> {
        let number = self.0[name].as_f64();
        number.ok_or_else(|| Problem::new(format!("a measured program printed no {name}")))
    }
}
