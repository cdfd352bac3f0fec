//! `cargo xtask`: the tasks of this workspace.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the edge that prints"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::problem::UNREADABLE;
use xtask::workspace::Workspace;
use xtask::{Result, bench, check, conformance, diff, generate, lint, package, tidy, upstream};

/// What the exit codes mean; a task says more where it means more.
const EXIT_CODES: &str = "Exit codes:
  0  done, and nothing to report
  1  findings, or the task failed; `diff`: additive or documentation only
  2  `diff`: breaking
  3  the arguments, the workspace or a file of it cannot be read";

/// The tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXIT_CODES)]
struct Args {
    /// The folder of the workspace; found from where cargo runs when absent.
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

/// One variant per task; each has its own module.
#[derive(Subcommand)]
enum Task {
    /// Writes the generated core of jobs-api from the spec.
    Generate(generate::Args),
    /// Reports what changed in the spec, and whether that breaks callers.
    Diff(diff::Args),
    /// Checks the rules that keep generation safe.
    Lint(lint::Args),
    /// Reports where the spec differs from the vendor's Swagger 2.0 file.
    Upstream(upstream::Args),
    /// Packs the published crates and runs an application that depends on them only.
    Package,
    /// Runs what a review would ask for first: format, lints, core, tests, documentation.
    Check,
    /// Checks sizes, names, manifests, the crate map and who imports whom.
    Tidy,
    /// Measures, compares with peers, and fails when a number misses its bar.
    Bench(bench::Args),
    /// Runs the vendor's own clients against the local hub.
    Conformance(conformance::Args),
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // A closed standard output or error cannot show the message.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { UNREADABLE } else { 0 });
        }
    };
    match run(args) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(problem.exit_code())
        }
    }
}

fn run(args: Args) -> Result<ExitCode> {
    let workspace = Workspace::find(args.root)?;
    let outcome = match args.task {
        Task::Generate(args) => generate::run(&workspace, &args)?,
        Task::Diff(args) => diff::run(&workspace, &args)?,
        Task::Lint(args) => lint::run(&workspace, &args)?,
        Task::Upstream(args) => upstream::run(&workspace, &args)?,
        Task::Package => package::run(&workspace)?,
        Task::Check => check::run(&workspace)?,
        Task::Tidy => tidy::run(&workspace)?,
        Task::Conformance(args) => conformance::run(&workspace, &args)?,
        Task::Bench(args) => bench::run(&workspace, &args)?,
    };
    print!("{}", outcome.text);
    Ok(ExitCode::from(outcome.code))
}
