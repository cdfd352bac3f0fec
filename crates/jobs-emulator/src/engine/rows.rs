//! The records of one kind of jobs in the database.

use rusqlite::{Connection, params};

use super::Record;
use crate::envelope::{HubResult, ServiceError};

/// All records with their ids, or the reason why one cannot be decoded.
pub(super) fn all<R: Record>(
    connection: &Connection,
) -> HubResult<Vec<(String, Result<R, String>)>> {
    let sql = format!("SELECT id, record FROM {}", R::TABLE);
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let record = row
            .get::<_, String>(1)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        Ok((row.get(0)?, record))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a record, in the place of the one with the same id.
pub(super) fn save<R: Record>(connection: &Connection, record: &R) -> HubResult<()> {
    let text =
        serde_json::to_string(record).map_err(|error| ServiceError::server(error.to_string()))?;
    let sql = format!(
        "INSERT INTO {} (id, {}, record) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET record = ?3",
        R::TABLE,
        R::CREATED
    );
    connection
        .prepare_cached(&sql)?
        .execute(params![record.id(), record.created(), text])?;
    Ok(())
}

/// Deletes a record and what is kept next to it.
pub(super) fn delete<R: Record>(connection: &Connection, id: &str) -> HubResult<()> {
    R::forget(connection, id)?;
    let sql = format!("DELETE FROM {} WHERE id = ?1", R::TABLE);
    connection.prepare_cached(&sql)?.execute([id])?;
    Ok(())
}
