//! Tables of the hub's database.

use rusqlite::{Connection, ffi};

/// Version of the layout, kept in `PRAGMA user_version`.
pub(crate) const VERSION: i64 = 1;

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

/// Creates what is missing. A database of a later version is left alone.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        let text = format!("it has layout {found}, and this version knows layouts up to {VERSION}");
        return Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_MISMATCH),
            Some(text),
        ));
    }
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "user_version", VERSION)
}
