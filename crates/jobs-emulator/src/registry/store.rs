//! The database connection: one, with a fair lock, for readers and writers.
//!
//! Long work (imports, exports, queries) takes the lock for a short batch at a
//! time, so that requests are never held up for long.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior};
use tokio::sync::Mutex;

use super::open::{self, OpenError};
use super::schema;
use crate::clock::Time;
use crate::data_folder::OpenedFile;
use crate::envelope::{HubResult, ServiceError};

/// Where the hub keeps its data.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Nowhere: gone when the hub stops. SQLite spills to a nameless file when it grows.
    Memory,
    /// In this database file.
    File(PathBuf),
}

/// The hub's database.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    file: Option<OpenedFile>,
    /// Devices and modules together, as the quota counts them.
    population: AtomicI64,
    quota: i64,
}

impl From<rusqlite::Error> for ServiceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::server(format!("the hub's database failed: {error}"))
    }
}

impl Store {
    /// Opens or creates the database. `quota` bounds the identities it may hold.
    /// `register` adds the SQL functions of queries.
    pub(crate) fn open(
        place: &Place,
        quota: i64,
        register: fn(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Self, OpenError> {
        let (connection, file) = match place {
            // An empty name is SQLite's private temporary database: in memory until it outgrows its cache.
            Place::Memory => (Self::in_memory()?, None),
            Place::File(path) => {
                let connection = open::file(path)?;
                let file = OpenedFile::at(path).map_err(|cause| OpenError::Io {
                    file: path.clone(),
                    cause,
                })?;
                (connection, Some(file))
            }
        };
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA temp_store = FILE;")?;
        register(&connection)?;
        let population =
            connection.query_row("SELECT count(*) FROM identities", [], |row| row.get(0))?;
        Ok(Self {
            connection: Mutex::new(connection),
            file,
            population: AtomicI64::new(population),
            quota,
        })
    }

    fn in_memory() -> rusqlite::Result<Connection> {
        let connection = Connection::open("")?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
        )?;
        schema::prepare(&connection, schema::Layout::Empty)?;
        Ok(connection)
    }

    /// An error when the database file is no longer where it was opened: SQLite would go on
    /// writing to a file that nothing can find after the hub has stopped.
    pub(crate) fn check_file(&self) -> HubResult<()> {
        match self.file.as_ref().map(OpenedFile::check) {
            Some(Err(why)) => Err(ServiceError::unavailable(why).hint(
                "hint: put the data folder back, or stop the hub and start it with a new one",
            )),
            _ => Ok(()),
        }
    }

    /// Reads. To be called from a thread that may block.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> HubResult<T>) -> HubResult<T> {
        work(&self.connection.blocking_lock())
    }

    /// Changes things in one transaction: all of it, or, on error, nothing.
    pub(crate) fn write<T>(
        &self,
        now: Time,
        work: impl FnOnce(&mut Writing<'_>) -> HubResult<T>,
    ) -> HubResult<T> {
        self.write_then(now, work, |outcome| outcome)
    }

    /// As [`Store::write`]; `then` gets the outcome while the lock is still held, so that what memory holds changes in the
    /// same order as the database. It must not use the store.
    pub(crate) fn write_then<T, U>(
        &self,
        now: Time,
        work: impl FnOnce(&mut Writing<'_>) -> HubResult<T>,
        then: impl FnOnce(HubResult<T>) -> U,
    ) -> U {
        let connection = self.connection.blocking_lock();
        then(self.transact(&connection, now, work))
    }

    fn transact<T>(
        &self,
        connection: &Connection,
        now: Time,
        work: impl FnOnce(&mut Writing<'_>) -> HubResult<T>,
    ) -> HubResult<T> {
        self.check_file()?;
        // A transaction that could not even be rolled back would make every later one fail.
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        // The lock is what keeps transactions from being nested.
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let population = self.population.load(Ordering::SeqCst);
        let mut writing = Writing {
            connection,
            transaction,
            population,
            quota: self.quota,
            now,
        };
        let result = work(&mut writing)?;
        let population = writing.population;
        if let Err(error) = writing.transaction.commit() {
            make_room(connection, &error);
            return Err(error.into());
        }
        self.population.store(population, Ordering::SeqCst);
        Ok(result)
    }

    /// A setting that was kept.
    pub(crate) fn setting(&self, name: &str) -> HubResult<Option<String>> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT value FROM settings WHERE name = ?1")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
    }

    /// Keeps a setting.
    pub(crate) fn keep_setting(&self, name: &str, value: &str) -> HubResult<()> {
        self.read(|connection| {
            let sql = "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
            connection.execute(sql, [name, value])?;
            Ok(())
        })
    }

    /// Devices and modules together.
    pub(crate) fn population(&self) -> i64 {
        self.population.load(Ordering::SeqCst)
    }
}

/// Moves what the journal holds into the database file when the journal cannot grow, so that the next write has room in it.
fn make_room(connection: &Connection, error: &rusqlite::Error) {
    let code = error.sqlite_error_code();
    if matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
        && let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
    {
        // The failed write is what the caller hears of.
        tracing::debug!(%error, "the journal of the database could not be emptied");
    }
}

/// A transaction under way.
pub(crate) struct Writing<'c> {
    connection: &'c Connection,
    /// Taken back when dropped before it is committed.
    transaction: Transaction<'c>,
    population: i64,
    quota: i64,
    /// The moment all changes of this transaction are stamped with.
    pub(crate) now: Time,
}

impl<'c> Writing<'c> {
    /// The connection, for reading and for what does not change how many identities there are.
    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// Refuses when the hub is full.
    pub(crate) fn check_quota(&self) -> HubResult<()> {
        self.check_quota_for(1)
    }

    /// Refuses when the hub has no room for so many more.
    pub(crate) fn check_quota_for(&self, more: usize) -> HubResult<()> {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        if self.population.saturating_add(more) <= self.quota {
            Ok(())
        } else {
            Err(ServiceError::quota(
                "Total number of devices on IotHub exceeded the allocated quota.",
            ))
        }
    }

    /// Notes that all identities are gone.
    pub(crate) fn depopulate(&mut self) {
        self.population = 0;
    }

    /// Notes that identities were added (or, negative, taken away).
    pub(crate) fn populate(&mut self, by: i64) {
        self.population += by;
    }
}
