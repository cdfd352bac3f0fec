//! One row of `identities` and the JSON documents made of it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row, params};
use serde_json::{Value, json};

use super::authentication::Authentication;
use super::column;
use super::store::Writing;
use super::twin::{self, Twin, parse_section};
use super::twin_parts::Side;
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};

/// The time stamp of what has never happened.
pub(crate) const NEVER: &str = "0001-01-01T00:00:00Z";

/// The columns that [`Identity::from_row`] reads, in its order.
pub(crate) const COLUMNS: &str = "seq, device_id, module_id, generation_id, etag, status, status_reason, status_updated, \
    auth_type, primary_key, secondary_key, primary_thumbprint, secondary_thumbprint, iot_edge, device_scope, parent_scopes, \
    managed_by, twin_etag, twin_version, twin_updated, desired_version, reported_version, desired_metadata, reported_metadata, \
    tags, desired, reported";

/// A placeholder for each of the [`COLUMNS`].
const VALUES: &str = "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?";

/// A device, or a module when `module_id` is not empty. Holds keys, hence no `Debug`.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) seq: i64,
    pub(crate) device_id: String,
    pub(crate) module_id: String,
    pub(crate) generation_id: i64,
    /// Number behind the identity's etag.
    pub(crate) etag: i64,
    pub(crate) enabled: bool,
    pub(crate) status_reason: Option<String>,
    pub(crate) status_updated: i64,
    pub(crate) authentication: Authentication,
    pub(crate) iot_edge: bool,
    pub(crate) device_scope: Option<String>,
    pub(crate) parent_scopes: Vec<String>,
    pub(crate) managed_by: Option<String>,
    pub(crate) twin: Twin,
}

/// Wire form of an identity's etag: base64 of a decimal number, e.g. `ODcwMDE5Njk1`.
pub(crate) fn identity_etag(number: i64) -> String {
    STANDARD.encode(number.to_string())
}

