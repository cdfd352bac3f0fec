//! Files that appear whole or not at all.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use crate::failure::{Failure, plain};
use crate::{redact, streams};

/// Temporary files of writers that are at work, so that an interrupted process leaves none behind. `None` once the process ends:
/// a command that still runs then makes no new file, and puts none in its place.
static UNFINISHED: Mutex<Option<Vec<PathBuf>>> = Mutex::new(Some(Vec::new()));

/// Where a result goes: a file that replaces its target only when complete, or standard output.
#[derive(Debug)]
pub(crate) enum Output {
    /// A temporary file in the folder of `target`.
    File {
        writer: BufWriter<Part>,
        target: PathBuf,
        /// Whether a file at `target` stays as it is.
        is_new: bool,
    },
    /// A device or pipe, which cannot be replaced.
    Special {
        writer: BufWriter<File>,
        target: PathBuf,
    },
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
}

const BUFFER: usize = 256 * 1024;

impl Output {
    /// Whether this is standard output, where what is written stands alone.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    /// Opens the target; `-` is standard output. The file gets mode 0600, because device files may hold keys.
    pub(crate) fn create(target: &Path) -> Result<Self, Failure> {
        if target == Path::new("-") {
            streams::refuse_closed_stdout()?;
            return Ok(Self::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())));
        }
        if !target.exists() && redact::is_secret(&target.to_string_lossy()) {
            return Err(Failure::secret_as_name("cannot write the output"));
        }
        if target.is_dir() {
            return Err(Failure::usage(format_args!(
                "cannot write {}: it is a folder",
                target.display()
            )));
        }
        if streams::is_descriptor(target) {
            // The file behind it is being written to already, and is not to be replaced.
            return Self::special(target, File::options().append(true));
        }
        // A link keeps pointing to its file, and `/dev/null` stays what it is.
        let target = &target.canonicalize().unwrap_or_else(|_| target.to_owned());
        if std::fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            return Self::special(target, File::options().write(true));
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(Failure::usage(format_args!(
                "cannot write {}: the folder {} does not exist",
                target.display(),
                folder.display()
            )));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".iothub-jobs-").suffix(".part");
        let file =
            unfinished(&builder, folder).map_err(|error| Failure::file("write", target, &error))?;
        Ok(Self::File {
            writer: BufWriter::with_capacity(BUFFER, Part(file)),
            target: target.to_owned(),
            is_new: false,
        })
    }

    /// As [`create`](Self::create), for a file that must not exist when it is complete.
    pub(crate) fn create_new(target: &Path) -> Result<Self, Failure> {
        let mut output = Self::create(target)?;
        if let Self::File { is_new, .. } = &mut output {
            *is_new = true;
        }
        Ok(output)
    }

    /// As [`create`](Self::create), for what a command leaves out of its result. These lines may be nowhere else, so a file that has
    /// content is not replaced. Devices and pipes take everything.
    pub(crate) fn create_rejects(target: &Path) -> Result<Self, Failure> {
        let found = std::fs::metadata(target).ok();
        let is_named = target != Path::new("-") && !streams::is_descriptor(target);
        if is_named
            && let Some(found) = &found
            && found.is_file()
            && found.len() > 0
        {
            return Err(Failure::usage(format_args!(
                "--rejects {}: the file exists and is not empty; it is not replaced",
                target.display()
            ))
            .hint("delete the file, or choose another name"));
        }
        match found {
            Some(_) => Self::create(target),
            None => Self::create_new(target),
        }
    }

    fn special(target: &Path, options: &std::fs::OpenOptions) -> Result<Self, Failure> {
        let file = options
            .open(target)
            .map_err(|error| Failure::file("write", target, &error))?;
        Ok(Self::Special {
            writer: BufWriter::with_capacity(BUFFER, file),
            target: target.to_owned(),
        })
    }

    /// The file with content that [`finish`](Self::finish) replaces.
    pub(crate) fn replaces(&self) -> Option<&Path> {
        match self {
            Self::File { target, .. } => std::fs::metadata(target)
                .is_ok_and(|found| found.len() > 0)
                .then_some(target),
            Self::Special { .. } | Self::Stdout(_) => None,
        }
    }

    /// Drops what was not written yet, also to standard output.
    pub(crate) fn discard(self) {
        if let Self::Stdout(writer) = self {
            drop(writer.into_parts());
        }
    }

    /// Puts the complete file in its place.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut writer) => match writer.flush() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::stdout(&error))
                }
                _ => Ok(()),
            },
            Self::Special { mut writer, target } => writer
                .flush()
                .map_err(|error| Failure::file("write", &target, &error)),
            Self::File {
                writer,
                target,
                is_new,
            } => {
                let failed = |error: &io::Error| Failure::file("write", &target, &system(error));
                let Part(file) = writer.into_inner().map_err(|error| failed(error.error()))?;
                file.as_file().sync_all().map_err(|error| failed(&error))?;
                put_in_place(file, &target, is_new).map_err(|error| failed(&error))
            }
        }
    }

    /// The failure for an error while writing; `None` when the reader of standard output has gone, which is no error.
    pub(crate) fn failure(&self, error: &io::Error) -> Option<Failure> {
        let error = &system(error);
        match self {
            Self::Stdout(_) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Stdout(_) => Some(Failure::stdout(error)),
            Self::File { target, .. } | Self::Special { target, .. } => {
                Some(Failure::file("write", target, error))
            }
        }
    }

    /// An error of this output that names it, for whoever gets it from a function that writes to several.
    fn named(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        let target = match self {
            Self::Stdout(_) => "to standard output".to_owned(),
            Self::File { target, .. } | Self::Special { target, .. } => {
                target.display().to_string()
            }
        };
        io::Error::new(kind, WriteError { target, error })
    }
}

