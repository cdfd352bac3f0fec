//! One identity of a device file: a device, or a module of a device.

use crate::{
    field::{FromText, Misfit, members},
    json::JsonObject,
    object::{Field, Object, object},
};

mod borrowed;
mod effect;
mod names;
mod parts;

pub use self::{
    borrowed::RowRef,
    effect::AuthenticationEffect,
    names::{AuthenticationType, ImportMode, Status, UnknownName},
    parts::{Authentication, Capabilities, Properties, SymmetricKey, X509Thumbprint},
};

object! {
    /// One line of a device file: an identity with its twin.
    ///
    /// An optional [`Field`] tells an absent member from `null`, so that a row read and written again says the same. Members without a field here
    /// stay in `extra`. Twin data is kept as text ([`JsonObject`]), so no number changes.
    ///
    /// ```
    /// use jobs_devices::Row;
    /// let line = r#"{"id":"d1","eTag":"MQ==","status":"enabled","authentication":null,"tags":{"n":1.0},"x-new":[1]}"#;
    /// let row: Row = line.parse()?;
    /// assert_eq!(row.id, "d1");
    /// assert_eq!(row.to_line(), line);
    /// # Ok::<(), jobs_devices::Misfit>(())
    /// ```
    Row at RowPlaces {
        /// The device's id. A module has the id of its device here.
        id: String = "id",
        /// The module's id; only on rows of modules.
        module_id: Field<String> = "moduleId",
        /// The version of the identity, without quotes (`eTag` on the wire).
        etag: Field<String> = "eTag",
        /// What an import does with the row. Absent means `createOrUpdate`; an export has none.
        import_mode: Field<ImportMode> = "importMode",
        /// Whether it may connect. The service wants one on every imported line.
        status: Field<Status> = "status",
        /// Why it has that status: at most 128 characters.
        status_reason: Field<String> = "statusReason",
        /// How it proves itself; `null` in an export without keys.
        authentication: Field<Authentication> = "authentication",
        /// The version of the twin (`twinETag` on the wire).
        twin_etag: Field<String> = "twinETag",
        /// The twin's tags: at most 8 KB.
        tags: Field<JsonObject> = "tags",
        /// The twin's desired and reported properties.
        properties: Field<Properties> = "properties",
        /// Edge device or not.
        capabilities: Field<Capabilities> = "capabilities",
        /// The scope it belongs to: of the parent edge device, or for an edge device its own.
        device_scope: Field<String> = "deviceScope",
        /// The scopes of its parents.
        parent_scopes: Field<Vec<String>> = "parentScopes",
    }
}

impl Row {
    /// A row with nothing but an id. [`Row::builder`] checks what it builds; this does not.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// Whether it is a module that the edge runtime makes itself (`$edgeAgent`, `$edgeHub`). An import refuses these.
    pub fn is_system_module(&self) -> bool {
        self.module_id
            .as_deref()
            .is_some_and(|id| id.starts_with('$'))
    }

    /// Whether it is an edge device.
    pub fn is_edge(&self) -> bool {
        self.capabilities
            .as_ref()
            .is_some_and(|part| part.iot_edge == Some(true))
    }

    /// What to say of a row without an id: users often write the registry's `deviceId`, or another case.
    fn missing_id(&self) -> Misfit {
        let is_near = |name: &&str| {
            ["deviceId", "id"]
                .iter()
                .any(|id| name.eq_ignore_ascii_case(id))
        };
        let near = self
            .extra
            .iter()
            .map(|(name, _)| name)
            .filter(is_near)
            .last();
        Misfit {
            path: "id".to_owned(),
            message: match near {
                Some(near) => {
                    format!("missing; the row has `{near}`, which a device file calls `id`")
                }
                None => "missing; every row needs the device's id".to_owned(),
            },
        }
    }
}

impl FromText for Row {
    fn from_text(json: &str) -> Result<Self, Misfit> {
        let (mut row, mut has_id) = (Self::default(), false);
        members(json, |name, json| {
            has_id |= name == "id";
            row.set_any(&name, json)
        })?;
        if has_id {
            Ok(row)
        } else {
            Err(row.missing_id())
        }
    }
}