/// `enabled` or `disabled`.
pub(crate) fn status_name(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

impl Identity {
    /// A new identity: enabled, with an empty twin, and without credentials.
    pub(crate) fn new(device_id: &str, module_id: &str, now: Time) -> Self {
        Self {
            seq: 0,
            device_id: device_id.to_owned(),
            module_id: module_id.to_owned(),
            generation_id: generation(now),
            etag: new_etag(),
            enabled: true,
            status_reason: None,
            status_updated: 0,
            authentication: Authentication::none(),
            iot_edge: false,
            device_scope: None,
            parent_scopes: Vec::new(),
            managed_by: None,
            twin: Twin::new(now),
        }
    }

    /// Reads the [`COLUMNS`].
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get(8)?;
        let device_id: String = row.get(1)?;
        let has_parents = row.get_ref(15)? != ValueRef::Null;
        let parents = has_parents.then(|| column::decoded(row, 15, &device_id));
        let section =
            |at| column::object_text(row, at, &device_id).map(|text| text.unwrap_or_default());
        Ok(Self {
            seq: row.get(0)?,
            module_id: row.get(2)?,
            generation_id: row.get(3)?,
            etag: row.get(4)?,
            enabled: row.get_ref(5)?.as_str()? == "enabled",
            status_reason: row.get(6)?,
            status_updated: row.get(7)?,
            authentication: Authentication {
                kind: kind.parse().map_err(|_| {
                    let reason = format!("'{kind}' is not a type of authentication");
                    column::undecodable(8, &device_id, reason)
                })?,
                primary_key: row.get(9)?,
                secondary_key: row.get(10)?,
                primary_thumbprint: row.get(11)?,
                secondary_thumbprint: row.get(12)?,
            },
            iot_edge: row.get(13)?,
            device_scope: row.get(14)?,
            parent_scopes: parents.transpose()?.unwrap_or_default(),
            managed_by: row.get(16)?,
            twin: Twin {
                etag: row.get(17)?,
                version: row.get(18)?,
                updated: row.get(19)?,
                desired_version: row.get(20)?,
                reported_version: row.get(21)?,
                desired_metadata: column::object_text(row, 22, &device_id)?,
                reported_metadata: column::object_text(row, 23, &device_id)?,
                tags: section(24)?,
                desired: section(25)?,
                reported: section(26)?,
            },
            device_id,
        })
    }

    /// The device (`module_id` empty) or module of this name.
    pub(crate) fn find(
        connection: &Connection,
        device_id: &str,
        module_id: &str,
    ) -> HubResult<Option<Self>> {
        let condition = "device_id = ?1 AND module_id = ?2";
        Ok(Self::select(connection, condition, [device_id, module_id])?.pop())
    }

    /// The identities that a condition selects; it may go on with an order and a limit.
    pub(crate) fn select(
        connection: &Connection,
        condition: &str,
        parameters: impl Params,
    ) -> HubResult<Vec<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM identities WHERE {condition}");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(parameters, Self::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// As [`Identity::find`]; a missing one is the service's 404.
    pub(crate) fn require(
        connection: &Connection,
        device_id: &str,
        module_id: &str,
    ) -> HubResult<Self> {
        match Self::find(connection, device_id, module_id)? {
            Some(found) => Ok(found),
            None if module_id.is_empty() || !Self::exists(connection, device_id, "")? => {
                Err(ServiceError::device_not_found(device_id))
            }
            None => Err(ServiceError::module_not_found(format!(
                "{module_id} on {device_id}"
            ))),
        }
    }

    /// True when there is such a device or module.
    pub(crate) fn exists(
        connection: &Connection,
        device_id: &str,
        module_id: &str,
    ) -> HubResult<bool> {
        let mut statement = connection
            .prepare_cached("SELECT 1 FROM identities WHERE device_id = ?1 AND module_id = ?2")?;
        Ok(statement.exists([device_id, module_id])?)
    }

    /// Writes a new row, behind all others.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.write(connection, "INSERT", None)
    }

    /// Writes every column of an existing row.
    pub(crate) fn update(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.write(connection, "REPLACE", Some(self.seq))
    }

    fn write(&self, connection: &Connection, verb: &str, seq: Option<i64>) -> rusqlite::Result<()> {
        let sql = format!("{verb} INTO identities ({COLUMNS}) VALUES ({VALUES})");
        let parents =
            (!self.parent_scopes.is_empty()).then(|| json!(self.parent_scopes).to_string());
        let (authentication, twin) = (&self.authentication, &self.twin);
        connection.prepare_cached(&sql)?.execute(params![
            seq,
            self.device_id,
            self.module_id,
            self.generation_id,
            self.etag,
            status_name(self.enabled),
            self.status_reason,
            self.status_updated,
            authentication.kind.as_str(),
            authentication.primary_key,
            authentication.secondary_key,
            authentication.primary_thumbprint,
            authentication.secondary_thumbprint,
            self.iot_edge,
            self.device_scope,
            parents,
            self.managed_by,
            twin.etag,
            twin.version,
            twin.updated,
            twin.desired_version,
            twin.reported_version,
            twin.desired_metadata,
            twin.reported_metadata,
            twin.tags,
            twin.desired,
            twin.reported,
        ])?;
        Ok(())
    }

    /// The etag as it stands on the wire.
    pub(crate) fn wire_etag(&self) -> String {
        identity_etag(self.etag)
    }

    /// When the status last changed, or the year-1 stamp.
    fn status_updated_wire(&self) -> String {
        if self.status_updated == 0 {
            NEVER.to_owned()
        } else {
            Time::from_ticks(self.status_updated).trimmed()
        }
    }

    /// The identity as `/devices/{id}` shows it.
    pub(crate) fn device_json(&self) -> Value {
        let mut document = self.identity_json();
        document["status"] = json!(status_name(self.enabled));
        document["statusReason"] = json!(self.status_reason);
        document["statusUpdatedTime"] = json!(self.status_updated_wire());
        document["capabilities"] = json!({ "iotEdge": self.iot_edge });
        self.add_scopes(&mut document);
        document
    }

    /// The identity as `/devices/{id}/modules/{mid}` shows it.
    pub(crate) fn module_json(&self) -> Value {
        let mut document = self.identity_json();
        document["moduleId"] = json!(self.module_id);
        document["managedBy"] = json!(self.managed_by);
        document
    }

    /// What the identities of devices and modules have in common.
    fn identity_json(&self) -> Value {
        json!({
            "deviceId": self.device_id,
            "generationId": self.generation_id.to_string(),
            "etag": self.wire_etag(),
            "connectionState": "Disconnected",
            "connectionStateUpdatedTime": NEVER,
            "lastActivityTime": NEVER,
            "cloudToDeviceMessageCount": 0,
            "authentication": self.authentication.to_json(),
        })
    }

    /// The twin as `/twins/{id}` and queries show it.
    pub(crate) fn twin_json(&self) -> Value {
        let created = created(self.generation_id);
        let mut document = json!({
            "deviceId": self.device_id,
            "etag": self.twin.wire_etag(),
            "deviceEtag": self.wire_etag(),
            "status": status_name(self.enabled),
            "statusReason": self.status_reason,
            "statusUpdateTime": self.status_updated_wire(),
            "connectionState": "Disconnected",
            "lastActivityTime": NEVER,
            "cloudToDeviceMessageCount": 0,
            "authenticationType": self.authentication.kind.as_str(),
            "x509Thumbprint": {
                "primaryThumbprint": self.authentication.primary_thumbprint,
                "secondaryThumbprint": self.authentication.secondary_thumbprint,
            },
            "modelId": "",
            "version": self.twin.version,
            "tags": parse_section(&self.twin.tags),
            "properties": {
                "desired": twin::with_metadata(&self.twin, Side::Desired, created),
                "reported": twin::with_metadata(&self.twin, Side::Reported, created),
            },
            "capabilities": { "iotEdge": self.iot_edge },
        });
        if !self.module_id.is_empty() {
            document["moduleId"] = json!(self.module_id);
        }
        self.add_scopes(&mut document);
        document
    }

    fn add_scopes(&self, document: &mut Value) {
        if let Some(scope) = &self.device_scope {
            document["deviceScope"] = json!(scope);
        }
        if !self.parent_scopes.is_empty() {
            document["parentScopes"] = json!(self.parent_scopes);
        }
    }
}

