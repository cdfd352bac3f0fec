//! The devices or modules that a condition selects, for the jobs that act on them.

use jobs_devices::query::{Collection, Condition};
use rusqlite::params_from_iter;

use super::condition::Filter;
use super::window::{WINDOW, last_row, table};
use crate::envelope::HubResult;
use crate::registry::Store;

/// Rows of the devices or modules that the condition selects, after a row, in order. To be called from a thread that may block.
pub(crate) fn matching(
    store: &Store,
    from: Collection,
    condition: &Condition,
    after: i64,
) -> HubResult<Vec<i64>> {
    let last = store.read(|connection| last_row(connection, from))?;
    let (table, rows) = table(from);
    let mut found = Vec::new();
    let mut after = after;
    while after < last {
        let mut filter = Filter::new(from, Some(condition));
        let (start, until) = (
            filter.bind(after),
            filter.bind(after.saturating_add(WINDOW)),
        );
        let sql = format!(
            "SELECT seq FROM {table} WHERE {rows} AND seq > {start} AND seq <= {until} AND {} ORDER BY seq",
            filter.sql()
        );
        store.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.values_for(&statement);
            let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, i64>(0))?;
            for row in rows {
                found.push(row?);
            }
            Ok(())
        })?;
        after = after.saturating_add(WINDOW);
    }
    Ok(found)
}
