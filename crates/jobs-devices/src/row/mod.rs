//! One identity of a device file: a device, or a module of a device.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    field::{FromText, Misfit, Nulls, fill, from_any_text, members, string},
    json::{JsonObject, deserialize_text, serialize_text},
    members::Members,
    text::{ObjectWriter, push_string},
};

mod borrowed;
mod builder;
mod effect;
mod names;
mod parts;

use self::parts::{put, put_string};
pub use self::{
    borrowed::RowRef,
    builder::RowBuilder,
    effect::AuthenticationEffect,
    names::{AuthenticationType, ImportMode, Status, UnknownName},
    parts::{Authentication, Capabilities, Properties, SymmetricKey, X509Thumbprint},
};

/// One line of a device file: an identity with its twin.
///
/// Every optional field is `None` when the member is absent or `null`; which of the two it was is remembered, so that a row read and written again
/// says the same. Members without a field here stay in `extra`. Twin data is kept as text ([`JsonObject`]), so no number changes.
///
/// ```
/// use jobs_devices::Row;
/// let line = r#"{"id":"d1","eTag":"MQ==","status":"enabled","authentication":null,"tags":{"n":1.0},"x-new":[1]}"#;
/// let row: Row = line.parse()?;
/// assert_eq!(row.id, "d1");
/// assert_eq!(row.to_line(), line);
/// # Ok::<(), jobs_devices::Misfit>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The device's id. A module has the id of its device here.
    pub id: String,
    /// The module's id; only on rows of modules.
    pub module_id: Option<String>,
    /// The version of the identity, without quotes (`eTag` on the wire).
    pub etag: Option<String>,
    /// What an import does with the row. Absent means `createOrUpdate`; an export has none.
    pub import_mode: Option<ImportMode>,
    /// Whether it may connect. The service wants one on every imported line.
    pub status: Option<Status>,
    /// Why it has that status: at most 128 characters.
    pub status_reason: Option<String>,
    /// How it proves itself; `null` in an export without keys.
    pub authentication: Option<Authentication>,
    /// The version of the twin (`twinETag` on the wire).
    pub twin_etag: Option<String>,
    /// The twin's tags: at most 8 KB.
    pub tags: Option<JsonObject>,
    /// The twin's desired and reported properties.
    pub properties: Option<Properties>,
    /// Edge device or not.
    pub capabilities: Option<Capabilities>,
    /// The scope it belongs to: of the parent edge device, or for an edge device its own.
    pub device_scope: Option<String>,
    /// The scopes of its parents.
    pub parent_scopes: Option<Vec<String>>,
    /// Members this crate does not know, in their order.
    pub extra: Members,
    pub(crate) nulls: Nulls,
}

/// Names and places of the optional members, in the order the service writes them.
const OPTIONAL: [&str; 12] = [
    "moduleId",
    "eTag",
    "importMode",
    "status",
    "statusReason",
    "authentication",
    "twinETag",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
];

impl Row {
    /// A row with nothing but an id. [`Row::builder`] checks what it builds; this does not.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// Starts a row that is checked against the service's rules when built.
    pub fn builder(id: impl Into<String>) -> RowBuilder {
        RowBuilder::new(id)
    }

