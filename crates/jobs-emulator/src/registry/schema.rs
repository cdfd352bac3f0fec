//! Tables of the hub's database.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Version of the layout, kept in `PRAGMA user_version`.
pub(crate) const VERSION: i64 = 2;
/// The oldest layout that [`prepare`] migrates.
pub(crate) const OLDEST: i64 = 1;
/// Says that a database is a hub's, in `PRAGMA application_id`: `IoTj`.
const APPLICATION_ID: i64 = 0x496f_546a;

/// What leads from one layout to the next, beginning with [`OLDEST`].
///
/// From 1 to 2: the database gets its application id, which [`prepare`] writes.
const MIGRATIONS: [&str; (VERSION - OLDEST) as usize] = [""];

/// `identities` holds devices (`module_id` is `''`) and modules.
///
/// `seq` is the order of creation: a parent is always created before its
/// modules and children, so an export in this order can be imported again.
/// `tags`, `desired` and `reported` are JSON objects as text, without
/// `$metadata` and `$version`; times are ticks of 100 ns; `etag` and
/// `twin_etag` are numbers whose wire forms `identity` makes.
/// A `*_metadata` of NULL means: everything was last updated at `twin_updated`.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS identities (
    seq INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    generation_id INTEGER NOT NULL,
    etag INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_updated INTEGER NOT NULL,
    auth_type TEXT NOT NULL,
    primary_key TEXT,
    secondary_key TEXT,
    primary_thumbprint TEXT,
    secondary_thumbprint TEXT,
    iot_edge INTEGER NOT NULL,
    device_scope TEXT,
    parent_scopes TEXT,
    managed_by TEXT,
    twin_etag INTEGER NOT NULL,
    twin_version INTEGER NOT NULL,
    twin_updated INTEGER NOT NULL,
    desired_version INTEGER NOT NULL,
    reported_version INTEGER NOT NULL,
    desired_metadata TEXT,
    reported_metadata TEXT,
    tags TEXT NOT NULL,
    desired TEXT NOT NULL,
    reported TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS identities_by_id ON identities (device_id, module_id);
CREATE INDEX IF NOT EXISTS identities_disabled ON identities (seq) WHERE status = 'disabled' AND module_id = '';
CREATE INDEX IF NOT EXISTS identities_scopes ON identities (device_scope) WHERE iot_edge = 1;
CREATE TABLE IF NOT EXISTS configurations (
    id TEXT PRIMARY KEY,
    etag INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    started INTEGER NOT NULL,
    record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scheduled_jobs (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device_jobs (
    seq INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS device_jobs_by_job ON device_jobs (job_id);
CREATE TABLE IF NOT EXISTS settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
";

/// The tables of layout 1, which had no application id.
const FIRST_TABLES: [&str; 6] = [
    "configurations",
    "device_jobs",
    "identities",
    "jobs",
    "scheduled_jobs",
    "settings",
];

/// Whose database this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Nothing is in it yet.
    Empty,
    /// A hub's, of a version from [`OLDEST`] to [`VERSION`].
    Known(i64),
    /// A hub's, of another version.
    Unknown(i64),
    /// Another program's.
    Foreign,
}

/// Finds out whose database this is; writes nothing.
pub(crate) fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables: Vec<String> = connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(match (application, version) {
        (0, 0) if tables.is_empty() => Layout::Empty,
        // Ended during its first start, before there were transactions around it.
        (0, 0)
            if tables
                .iter()
                .all(|table| FIRST_TABLES.contains(&table.as_str())) =>
        {
            Layout::Known(OLDEST)
        }
        (0, OLDEST) if tables == FIRST_TABLES => Layout::Known(OLDEST),
        (APPLICATION_ID, OLDEST..=VERSION) => Layout::Known(version),
        (APPLICATION_ID, _) => Layout::Unknown(version),
        _ => Layout::Foreign,
    })
}

/// Makes the tables, or takes an older layout to this version: wholly, or not at all.
pub(crate) fn prepare(connection: &Connection, found: Layout) -> rusqlite::Result<()> {
    let migrations = match found {
        Layout::Known(VERSION) => return Ok(()),
        Layout::Known(version) => usize::try_from(version - OLDEST)
            .ok()
            .and_then(|done| MIGRATIONS.get(done..))
            .unwrap_or_default(),
        _ => &[],
    };
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for migration in migrations {
        transaction.execute_batch(migration)?;
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
