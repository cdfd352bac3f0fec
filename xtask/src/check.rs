//! `cargo xtask check`: what a review would ask for first, in one command. CI runs the same and more, see `.ci/run`.

use std::fmt::Write as _;

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// The commands, cheapest first, each as arguments of cargo.
const STEPS: [&str; 7] = [
    "fmt --all --check",
    "xtask generate --check",
    "xtask lint",
    "xtask tidy",
    "clippy --workspace --all-targets --locked -- -D warnings",
    "test --workspace --locked",
    "doc --workspace --no-deps --locked",
];

/// Runs every step, the failed ones included, and says at the end which failed.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let mut text = String::new();
    let mut failed = 0;
    for step in STEPS {
        let mut command = crate::programs::cargo();
        command
            .current_dir(workspace.root())
            .args(step.split(' '))
            .env("INSTA_UPDATE", "no");
        if step.starts_with("doc") {
            command.env("RUSTDOCFLAGS", "-D warnings");
        }
        let status = command
            .status()
            .map_err(|error| Problem::new(format!("cannot start cargo {step}: {error}")))?;
        let word = if status.success() { "ok    " } else { "FAILED" };
        failed += u8::from(!status.success());
        let _ = writeln!(text, "{word} cargo {step}");
    }
    Ok(Outcome {
        text,
        code: u8::from(failed > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_runs_every_step_too() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/run");
        let script = std::fs::read_to_string(script).unwrap();
        for step in STEPS {
            assert!(
                script.contains(&format!("cargo {step}")),
                "`cargo {step}` is not in .ci/run"
            );
        }
    }
}