    /// The line for a device file, without its line break.
    pub fn to_line(&self) -> String {
        let mut out = Vec::with_capacity(512);
        self.write_line(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Appends the line, without a line break.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin(out);
        self.write_identity(&mut object);
        self.write_twin(&mut object);
        self.extra.write(&mut object);
        object.end();
    }

    /// The members from `id` to `authentication`, in the service's order.
    fn write_identity(&self, object: &mut ObjectWriter<'_>) {
        let nulls = self.nulls;
        push_string(object.name("id"), &self.id);
        put_string(object, "moduleId", self.module_id.as_deref(), nulls.has(0));
        put_string(object, "eTag", self.etag.as_deref(), nulls.has(1));
        put_string(
            object,
            "importMode",
            self.import_mode.as_ref().map(ImportMode::as_str),
            nulls.has(2),
        );
        put_string(
            object,
            "status",
            self.status.as_ref().map(Status::as_str),
            nulls.has(3),
        );
        put_string(
            object,
            "statusReason",
            self.status_reason.as_deref(),
            nulls.has(4),
        );
        put(
            object,
            "authentication",
            self.authentication.as_ref(),
            nulls.has(5),
            |out, part| part.write(out),
        );
    }

    /// The members from `twinETag` to `parentScopes`, in the service's order.
    fn write_twin(&self, object: &mut ObjectWriter<'_>) {
        let nulls = self.nulls;
        put_string(object, "twinETag", self.twin_etag.as_deref(), nulls.has(6));
        put(
            object,
            "tags",
            self.tags.as_ref(),
            nulls.has(7),
            |out, tags| out.extend_from_slice(tags.as_str().as_bytes()),
        );
        put(
            object,
            "properties",
            self.properties.as_ref(),
            nulls.has(8),
            |out, part| part.write(out),
        );
        put(
            object,
            "capabilities",
            self.capabilities.as_ref(),
            nulls.has(9),
            |out, part| part.write(out),
        );
        put_string(
            object,
            "deviceScope",
            self.device_scope.as_deref(),
            nulls.has(10),
        );
        put(
            object,
            "parentScopes",
            self.parent_scopes.as_ref(),
            nulls.has(11),
            |out, scopes| push_strings(out, scopes),
        );
    }

    /// Whether the member `name`, as it is called on the wire, is written as `null` while its field is `None`.
    pub fn is_null(&self, name: &str) -> bool {
        null_bit(name).is_some_and(|bit| self.nulls.has(bit) && self.is_none(bit))
    }

    /// Empties the field of the member `name`, as it is called on the wire, and writes it as `null`. An unknown name changes nothing.
    ///
    /// An export without keys, for one, has `"authentication":null`.
    pub fn set_null(&mut self, name: &str) {
        let Some(bit) = null_bit(name) else { return };
        self.nulls.set(bit, true);
        match bit {
            0 => self.module_id = None,
            1 => self.etag = None,
            2 => self.import_mode = None,
            3 => self.status = None,
            4 => self.status_reason = None,
            5 => self.authentication = None,
            6 => self.twin_etag = None,
            7 => self.tags = None,
            8 => self.properties = None,
            9 => self.capabilities = None,
            10 => self.device_scope = None,
            _ => self.parent_scopes = None,
        }
    }

    fn is_none(&self, bit: u8) -> bool {
        match bit {
            0 => self.module_id.is_none(),
            1 => self.etag.is_none(),
            2 => self.import_mode.is_none(),
            3 => self.status.is_none(),
            4 => self.status_reason.is_none(),
            5 => self.authentication.is_none(),
            6 => self.twin_etag.is_none(),
            7 => self.tags.is_none(),
            8 => self.properties.is_none(),
            9 => self.capabilities.is_none(),
            10 => self.device_scope.is_none(),
            _ => self.parent_scopes.is_none(),
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
            .and_then(|part| part.iot_edge)
            .unwrap_or(false)
    }

    /// What the service would refuse in this row on import, all of it.
    ///
    /// # Errors
    /// When any rule is broken; warnings alone are no error.
    pub fn validate(&self) -> Result<(), crate::rules::Violations> {
        crate::rules::Violations::from_errors(crate::rules::row(self))
    }
}

fn null_bit(name: &str) -> Option<u8> {
    OPTIONAL
        .iter()
        .position(|known| *known == name)
        .and_then(|at| u8::try_from(at).ok())
}

fn push_strings(out: &mut Vec<u8>, texts: &[String]) {
    out.push(b'[');
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_string(out, text);
    }
    out.push(b']');
}

impl FromText for Row {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        let (mut row, mut seen_id, mut hint) = (Self::default(), false, None);
        members(raw, |name, value| {
            let nulls = &mut row.nulls;
            match &*name {
                "id" => {
                    row.id = string(value)
                        .map_err(|misfit| misfit.within("id"))?
                        .into_owned();
                    seen_id = true;
                }
                "moduleId" => fill(&mut row.module_id, nulls, 0, "moduleId", value)?,
                "eTag" => fill(&mut row.etag, nulls, 1, "eTag", value)?,
                "importMode" => fill(&mut row.import_mode, nulls, 2, "importMode", value)?,
                "status" => fill(&mut row.status, nulls, 3, "status", value)?,
                "statusReason" => fill(&mut row.status_reason, nulls, 4, "statusReason", value)?,
                "authentication" => {
                    fill(&mut row.authentication, nulls, 5, "authentication", value)?
                }
                "twinETag" => fill(&mut row.twin_etag, nulls, 6, "twinETag", value)?,
                "tags" => fill(&mut row.tags, nulls, 7, "tags", value)?,
                "properties" => fill(&mut row.properties, nulls, 8, "properties", value)?,
                "capabilities" => fill(&mut row.capabilities, nulls, 9, "capabilities", value)?,
                "deviceScope" => fill(&mut row.device_scope, nulls, 10, "deviceScope", value)?,
                "parentScopes" => fill(&mut row.parent_scopes, nulls, 11, "parentScopes", value)?,
                other => {
                    if ["deviceId", "id"]
                        .iter()
                        .any(|near| other.eq_ignore_ascii_case(near))
                    {
                        hint = Some(other.to_owned());
                    }
                    row.extra.push(other, value)?;
                }
            }
            Ok(())
        })?;
        if seen_id {
            Ok(row)
        } else {
            Err(missing_id(hint.as_deref()))
        }
    }
}

/// What to say of a row without an id: users often write the registry's `deviceId`, or another case.
pub(crate) fn missing_id(near: Option<&str>) -> Misfit {
    let message = match near {
        Some(near) => format!("missing; the row has `{near}`, which a device file calls `id`"),
        None => "missing; every row needs the device's id".to_owned(),
    };
    Misfit {
        path: "id".to_owned(),
        message,
    }
}

impl std::str::FromStr for Row {
    type Err = Misfit;

    /// Reads one line, or any JSON text of one row.
    fn from_str(text: &str) -> Result<Self, Misfit> {
        from_any_text(text)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_text(self.to_line(), serializer)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any_text(deserialize_text(deserializer)?.get()).map_err(de::Error::custom)
    }
}