/// A new number for an identity's etag: it differs from every other one of this
/// process, and starts elsewhere in the next.
pub(crate) fn new_etag() -> i64 {
    static NEXT: LazyLock<AtomicI64> = LazyLock::new(|| {
        let bytes = uuid::Uuid::new_v4().into_bytes();
        let start = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        AtomicI64::new(i64::from(start >> 2) + 100_000_000)
    });
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A generation id in the service's form: .NET ticks of the moment of creation.
fn generation(now: Time) -> i64 {
    now.ticks() + UNIX_EPOCH
}

/// The moment of creation that a generation id stands for.
pub(crate) fn created(generation: i64) -> Time {
    Time::from_ticks(generation.saturating_sub(UNIX_EPOCH))
}

/// 1970 in .NET ticks.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

/// Given etags, quoted or not, or the star. No etag of this hub has a comma in it.
pub(crate) fn matches(given: Option<&str>, actual: &str) -> bool {
    given.is_some_and(|given| {
        given.split(',').any(|one| {
            let bare = one.trim().strip_prefix("W/").unwrap_or(one.trim());
            let bare = bare
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(bare);
            bare == "*" || bare == actual
        })
    })
}

/// Removes one module, if it is there.
pub(super) fn delete_module(
    writing: &mut Writing<'_>,
    device_id: &str,
    module_id: &str,
) -> HubResult<()> {
    let removed = writing
        .connection()
        .prepare_cached("DELETE FROM identities WHERE device_id = ?1 AND module_id = ?2")?
        .execute([device_id, module_id])?;
    writing.populate(-i64::try_from(removed).unwrap_or_default());
    Ok(())
}

/// The number of devices, and how many of them are disabled. Both counts run over an index alone.
pub(crate) fn device_counts(connection: &Connection) -> HubResult<(i64, i64)> {
    let count = |condition: &str| {
        let sql = format!("SELECT count(*) FROM identities WHERE {condition}");
        connection
            .prepare_cached(&sql)?
            .query_row([], |row| row.get(0))
    };
    Ok((
        count("module_id = ''")?,
        count("status = 'disabled' AND module_id = ''")?,
    ))
}
