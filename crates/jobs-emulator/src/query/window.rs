//! The tables behind the collections, read a window of rows at a time.

use jobs_devices::query::Collection;
use rusqlite::Connection;

use crate::envelope::HubResult;

/// Rows of the table that are looked through in one go, so that other requests are not held up.
pub(super) const WINDOW: i64 = 20_000;

/// The table of a collection, and what its rows have in common.
pub(super) fn table(from: Collection) -> (&'static str, &'static str) {
    match from {
        Collection::Jobs => ("device_jobs", "1"),
        Collection::Modules => ("identities", "module_id <> ''"),
        _ => ("identities", "module_id = ''"),
    }
}

/// The highest row number there is.
pub(super) fn last_row(connection: &Connection, from: Collection) -> HubResult<i64> {
    let (table, _) = table(from);
    let sql = format!("SELECT ifnull(max(seq), 0) FROM {table}");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))?)
}
