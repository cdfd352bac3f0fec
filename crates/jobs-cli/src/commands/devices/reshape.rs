//! One device file into another: `filter`, `set-mode`, `prepare-import`, `split`, `merge`.

use std::io;
use std::path::{Path, PathBuf};

use jobs_devices::ImportMode;
use jobs_devices::query::parse_condition;
use jobs_devices::transform::{self, Keep, PrepareOptions, SplitAt};
use serde_json::Value;

use super::work::{self, Source, Targets};
use crate::args::devices::{
    FilterArgs, KeepArg, MergeArgs, PrepareImportArgs, SetModeArgs, SplitArgs,
};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::outfile::{self, Output};
use crate::printer::counted;
use crate::progress::Progress;

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
        move |read, out, with| transform::filter(read, out, &condition, with),
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
        move |read, out, with| transform::set_mode(read, out, &mode, with),
    )
    .await
}

pub(super) async fn prepare_import(context: &Context, args: PrepareImportArgs) -> Outcome {
    let mode = args.mode.as_deref().map(import_mode).transpose()?;
    let source = Source::open(context, &args.file)?;
    let targets = Targets::create(&args.out, &[&args.file])?;
    let aside = args.system_modules.as_deref();
    for (option, path) in [
        (
            "FILE",
            Some(args.file.as_path()).filter(|file| *file != Path::new("-")),
        ),
        ("--out", Some(args.out.out.as_path())),
        ("--rejects", args.out.rejects.as_deref()),
    ] {
        outfile::refuse_same(&[(option, path), ("--system-modules", aside)])?;
    }
    let mut aside = args
        .system_modules
        .as_deref()
        .map(Output::create)
        .transpose()?;
    work::run(
        context,
        "prepare-import",
        source,
        targets,
        move |read, out, with| {
            let mut options = PrepareOptions::new().regenerate_keys(args.regenerate_keys);
            if let Some(mode) = mode {
                options = options.mode(mode);
            }
            if let Some(aside) = &mut aside {
                options = options.system_modules(aside);
            }
            let report = transform::prepare_import(read, out, options, with)?;
            if let Some(aside) = aside {
                aside.finish().map_err(|failure| {
                    transform::TransformError::Write(io::Error::other(failure.message().to_owned()))
                })?;
            }
            Ok(report)
        },
    )
    .await
}

/// Reads the name of an import mode, in any case.
fn import_mode(text: &str) -> Result<ImportMode, Failure> {
    text.parse()
        .map_err(|error| Failure::usage(format_args!("import mode: {error}")))
}

pub(super) async fn split(context: &Context, args: SplitArgs) -> Outcome {
    let source = Source::open(context, &args.file)?;
    if std::fs::metadata(&args.out_dir).is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::usage(format_args!(
            "--out-dir {}: it is a file, and a folder is wanted",
            args.out_dir.display()
        )));
    }
    std::fs::create_dir_all(&args.out_dir)
        .map_err(|error| Failure::file("make the folder", &args.out_dir, &error))?;
    let (stem, ending) = part_name(&args.file);
    let folder = args.out_dir;
    let name = move |number: u64| folder.join(format!("{stem}-{number:04}.{ending}"));
    let at = match (args.rows, args.bytes) {
        (Some(rows), _) => SplitAt::Rows(rows),
        (None, Some(bytes)) => SplitAt::Bytes(bytes),
        (None, None) => {
            return Err(Failure::usage(
                "say how large a part shall be: --rows N or --bytes N",
            ));
        }
    };
    let printer = context.printer.clone();
    let report = work::blocking(move || {
        let progress = Progress::bytes(&printer, "split", source.size);
        let mut tell = |at: transform::Progress| progress.position(at.bytes);
        let mut with = transform::Context::new().progress(&mut tell);
        let open = |number| Output::create(&name(number)).map_err(as_io);
        let report = transform::split(
            source.read,
            at,
            open,
            |part: Output| part.finish().map_err(as_io),
            &mut with,
        )
        .map_err(|error| work::failure(&source.name, error))?;
        let mut report = work::to_value(&report)?;
        for file in report
            .get_mut("files")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let number = file
                .get("number")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            file["file"] = Value::String(name(number).display().to_string());
        }
        Ok(report)
    })
    .await?;
    for file in report
        .get("files")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let rows = file.get("rows").and_then(Value::as_u64).unwrap_or_default();
        if let Some(path) = file.get("file").and_then(Value::as_str) {
            context
                .printer
                .note(format_args!("{path}: {}", counted(rows, "row")));
        }
    }
    work::show_report(&context.printer, "split", &report, false)
}

/// Hands a failure through a function that knows I/O errors only.
fn as_io(failure: Failure) -> io::Error {
    io::Error::other(failure.message().to_owned())
}

/// The stem and the ending of the parts' names.
fn part_name(file: &Path) -> (String, String) {
    let text = |part: Option<&std::ffi::OsStr>, default: &str| {
        part.map(|part| part.to_string_lossy().into_owned())
            .filter(|part| part != "-")
            .unwrap_or_else(|| default.to_owned())
    };
    (
        text(file.file_stem(), "devices"),
        text(file.extension(), "txt"),
    )
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
    let reads: Vec<_> = sources.into_iter().map(|source| source.read).collect();
    let inputs: Vec<&Path> = names.iter().map(PathBuf::as_path).collect();
    let targets = Targets::create(&args.out, &inputs)?;
    let keep = match args.keep {
        KeepArg::First => Keep::First,
        KeepArg::Last => Keep::Last,
        KeepArg::All => Keep::All,
    };
    let together = Source {
        read: Box::new(io::empty()),
        name: "the files to merge".to_owned(),
        size,
    };
    let printer = context.printer.clone();
    work::run(context, "merge", together, targets, move |_, out, with| {
        let report = transform::merge(reads, out, keep, with)?;
        for (input, name) in report.inputs.iter().zip(&names) {
            let file = format!("{}, ", name.display());
            for problem in &input.problems {
                let problem = serde_json::to_value(problem).unwrap_or_default();
                work::show_problem(&printer, &file, &problem);
            }
        }
        Ok(merge_report(
            &names,
            serde_json::to_value(&report).unwrap_or_default(),
        ))
    })
    .await
}

/// Names the inputs, and sums up what was read of them.
fn merge_report(names: &[PathBuf], mut report: Value) -> Value {
    let mut sums = [("rows", 0), ("notices", 0), ("badLines", 0)];
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
        report[member] = sum.into();
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_after_the_file() {
        assert_eq!(
            part_name(Path::new("/x/fleet.ndjson")),
            ("fleet".to_owned(), "ndjson".to_owned())
        );
        assert_eq!(
            part_name(Path::new("-")),
            ("devices".to_owned(), "txt".to_owned())
        );
        assert_eq!(
            part_name(Path::new("fleet")),
            ("fleet".to_owned(), "txt".to_owned())
        );
    }
}
