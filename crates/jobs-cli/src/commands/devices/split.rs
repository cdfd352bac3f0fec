//! `devices split`.

use std::io;
use std::path::{Path, PathBuf};

use jobs_devices::transform::{self, SplitAt};
use serde_json::Value;

use super::source::{Lines, Source};
use super::targets;
use super::work;
use crate::args::devices::SplitArgs;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::outfile::{self, Output};
use crate::printer::{Printer, counted};
use crate::progress::Progress;
use crate::streams;

pub(super) async fn split(context: &Context, args: SplitArgs) -> Outcome {
    let source = Source::open(context, &args.file)?;
    targets::refuse_rejects_in_place(&args.lost, &[&args.file])?;
    let at = match (args.rows, args.bytes) {
        (Some(rows), _) => SplitAt::Rows(rows),
        (None, Some(bytes)) => SplitAt::Bytes(bytes),
        (None, None) => {
            return Err(Failure::usage(
                "the size of a part is missing: --rows N or --bytes N",
            ));
        }
    };
    let parts = Parts::new(args.out_dir, &args.file);
    parts.refuse_existing()?;
    let rejects_path = args.lost.rejects.as_deref();
    if let Some(path) = rejects_path {
        parts.refuse_part("--rejects", path)?;
    }
    let to_stdout = rejects_path == Some(Path::new("-"));
    if !to_stdout {
        streams::refuse_closed_stdout()?;
    }
    let rejects = rejects_path.map(Output::create_rejects).transpose()?;
    let printer = context.printer.clone();
    let report = work::blocking(move || cut(&printer, source, at, parts, rejects)).await?;
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
    let skips = args.lost.skip_bad_lines;
    work::show_report(&context.printer, "split", &report, to_stdout, skips)
}

/// Writes the parts; all of them stay, or none.
fn cut(
    printer: &Printer,
    source: Source,
    at: SplitAt,
    parts: Parts,
    mut rejects: Option<Output>,
) -> Result<Value, Failure> {
    let command = work::piped("split");
    let size = source.size;
    let (input, read) = source.rows(&command)?;
    let progress = Progress::bytes(printer, "split", size);
    let mut update = |at: transform::Progress| progress.position(at.bytes);
    let mut with = transform::Context::new().progress(&mut update);
    if let Some(rejects) = &mut rejects {
        with = with.rejects(rejects);
    }
    let mut written = Vec::new();
    let open = |number| parts.open(number).map_err(as_io);
    let close = |part: Output| {
        part.finish().map_err(as_io)?;
        let path = parts.path(written.len() as u64 + 1);
        outfile::remove_on_failure(&path);
        written.push(path);
        Ok(())
    };
    let report = transform::split(read, at, open, close, &mut with)
        .map_err(|error| work::failure(&input.name, error))?;
    let mut report = work::to_value(&report)?;
    input.refuse_without_rows(Lines::of_report(&report), &command)?;
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    outfile::keep(&written);
    progress.finish();
    for file in report
        .get_mut("files")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let number = file.get("number").and_then(Value::as_u64);
        let path = parts.path(number.unwrap_or_default());
        file["file"] = Value::String(path.display().to_string());
    }
    Ok(report)
}

/// Passes a failure through a function that knows I/O errors only.
fn as_io(failure: Failure) -> io::Error {
    outfile::passed_on(failure.message())
}

/// Where the parts are.
struct Parts {
    folder: PathBuf,
    stem: String,
    ending: String,
}

impl Parts {
    /// Parts that are named after a file.
    fn new(folder: PathBuf, file: &Path) -> Self {
        let text = |part: Option<&std::ffi::OsStr>, default: &str| {
            part.map(|part| part.to_string_lossy().into_owned())
                .filter(|part| part != "-")
                .unwrap_or_else(|| default.to_owned())
        };
        Self {
            folder,
            stem: text(file.file_stem(), "devices"),
            ending: text(file.extension(), "txt"),
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder
            .join(format!("{}-{number:04}.{}", self.stem, self.ending))
    }

    /// Whether a file could be a part.
    fn has(&self, name: &str) -> bool {
        let number = name
            .strip_prefix(&self.stem)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(&self.ending))
            .and_then(|rest| rest.strip_suffix('.'));
        number.is_some_and(|digits| {
            digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// Rejects a folder with parts of another run, which would be mixed up with the new ones or lost.
    fn refuse_existing(&self) -> Result<(), Failure> {
        let folder = &self.folder;
        if std::fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
            return Err(Failure::usage(format_args!(
                "--out-dir {}: it is a file, and a folder is needed",
                folder.display()
            )));
        }
        let files = match std::fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failure::file("read the folder", folder, &error)),
        };
        let names = files.filter_map(|file| Some(file.ok()?.file_name()));
        let mut found: Vec<_> = names
            .filter(|name| name.to_str().is_some_and(|name| self.has(name)))
            .collect();
        found.sort();
        let Some(first) = found.first() else {
            return Ok(());
        };
        Err(Failure::usage(format_args!(
            "{} exists; a part is not written over, and parts of two runs are not mixed",
            folder.join(first).display()
        ))
        .hint(format_args!(
            "name an empty folder with --out-dir, or remove the {}",
            counted(found.len() as u64, "old part")
        )))
    }

    /// Rejects another target with the name of a part.
    fn refuse_part(&self, option: &str, path: &Path) -> Result<(), Failure> {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let place = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let is_beside = place(folder.unwrap_or(Path::new("."))) == place(&self.folder);
        if is_beside && name.is_some_and(|name| self.has(name)) {
            return Err(Failure::usage(format_args!(
                "{option} {}: a part may get that name; choose another one",
                path.display()
            )));
        }
        Ok(())
    }

    fn open(&self, number: u64) -> Result<Output, Failure> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| Failure::file("make the folder", &self.folder, &error))?;
        Output::create_new(&self.path(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_after_the_file() {
        for (file, part) in [
            ("/x/fleet.ndjson", "out/fleet-0007.ndjson"),
            ("-", "out/devices-0007.txt"),
            ("fleet", "out/fleet-0007.txt"),
        ] {
            let parts = Parts::new("out".into(), Path::new(file));
            assert_eq!(parts.path(7), Path::new(part));
        }
    }

    #[test]
    fn no_other_target_has_the_name_of_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::new(folder.path().into(), Path::new("fleet.txt"));
        let refused = |name: &str| {
            let path = folder.path().join(name);
            parts.refuse_part("--rejects", &path).is_err()
        };
        assert!(refused("fleet-0002.txt") && refused("./fleet-99999.txt"));
        assert!(!refused("fleet.txt") && !refused("bad.txt"));
        assert!(
            parts
                .refuse_part("--rejects", Path::new("fleet-0002.txt"))
                .is_ok()
        );
    }

    #[test]
    fn only_numbered_files_are_parts() {
        let parts = Parts::new(".".into(), Path::new("fleet.txt"));
        for (name, is_part) in [
            ("fleet-0001.txt", true),
            ("fleet-12345.txt", true),
            ("fleet.txt", false),
            ("fleet-1.txt", false),
            ("fleet-0001.csv", false),
            ("fleet-000a.txt", false),
            ("other-0001.txt", false),
        ] {
            assert_eq!(parts.has(name), is_part, "{name}");
        }
    }
}