/// An error while writing, with the name that the user gave.
#[derive(Debug)]
struct WriteError {
    target: String,
    error: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot write {}: {}",
            self.target,
            plain(&system(&self.error))
        )
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A failure to write as an error that a function can pass on, with the same message in the end.
pub(crate) fn passed_on(message: &str) -> io::Error {
    io::Error::other(Message(message.to_owned()))
}

/// A message that needs nothing added.
#[derive(Debug)]
struct Message(String);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Message {}

/// The message for an error that a function passed on from an [`Output`], or from something else that it writes to.
pub(crate) fn write_message(error: &io::Error) -> String {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<WriteError>() || cause.is::<Message>() {
            return cause.to_string();
        }
        next = inside(cause);
    }
    format!("cannot write the result: {}", plain(&system(error)))
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::File { writer, .. } => writer.write(buffer),
            Self::Special { writer, .. } => writer.write(buffer),
            Self::Stdout(writer) => writer.write(buffer),
        };
        written.map_err(|error| self.named(error))
    }

    /// Leaves the rest for standard output to [`finish`](Self::finish), so that it can be discarded.
    fn flush(&mut self) -> io::Result<()> {
        let flushed = match self {
            Self::File { writer, .. } => writer.flush(),
            Self::Special { writer, .. } => writer.flush(),
            Self::Stdout(_) => Ok(()),
        };
        flushed.map_err(|error| self.named(error))
    }
}

/// A file that is not complete. Its errors are those of the system: `tempfile` would name the hidden file in them.
#[derive(Debug)]
pub(crate) struct Part(NamedTempFile);

impl Write for Part {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

/// A new file that its owner alone can read. Made here, for an error of `tempfile` hides the system's behind a name that nobody asked for.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file for rows on their way, private and in the folder for such files; nothing of it is left when the process ends.
pub(crate) fn scratch() -> Result<NamedTempFile, Failure> {
    let folder = std::env::temp_dir();
    unfinished(tempfile::Builder::new().prefix("iothub-jobs-"), &folder)
        .map_err(|error| Failure::file("make a temporary file in", &folder, &error))
}

/// Tries whether a folder takes a new file, of which nothing is left.
pub(crate) fn try_folder(folder: &Path) -> io::Result<()> {
    tempfile::Builder::new()
        .prefix(".iothub-jobs-")
        .make_in(folder, private)
        .map(drop)
}

/// The system's own error inside one that names a temporary file, or a library, that nobody asked for.
pub(crate) fn system(error: &io::Error) -> io::Error {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        let outer = cause.downcast_ref::<io::Error>();
        if let Some(number) = outer.and_then(io::Error::raw_os_error) {
            return io::Error::from_raw_os_error(number);
        }
        next = inside(cause);
    }
    io::Error::new(error.kind(), error.to_string())
}

