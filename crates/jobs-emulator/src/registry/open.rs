//! Opening the database file of a data folder: is it a hub's, of a layout that this version knows,
//! and whole?

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::schema;

/// What every SQLite file starts with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How long the check of a database may take. A hub of some 100,000 devices is checked wholly in
/// that time, of a larger one a part, so that every hub starts fast.
const CHECK_LIMIT: Duration = Duration::from_millis(500);

/// Why a database is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The file is not the database of a hub.
    #[error(
        "{} is not the database of a local hub: {why}; hint: choose another data folder",
        .file.display()
    )]
    Foreign { file: PathBuf, why: String },
    /// The layout is one that this version does not know.
    #[error(
        "{} has layout {found}, and this version knows layouts {} to {}; hint: use the version that wrote it, or choose another data folder",
        .file.display(),
        schema::OLDEST,
        schema::VERSION
    )]
    Layout { file: PathBuf, found: i64 },
    #[error(
        "{} is damaged: {why}; hint: restore the data folder from a copy, or choose another one",
        .file.display()
    )]
    Damaged { file: PathBuf, why: String },
    /// SQLite failed.
    #[error("{}{cause}; hint: {}", start(.file), advice(.cause))]
    Sql {
        file: Option<PathBuf>,
        cause: rusqlite::Error,
    },
    /// The file cannot be read or made.
    #[error(
        "{}: {cause}; hint: check the permissions of the data folder and the space on its disk",
        .file.display()
    )]
    Io { file: PathBuf, cause: io::Error },
}

fn start(file: &Option<PathBuf>) -> String {
    file.as_ref()
        .map_or_else(String::new, |file| format!("{}: ", file.display()))
}

impl From<rusqlite::Error> for OpenError {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Sql { file: None, cause }
    }
}

/// Never to delete something: most of these pass, and what is in the folder is still good.
fn advice(cause: &rusqlite::Error) -> &'static str {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            "free some space on the disk of the data folder and start the hub again; its data is kept"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "check the permissions of the data folder and of the files in it"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program uses the database; stop it and start the hub again"
        }
        _ => "choose another data folder, or restore this one from a copy",
    }
}

/// Opens the database file, or makes it.
pub(super) fn file(path: &Path) -> Result<Connection, OpenError> {
    check_start(path)?;
    crate::data_folder::create_private_file(path).map_err(|cause| OpenError::Io {
        file: path.to_owned(),
        cause,
    })?;
    prepared(path).map_err(|error| match error {
        OpenError::Sql { cause, .. } => of_sqlite(path, cause),
        other => other,
    })
}

fn of_sqlite(path: &Path, cause: rusqlite::Error) -> OpenError {
    let file = path.to_owned();
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged {
            file,
            why: cause.to_string(),
        },
        _ => OpenError::Sql {
            file: Some(file),
            cause,
        },
    }
}

fn prepared(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Nothing is written before it is clear whose file this is.
    let layout = schema::layout(&connection)?;
    let foreign = |why: &str| OpenError::Foreign {
        file: path.to_owned(),
        why: why.to_owned(),
    };
    match layout {
        schema::Layout::Foreign => return Err(foreign("it holds tables of another program")),
        schema::Layout::Unknown(found) => {
            return Err(OpenError::Layout {
                file: path.to_owned(),
                found,
            });
        }
        schema::Layout::Empty | schema::Layout::Known(_) => {}
    }
    connection.execute_batch("PRAGMA page_size = 8192;")?;
    // WAL with NORMAL survives the death of the process at any instant.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16384; \
         PRAGMA journal_size_limit = 67108864;",
    )?;
    quick_check(&connection, path)?;
    schema::prepare(&connection, layout)?;
    Ok(connection)
}

/// Judges the file before SQLite opens it, which takes an empty file for a new database.
fn check_start(path: &Path) -> Result<(), OpenError> {
    let io_error = |cause| OpenError::Io {
        file: path.to_owned(),
        cause,
    };
    let found = match File::open(path) {
        Ok(file) if file.metadata().is_ok_and(|data| data.is_file()) => file,
        Ok(_) => return Err(io_error(io::Error::other("it is not a regular file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(error)),
    };
    let mut start = Vec::new();
    found
        .take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(io_error)?;
    if start.is_empty() {
        return match leftover(path).map_err(io_error)? {
            None => Ok(()),
            Some(name) => Err(OpenError::Damaged {
                file: path.to_owned(),
                why: format!("it is empty, but the folder also holds '{name}'"),
            }),
        };
    }
    if start == MAGIC {
        Ok(())
    } else {
        Err(OpenError::Foreign {
            file: path.to_owned(),
            why: "it is not an SQLite file".to_owned(),
        })
    }
}

/// The name of something in the folder that a hub does not leave when it ends during its first
/// start. A write-ahead log with content belongs to a database that had content too.
fn leftover(path: &Path) -> io::Result<Option<String>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = match name.as_str() {
            "hub.sqlite-wal" => entry.metadata()?.len() == 0,
            "lock" | "hub.sqlite" | "hub.sqlite-journal" | "hub.sqlite-shm" | "ca" => true,
            _ => name.starts_with(".ca-"),
        };
        if !is_ours {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// SQLite's own check of pages and records, for [`CHECK_LIMIT`] at most: what was checked until
/// then was good.
fn quick_check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let interrupt = connection.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    let timer = std::thread::spawn(move || {
        if wait.recv_timeout(CHECK_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let found: rusqlite::Result<String> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    drop(done);
    // Afterwards nothing interrupts the connection any more.
    let _ = timer.join();
    match found {
        Ok(text) if text == "ok" => Ok(()),
        Ok(text) => Err(OpenError::Damaged {
            file: path.to_owned(),
            why: text.replace('\n', " "),
        }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
