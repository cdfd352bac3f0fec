//! The device file that an import uploads.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jobs_devices::{Item, Reader, format};
use tempfile::TempPath;

use crate::context::Context;
use crate::failure::{Failure, plain};
use crate::recognize::not_a_device_file;
use crate::{input, outfile};

/// A device file, looked at but not sent.
pub(crate) enum InputFile {
    /// A file that can be read as often as need be.
    Named(PathBuf, Version),
    /// What can be read once: a pipe or a device, or standard input where no path is given.
    Stream(Option<PathBuf>),
}

impl InputFile {
    /// Looks whether the file can be read, before anything else happens. A pipe is not opened yet: that waits for its writer.
    pub(crate) fn look_at(context: &Context, path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            context.stdin.take("FILE")?;
            return Ok(Self::Stream(None));
        }
        let failed = |error: io::Error| Failure::file("read", path, &error);
        let found = std::fs::metadata(path).map_err(failed)?;
        if !found.is_file() && !found.is_dir() {
            return Ok(Self::Stream(Some(path.to_owned())));
        }
        let found = outfile::open(path)?.metadata().map_err(failed)?;
        if found.len() == 0 {
            return Err(Failure::usage(format_args!(
                "{} is empty: a hub refuses an empty device file",
                path.display()
            )));
        }
        refuse_without_rows(path, &path.display().to_string(), Some(path))?;
        Ok(Self::Named(path.to_owned(), Version::of(&found)))
    }

    /// A path to upload from; what can be read only once goes through a private temporary file, because an upload may have to start over.
    pub(crate) async fn settle(self) -> Result<Settled, Failure> {
        let source = match self {
            Self::Named(path, version) => return Ok(Settled::Named(path, version)),
            Self::Stream(source) => source,
        };
        let name = source.as_ref().map_or_else(
            || "standard input".to_owned(),
            |path| path.display().to_string(),
        );
        let mut file = outfile::scratch()?;
        let copied = input::aside(move || {
            match source {
                Some(path) => io::copy(&mut File::open(path)?, file.as_file_mut())?,
                None => io::copy(&mut io::stdin().lock(), file.as_file_mut())?,
            };
            Ok(file.into_temp_path())
        });
        let copy = copied.await.map_err(|error| {
            Failure::usage(format_args!("cannot read {name}: {}", plain(&error)))
        })?;
        refuse_without_rows(&copy, &name, None)?;
        Ok(Settled::Copied(copy))
    }
}

/// What a pipe passes the device file to, in the hint about a file of another format.
const COMMAND: &str = "import - --container-file container.uri";

/// Rejects a file of another format, and one without a single row: a hub would pass over its first line as the notice that heads an
/// export, and the import of such a file would look like a success. Reads no further than the first line that is not plain text.
/// `source` is the path that the user gave, if there is one.
pub(crate) fn refuse_without_rows(
    path: &Path,
    name: &str,
    source: Option<&Path>,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file("read", path, &error);
    let (start, _) = format::start(outfile::open(path)?).map_err(failed)?;
    let format = format::recognize(&start);
    if format.is_certain() {
        return Err(not_a_device_file(name, source, format, COMMAND));
    }
    let mut notices = 0_u64;
    for entry in Reader::open(path).map_err(failed)? {
        match entry.map_err(failed)?.item {
            Item::Notice(_) => notices += 1,
            _ => return Ok(()),
        }
    }
    if notices > 1 && !format.may_be_device_file() {
        return Err(not_a_device_file(name, source, format, COMMAND));
    }
    let found = match notices {
        0 if std::fs::metadata(path).is_ok_and(|found| found.len() == 0) => {
            "it is empty".to_owned()
        }
        0 => "all its lines are blank".to_owned(),
        1 => "its only line is plain text".to_owned(),
        _ => format!("all its {notices} lines are plain text"),
    };
    Err(Failure::usage(format_args!("{name} holds no device: {found}")).hint(
        "a device file has one JSON document a line; `iothub-jobs devices convert FILE --to jsonl` makes one of a table",
    ))
}

/// A path that lives as long as the upload.
pub(crate) enum Settled {
    Named(PathBuf, Version),
    Copied(TempPath),
}

/// What tells whether a file has changed: its size and the time of the last write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Version(u64, Option<SystemTime>);

impl Version {
    fn of(found: &Metadata) -> Self {
        Self(found.len(), found.modified().ok())
    }
}

impl Settled {
    /// Rejects a file that is not the one any more whose rows were counted: the reader agreed to another change.
    pub(crate) fn refuse_changed(&self) -> Result<(), Failure> {
        let Self::Named(path, version) = self else {
            return Ok(());
        };
        let failed = |error: io::Error| Failure::file("read", path, &error);
        let found = std::fs::metadata(path).map_err(failed)?;
        if Version::of(&found) == *version {
            return Ok(());
        }
        Err(Failure::usage(format_args!(
            "{} has changed since its rows were counted; nothing was uploaded",
            path.display()
        ))
        .hint("run the command again once the file is complete"))
    }
}

impl AsRef<Path> for Settled {
    fn as_ref(&self) -> &Path {
        match self {
            Self::Named(path, _) => path,
            Self::Copied(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_after_it_was_counted_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.txt");
        std::fs::write(&path, "{\"id\":\"a\"}\n").unwrap();
        let counted = Version::of(&std::fs::metadata(&path).unwrap());
        let file = Settled::Named(path.clone(), counted);
        file.refuse_changed().unwrap();
        std::fs::write(&path, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n").unwrap();
        let failure = file.refuse_changed().unwrap_err();
        assert!(failure.message().contains("has changed"), "{failure:?}");
        std::fs::remove_file(&path).unwrap();
        assert!(file.refuse_changed().is_err());
    }
}
