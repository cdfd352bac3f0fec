//! The folder in which a hub keeps its data: one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::start_error::StartError;

/// Takes the folder for this process. A hub of this process that has just been
/// dropped may need a moment to let go, hence the second look.
pub(crate) async fn lock_folder(folder: &Path) -> Result<File, StartError> {
    let unusable = |cause| StartError::Folder {
        folder: folder.to_owned(),
        cause,
    };
    // Creating it would say no more than that something of this name exists.
    if std::fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
        return Err(unusable(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a file, and a folder is wanted",
        )));
    }
    create_private_folder(folder).map_err(unusable)?;
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(unusable)?;
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(25)).await,
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
    }
    Err(StartError::FolderInUse {
        folder: folder.to_owned(),
    })
}

/// Makes the file of a database that is not there yet. It holds keys too, and the folder may be one that others made and enter;
/// SQLite gives its further files the mode of this one.
pub(crate) fn create_private_file(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(file).map(drop)
}

/// A file that stays open, and where it was when it was opened.
#[derive(Debug)]
pub(crate) struct OpenedFile {
    path: PathBuf,
    identity: Identity,
}

impl OpenedFile {
    /// The file that is at this path now.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&std::fs::metadata(path)?),
        })
    }

    /// Why the file is not at its path any more, as a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        let why = match std::fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.identity => return Ok(()),
            Ok(_) => "another file is in its place".to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                "it was removed or renamed".to_owned()
            }
            Err(error) => error.to_string(),
        };
        let path = self.path.display();
        Err(format!("the database {path} cannot be written: {why}"))
    }
}

/// What a file keeps while its path changes: device and number. Where the system has none, a file
/// is known by its path alone.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(data: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (data.dev(), data.ino())
}

#[cfg(not(unix))]
fn identity(_data: &std::fs::Metadata) -> Identity {}

/// Makes a folder that holds keys: only its owner may look into it.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