/// The next error of a chain. An I/O error passes on the source of the error inside it, so the one inside has to be asked for.
fn inside<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e (dyn std::error::Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

/// Has a complete file removed unless the whole command succeeds: a part of several files, say.
pub(crate) fn remove_on_failure(path: &Path) {
    match registry().as_mut() {
        Some(paths) => paths.push(path.to_owned()),
        // The command was given up meanwhile.
        None => drop(std::fs::remove_file(path)),
    }
}

/// Keeps files that [`remove_on_failure`] was called for.
pub(crate) fn keep(paths: &[PathBuf]) {
    let kept: HashSet<&PathBuf> = paths.iter().collect();
    if let Some(unfinished) = registry().as_mut() {
        unfinished.retain(|path| !kept.contains(path));
    }
}

/// Refuses one file for two things: the second to be finished would replace the first without a word. `-` is standard output.
pub(crate) fn refuse_same(names: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
    let given: Vec<(&str, &Path)> = names
        .iter()
        .filter_map(|(option, path)| Some((*option, (*path)?)))
        .collect();
    for (at, (option, path)) in given.iter().enumerate() {
        let Some((other, _)) = given[..at].iter().find(|(_, other)| is_same(path, other)) else {
            continue;
        };
        return Err(Failure::usage(format_args!(
            "{other} and {option} both name {}; give them files of their own",
            path.display()
        )));
    }
    Ok(())
}

/// Whether two names lead to one file that writing would replace; devices such as `/dev/null` take everything.
fn is_same(one: &Path, other: &Path) -> bool {
    if one == Path::new("-") || other == Path::new("-") {
        return one == other;
    }
    let place = |path: &Path| {
        let whole = path.canonicalize().ok();
        whole.or_else(|| {
            let folder = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        })
    };
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), _) if !one.is_file() => false,
        // Links, hard ones too, are further names of one file.
        (Ok(one), Ok(other)) if streams::is_same(&one, &other) => true,
        _ => one == other || place(one).is_some_and(|found| place(other) == Some(found)),
    }
}

/// Opens a file for reading in large pieces.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(Failure::usage(format_args!(
            "cannot read {}: it is a folder",
            path.display()
        ))),
        Ok(metadata) => {
            streams::refuse_stdout(&metadata, &path.display().to_string())?;
            Ok(file)
        }
        Err(_) => Ok(file),
    }
}

/// Removes what interrupted writers left; called once, right before the process ends.
pub(crate) fn remove_unfinished() {
    for path in registry().take().into_iter().flatten() {
        // It may have been removed by its owner.
        let _ = std::fs::remove_file(path);
    }
}

/// Makes a private temporary file that is removed when the process ends.
fn unfinished(builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<NamedTempFile> {
    let mut registry = registry();
    let paths = registry.as_mut().ok_or_else(ending)?;
    let file = builder.make_in(folder, private)?;
    paths.push(file.path().to_owned());
    Ok(file)
}

/// Puts a complete file in the place of its target.
fn put_in_place(file: NamedTempFile, target: &Path, is_new: bool) -> io::Result<()> {
    let mut registry = registry();
    let paths = registry.as_mut().ok_or_else(ending)?;
    let path = file.path().to_owned();
    let kept = match is_new {
        true => file.persist_noclobber(target),
        false => file.persist(target),
    };
    let kept = kept.map_err(|error| error.error);
    paths.retain(|other| *other != path);
    kept.map(drop)
}

/// Seen by a command that was given up and still runs.
fn ending() -> io::Error {
    io::Error::other("the command was stopped")
}

fn registry() -> std::sync::MutexGuard<'static, Option<Vec<PathBuf>>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
