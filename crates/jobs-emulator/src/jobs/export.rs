//! The work of an export: rows in the order of creation, written while they are read.

use std::io::Write as _;

use rusqlite::Row;
use serde_json::json;

use super::containers::Containers;
use super::record::JobRecord;
use super::request::{CONFIGURATIONS_BLOB, DEVICES_BLOB};
use crate::engine::{Ending, Work};
use crate::registry::configuration;
use crate::registry::identity::identity_etag;
use crate::registry::twin::twin_etag;

/// Rows read in one go; the database is free for others in between.
const PAGE: i64 = 1000;

/// First line of an export without keys. (That there is one is recorded; its words are ours.)
const WARNING: &str = "Warning: the keys of the devices were left out of this export, because excludeKeysInExport was set.";

pub(super) fn run(work: &Work<JobRecord>, containers: &Containers) -> Result<(), Ending> {
    let record = &work.record;
    let mut blob = containers
        .output
        .write(record.output_blob.as_deref().unwrap_or(DEVICES_BLOB))?;
    if record.exclude_keys {
        blob.write_all(format!("{WARNING}\n").as_bytes())?;
    }
    let mut last = 0;
    let mut text = Vec::new();
    loop {
        work.check()?;
        text.clear();
        let rows = work.store().read(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let mut found = statement.query([last, PAGE])?;
            let mut rows = 0;
            while let Some(row) = found.next()? {
                last = row.get(0)?;
                write_row(&mut text, row, record.exclude_keys)?;
                rows += 1;
            }
            work.note(|record| record.rows += rows);
            Ok(rows)
        })?;
        if rows == 0 {
            break;
        }
        blob.write_all(&text)?;
    }
    blob.finish()?;
    if record.include_configurations == Some(true) {
        let mut blob = containers.output.write(
            record
                .configurations_blob
                .as_deref()
                .unwrap_or(CONFIGURATIONS_BLOB),
        )?;
        blob.write_all(&configuration::export(work.store())?)?;
        blob.finish()?;
    }
    work.check()
}

const SQL: &str = "SELECT seq, device_id, module_id, etag, status, status_reason, auth_type, primary_key, secondary_key, \
    primary_thumbprint, secondary_thumbprint, twin_etag, tags, desired, reported, iot_edge, device_scope, parent_scopes \
    FROM identities WHERE seq > ?1 ORDER BY seq LIMIT ?2";

/// Appends one row in the service's order of members.
fn write_row(out: &mut Vec<u8>, row: &Row<'_>, exclude_keys: bool) -> rusqlite::Result<()> {
    let optional =
        |at: usize| -> rusqlite::Result<Option<&str>> { Ok(row.get_ref(at)?.as_str_or_null()?) };
    let required = |at: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
    out.extend_from_slice(b"{\"id\":");
    string(out, required(1)?);
    let module_id = required(2)?;
    if !module_id.is_empty() {
        out.extend_from_slice(b",\"moduleId\":");
        string(out, module_id);
    }
    member(out, "eTag", Some(&identity_etag(row.get(3)?)));
    member(out, "status", Some(required(4)?));
    member(out, "statusReason", optional(5)?);
    out.extend_from_slice(b",\"authentication\":");
    if exclude_keys {
        out.extend_from_slice(b"null");
    } else {
        write_authentication(out, row)?;
    }
    member(out, "twinETag", Some(&twin_etag(row.get(11)?)));
    for (name, at) in [
        (&b",\"tags\":"[..], 12),
        (b",\"properties\":{\"desired\":", 13),
        (b",\"reported\":", 14),
    ] {
        out.extend_from_slice(name);
        out.extend_from_slice(required(at)?.as_bytes());
    }
    let edge: bool = row.get(15)?;
    out.extend_from_slice(if edge {
        b"},\"capabilities\":{\"iotEdge\":true}"
    } else {
        b"},\"capabilities\":{\"iotEdge\":false}"
    });
    member(out, "deviceScope", optional(16)?);
    if let (true, Some(parents)) = (edge, optional(17)?) {
        out.extend_from_slice(b",\"parentScopes\":");
        out.extend_from_slice(parents.as_bytes());
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// Only what belongs to the kind of authentication.
fn write_authentication(out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    let kind = row.get_ref(6)?.as_str()?;
    let pair = match kind {
        "sas" => Some(("symmetricKey", "primaryKey", "secondaryKey", 7)),
        "selfSigned" => Some((
            "x509Thumbprint",
            "primaryThumbprint",
            "secondaryThumbprint",
            9,
        )),
        _ => None,
    };
    out.push(b'{');
    if let Some((name, first, second, at)) = pair {
        out.extend_from_slice(format!("\"{name}\":{{\"{first}\":").as_bytes());
        string_or_null(out, row.get_ref(at)?.as_str_or_null()?);
        out.extend_from_slice(format!(",\"{second}\":").as_bytes());
        string_or_null(out, row.get_ref(at + 1)?.as_str_or_null()?);
        out.extend_from_slice(b"},");
    }
    out.extend_from_slice(format!("\"type\":\"{kind}\"}}").as_bytes());
    Ok(())
}

fn member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        string(out, value);
    }
}

fn string_or_null(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => string(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// A JSON string. Most hold nothing to be escaped.
fn string(out: &mut Vec<u8>, value: &str) {
    if value
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
    {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(json!(value).to_string().as_bytes());
    }
}
