//! Programs that tasks run.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::{Metadata, MetadataCommand};
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Problem, Result};

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(program)
}

/// Runs a command and returns its standard output. Its errors are printed as they come.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let program = format!("{command:?}");
    let done = command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let done = done.output();
    let done = done.map_err(|cause| Problem::new(format!("{program}: {cause}")))?;
    if done.status.success() {
        Ok(done.stdout)
    } else {
        let printed = String::from_utf8_lossy(&done.stdout);
        Err(Problem::new(format!(
            "{program}: {}\n{printed}",
            done.status
        )))
    }
}

/// Runs a cargo command that builds a program, and returns the path of the program with this name.
pub(crate) fn built(command: &mut Command, name: &str) -> Result<PathBuf> {
    let messages = output(command.args(["--message-format", "json-render-diagnostics"]))?;
    let found = String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    found.ok_or_else(|| Problem::new(format!("cargo built no program {name}")))
}

/// What cargo says about the packages of the workspace.
pub(crate) fn metadata(workspace: &Workspace) -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(workspace.root())
        .no_deps()
        .exec()
        .map_err(|error| Problem::new(format!("cargo metadata fails: {error}")))
}

/// The folder that cargo builds the workspace into.
pub(crate) fn target(workspace: &Workspace) -> Result<PathBuf> {
    Ok(metadata(workspace)?.target_directory.into_std_path_buf())
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

/// A program that this machine must have. `what` is how people call it.
pub(crate) fn required(program: &str, what: &str) -> Result<PathBuf> {
    on_path(&[program]).ok_or_else(|| {
        Problem::new(format!(
            "{what} is not installed: `{program}` is not on the path"
        ))
    })
}

/// The first of these programs that is on the path. When there is none, the Debian package that has one is installed.
pub(crate) fn on_path_or_debian(names: &[&str], package: &str) -> Result<PathBuf> {
    if let Some(found) = on_path(names) {
        return Ok(found);
    }
    let apt = required("apt-get", &format!("the package {package}"))?;
    output(Command::new(&apt).args(["update", "--quiet=2"]))?;
    let mut install = Command::new(apt);
    install
        .args(["install", "--quiet=2", "--yes", "--no-install-recommends"])
        .arg(package)
        .env("DEBIAN_FRONTEND", "noninteractive");
    output(&mut install)?;
    required(names[0], package)
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
