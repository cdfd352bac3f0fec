//! Where the device-file commands write, and what they never replace.

use std::path::Path;

use serde_json::Value;

use crate::args::devices::{LostArgs, OutArgs};
use crate::failure::Failure;
use crate::outfile::{self, Output};
use crate::printer::counted;
use crate::streams;

/// Where a transform writes its rows.
pub(super) struct Results {
    pub(super) out: Output,
    /// Rows that are not part of the result, and are kept apart.
    pub(super) aside: Option<Output>,
}

/// Where a transform writes, and where it leaves the lines that it cannot take.
pub(super) struct Targets {
    pub(super) results: Results,
    pub(super) rejects: Option<Output>,
    pub(super) skip_bad_lines: bool,
    /// Whether rows go to standard output, so that a report cannot.
    pub(super) to_stdout: bool,
}

impl Targets {
    pub(super) fn create(args: &OutArgs, inputs: &[&Path]) -> Result<Self, Failure> {
        let rejects = args.lost.rejects.as_deref();
        outfile::refuse_same(&[("--out", Some(&args.out)), ("--rejects", rejects)])?;
        refuse_rejects_in_place(&args.lost, inputs)?;
        let to_stdout = [Some(args.out.as_path()), rejects].contains(&Some(Path::new("-")));
        if !to_stdout {
            // The report goes there. Afterwards the file would be replaced already.
            streams::refuse_closed_stdout()?;
        }
        let rejects = rejects.map(Output::create_rejects).transpose()?;
        Ok(Self {
            results: Results {
                out: Output::create(&args.out)?,
                aside: None,
            },
            rejects,
            skip_bad_lines: args.lost.skip_bad_lines,
            to_stdout,
        })
    }

    /// Puts the complete files in their places, the result last.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if let Some(rejects) = self.rejects {
            rejects.finish()?;
        }
        if let Some(aside) = self.results.aside {
            aside.finish()?;
        }
        self.results.out.finish()
    }

    /// Keeps a file that a result without some lines would replace.
    pub(super) fn refuse_loss(&self, lost: Lost) -> Result<(), Failure> {
        let results = [Some(&self.results.out), self.results.aside.as_ref()];
        let Some(target) = results.into_iter().flatten().find_map(Output::replaces) else {
            return Ok(());
        };
        let gone = if self.rejects.is_some() {
            lost.cut
        } else {
            lost.lines
        };
        if gone == 0 || self.skip_bad_lines {
            return Ok(());
        }
        let of = match self.rejects.is_some() {
            true => " that --rejects cannot keep, because it is too long,",
            false => "",
        };
        let failure = Failure::work(format_args!(
            "cannot replace {}: {}{of} would be lost; the file is unchanged",
            target.display(),
            counted(gone, "line")
        ));
        Err(match self.rejects.is_some() {
            true => failure.hint("--skip-bad-lines leaves such lines out"),
            false => failure
                .hint("--rejects FILE keeps such lines, and --skip-bad-lines leaves them out"),
        })
    }
}

/// Rejects `--rejects` with the name of an input: the rejects alone would replace it.
pub(super) fn refuse_rejects_in_place(args: &LostArgs, inputs: &[&Path]) -> Result<(), Failure> {
    for input in inputs.iter().filter(|input| **input != Path::new("-")) {
        outfile::refuse_same(&[
            ("FILE", Some(input)),
            ("--rejects", args.rejects.as_deref()),
        ])?;
    }
    Ok(())
}

/// Lines of an input that are not in the result.
#[derive(Clone, Copy)]
pub(super) struct Lost {
    /// All of them.
    pub(super) lines: u64,
    /// Those that are too long to be kept as a reject.
    pub(super) cut: u64,
}

impl Lost {
    pub(super) fn of_report(report: &Value) -> Self {
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        Self {
            lines: count("badLines") + count("refused") + count("laterNotices"),
            cut: count("cutLines"),
        }
    }
}

/// Rejects writing over a file that the command reads for something other than its rows.
pub(super) fn keep(option: &str, path: &Path, args: &OutArgs) -> Result<(), Failure> {
    // Standard input is not standard output.
    let path = Some(path).filter(|path| *path != Path::new("-"));
    if let Some(path) = path
        && streams::is_stdout(path)
    {
        return Err(Failure::usage(format_args!(
            "standard output is {}, which {option} names",
            path.display()
        )));
    }
    outfile::refuse_same(&[(option, path), ("--out", Some(&args.out))])?;
    outfile::refuse_same(&[(option, path), ("--rejects", args.lost.rejects.as_deref())])
}
