//! JSON that a column holds as text. What cannot be decoded is an error that names the record, never an empty value.

use std::fmt::Display;

use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use serde::de::{DeserializeOwned, IgnoredAny};

/// Decodes the JSON of a column; `of` names the record in an error.
pub(crate) fn decoded<T: DeserializeOwned>(row: &Row<'_>, column: usize, of: &str) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| undecodable(column, of, error))
}

/// The error about a column that holds what it cannot hold.
pub(crate) fn undecodable(column: usize, of: &str, reason: impl Display) -> Error {
    let text = format!("the record of {of} cannot be decoded: {reason}");
    Error::FromSqlConversionFailure(column, Type::Text, text.into())
}

/// The text of a column that holds a JSON object, or nothing.
pub(crate) fn object_text(row: &Row<'_>, column: usize, of: &str) -> Result<Option<String>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(None);
    };
    let _: IgnoredAny = decoded(row, column, of)?;
    if text.starts_with('{') {
        return Ok(Some(text.to_owned()));
    }
    Err(undecodable(column, of, "it is not a JSON object"))
}
