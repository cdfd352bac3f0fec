//! One device file into another: `filter`, `set-mode`, `prepare-import`, `merge`.

use std::path::{Path, PathBuf};

use jobs_devices::ImportMode;
use jobs_devices::query::parse_condition;
use jobs_devices::transform::{self, Keep, PrepareOptions};
use serde_json::Value;

use super::source::{Lines, Source};
use super::targets::Targets;
use super::work::{self, Stop};
use crate::args::devices::{FilterArgs, KeepArg, MergeArgs, PrepareImportArgs, SetModeArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::outfile::{self, Output};

pub(super) async fn filter(context: &Context, args: FilterArgs) -> Outcome {
    let condition = parse_condition(&args.condition)
        .map_err(|error| Failure::usage(format_args!("--where: {error}")))?;
    context.printer.warn_of_unquoted("--where", &condition);
    let source = Source::open(context, &args.file)?;
    let targets = Targets::create(&args.out, &[&args.file])?;
    work::run(
        context,
        "filter",
        source,
        targets,
        move |read, results, with| transform::filter(read, &mut results.out, &condition, with),
    )
    .await
}

pub(super) async fn set_mode(context: &Context, args: SetModeArgs) -> Outcome {
    let mode = import_mode(&args.mode)?;
    let source = Source::open(context, &args.file)?;
    let targets = Targets::create(&args.out, &[&args.file])?;
    work::run(
        context,
        "set-mode",
        source,
        targets,
        move |read, results, with| transform::set_mode(read, &mut results.out, &mode, with),
    )
    .await
}

pub(super) async fn prepare_import(context: &Context, args: PrepareImportArgs) -> Outcome {
    let mode = args.mode.as_deref().map(import_mode).transpose()?;
    let source = Source::open(context, &args.file)?;
    let mut targets = Targets::create(&args.out, &[&args.file])?;
    let aside = args.system_modules.as_deref();
    for (option, path) in [
        (
            "FILE",
            Some(args.file.as_path()).filter(|file| *file != Path::new("-")),
        ),
        ("--out", Some(args.out.out.as_path())),
        ("--rejects", args.out.lost.rejects.as_deref()),
    ] {
        outfile::refuse_same(&[(option, path), ("--system-modules", aside)])?;
    }
    targets.results.aside = args
        .system_modules
        .as_deref()
        .map(Output::create)
        .transpose()?;
    work::run(
        context,
        "prepare-import",
        source,
        targets,
        move |read, results, with| {
            let mut options = PrepareOptions::new().regenerate_keys(args.regenerate_keys);
            if let Some(mode) = mode {
                options = options.mode(mode);
            }
            if let Some(aside) = &mut results.aside {
                options = options.system_modules(aside);
            }
            transform::prepare_import(read, &mut results.out, options, with)
        },
    )
    .await
}

/// Reads the name of an import mode, in any case.
fn import_mode(text: &str) -> Result<ImportMode, Failure> {
    text.parse()
        .map_err(|error| Failure::usage(format_args!("import mode: {error}")))
}

pub(super) async fn merge(context: &Context, args: MergeArgs) -> Outcome {
    let sources = args
        .files
        .iter()
        .map(|path| Source::open(context, path))
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<PathBuf> = args.files;
    let size = sources
        .iter()
        .map(|source| source.size)
        .sum::<Option<u64>>();
    let inputs: Vec<&Path> = names.iter().map(PathBuf::as_path).collect();
    let targets = Targets::create(&args.out, &inputs)?;
    let keep = match args.keep {
        KeepArg::First => Keep::First,
        KeepArg::Last => Keep::Last,
        KeepArg::All => Keep::All,
    };
    let together = Source::nothing("the files to merge", size);
    let printer = context.printer.clone();
    work::run(
        context,
        "merge",
        together,
        targets,
        move |_, results, with| {
            let command = work::piped("merge");
            let mut inputs = Vec::new();
            let mut reads = Vec::new();
            for source in sources {
                let (input, read) = source.rows(&command)?;
                inputs.push(input);
                reads.push(read);
            }
            let report = transform::merge(reads, &mut results.out, keep, with)?;
            for ((merged, name), input) in report.inputs.iter().zip(&names).zip(&inputs) {
                let lines = Lines::from(merged);
                input.refuse_format(lines, &command)?;
                let file = format!("{}, ", name.display());
                for problem in &merged.problems {
                    let problem = serde_json::to_value(problem).unwrap_or_default();
                    work::show_problem(&printer, &file, &problem);
                }
                input.refuse_no_row(lines, None)?;
            }
            Ok::<_, Stop>(merge_report(
                &names,
                serde_json::to_value(&report).unwrap_or_default(),
            ))
        },
    )
    .await
}

/// Names the inputs, and sums up what was read of them.
fn merge_report(names: &[PathBuf], mut report: Value) -> Value {
    let mut sums = [
        ("rows", 0),
        ("notices", 0),
        ("badLines", 0),
        ("cutLines", 0),
        ("laterNotices", 0),
    ];
    for (input, name) in report
        .get_mut("inputs")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .zip(names)
    {
        for (member, sum) in &mut sums {
            *sum += input
                .get(*member)
                .and_then(Value::as_u64)
                .unwrap_or_default();
        }
        input["file"] = Value::String(name.display().to_string());
    }
    for (member, sum) in sums {
        if sum > 0 || !matches!(member, "cutLines" | "laterNotices") {
            report[member] = sum.into();
        }
    }
    report
}
