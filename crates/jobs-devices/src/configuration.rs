//! The lines of `configurations.txt`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    field::{FromText, Misfit, Nulls, fill, from_any_text, members, string},
    json::{JsonObject, deserialize_text, kind_of, serialize_text},
    members::Members,
    row::ImportMode,
    text::{ObjectWriter, push_string},
};

/// How the names of members are spelt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameCase {
    /// `targetCondition`, as the official .NET client writes for an import.
    #[default]
    Camel,
    /// `TargetCondition`, as the service exports.
    Pascal,
}

/// An automatic device or module configuration. Names are read in any case and written in the case they were read in.
///
/// ```
/// use jobs_devices::Configuration;
/// let line = r#"{"Id":"winter","TargetCondition":"tags.site='a'","Priority":10}"#;
/// let configuration: Configuration = line.parse()?;
/// assert_eq!(configuration.target_condition.as_deref(), Some("tags.site='a'"));
/// assert_eq!(configuration.to_line(), line);
/// # Ok::<(), jobs_devices::Misfit>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Configuration {
    /// The configuration's id: lower case.
    pub id: String,
    /// The version of the schema, such as `1.0`.
    pub schema_version: Option<String>,
    /// Labels, for people.
    pub labels: Option<JsonObject>,
    /// `deviceContent`, `moduleContent` and `modulesContent`, as they stand.
    pub content: Option<JsonObject>,
    /// The kind of content.
    pub content_type: Option<String>,
    /// Which devices it is for: a condition over their twins, or `*`.
    pub target_condition: Option<String>,
    /// When it was made, as the service wrote it.
    pub created_time_utc: Option<String>,
    /// When it was changed last, as the service wrote it.
    pub last_updated_time_utc: Option<String>,
    /// The one with the higher priority wins where two apply.
    pub priority: Option<i64>,
    /// Results and queries of the service's own metrics.
    pub system_metrics: Option<JsonObject>,
    /// Results and queries of custom metrics.
    pub metrics: Option<JsonObject>,
    /// The version.
    pub etag: Option<String>,
    /// What an import does with it; the official client offers `createOrUpdateIfMatchETag` alone.
    pub import_mode: Option<ImportMode>,
    /// Members this crate does not know, in their order.
    pub extra: Members,
    /// How names are written.
    pub name_case: NameCase,
    pub(crate) nulls: Nulls,
}

impl Configuration {
    /// A configuration with nothing but an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// The line for a configurations file, without its line break.
    pub fn to_line(&self) -> String {
        let mut out = Vec::with_capacity(512);
        self.write_line(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Appends the line, without a line break.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let names = match self.name_case {
            NameCase::Camel => &CAMEL,
            NameCase::Pascal => &PASCAL,
        };
        let texts = [
            (0, self.schema_version.as_deref().map(quoted)),
            (1, self.labels.as_ref().map(verbatim)),
            (2, self.content.as_ref().map(verbatim)),
            (3, self.content_type.as_deref().map(quoted)),
            (4, self.target_condition.as_deref().map(quoted)),
            (5, self.created_time_utc.as_deref().map(quoted)),
            (6, self.last_updated_time_utc.as_deref().map(quoted)),
            (
                7,
                self.priority
                    .map(|priority| priority.to_string().into_bytes()),
            ),
            (8, self.system_metrics.as_ref().map(verbatim)),
            (9, self.metrics.as_ref().map(verbatim)),
            (10, self.etag.as_deref().map(quoted)),
            (
                11,
                self.import_mode.as_ref().map(|mode| quoted(mode.as_str())),
            ),
        ];
        let mut object = ObjectWriter::begin(out);
        push_string(object.name(names[12]), &self.id);
        for (bit, text) in texts {
            match text {
                Some(text) => object
                    .name(names[usize::from(bit)])
                    .extend_from_slice(&text),
                None if self.nulls.has(bit) => object
                    .name(names[usize::from(bit)])
                    .extend_from_slice(b"null"),
                None => {}
            }
        }
        self.extra.write(&mut object);
        object.end();
    }
}

/// Names in the order of the null bits; the id, which is never null, stands last.
const CAMEL: [&str; 13] = [
    "schemaVersion",
    "labels",
    "content",
    "contentType",
    "targetCondition",
    "createdTimeUtc",
    "lastUpdatedTimeUtc",
    "priority",
    "systemMetrics",
    "metrics",
    "etag",
    "importMode",
    "id",
];
const PASCAL: [&str; 13] = [
    "SchemaVersion",
    "Labels",
    "Content",
    "ContentType",
    "TargetCondition",
    "CreatedTimeUtc",
    "LastUpdatedTimeUtc",
    "Priority",
    "SystemMetrics",
    "Metrics",
    "ETag",
    "ImportMode",
    "Id",
];

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

fn verbatim(object: &JsonObject) -> Vec<u8> {
    object.as_str().as_bytes().to_vec()
}

impl FromText for i64 {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        raw.parse()
            .map_err(|_| Misfit::expected("a whole number", kind_of(raw)))
    }
}

impl FromText for Configuration {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        let (mut row, mut seen_id) = (Self::default(), false);
        members(raw, |name, value| {
            let Some(at) = CAMEL
                .iter()
                .position(|known| known.eq_ignore_ascii_case(&name))
            else {
                row.extra.push(&name, value)?;
                return Ok(());
            };
            let (wire, nulls) = (CAMEL[at], &mut row.nulls);
            match at {
                0 => fill(&mut row.schema_version, nulls, 0, wire, value),
                1 => fill(&mut row.labels, nulls, 1, wire, value),
                2 => fill(&mut row.content, nulls, 2, wire, value),
                3 => fill(&mut row.content_type, nulls, 3, wire, value),
                4 => fill(&mut row.target_condition, nulls, 4, wire, value),
                5 => fill(&mut row.created_time_utc, nulls, 5, wire, value),
                6 => fill(&mut row.last_updated_time_utc, nulls, 6, wire, value),
                7 => fill(&mut row.priority, nulls, 7, wire, value),
                8 => fill(&mut row.system_metrics, nulls, 8, wire, value),
                9 => fill(&mut row.metrics, nulls, 9, wire, value),
                10 => fill(&mut row.etag, nulls, 10, wire, value),
                11 => fill(&mut row.import_mode, nulls, 11, wire, value),
                _ => {
                    row.id = string(value)
                        .map_err(|misfit| misfit.within("id"))?
                        .into_owned();
                    row.name_case = if name.starts_with('I') {
                        NameCase::Pascal
                    } else {
                        NameCase::Camel
                    };
                    seen_id = true;
                    Ok(())
                }
            }
        })?;
        if seen_id {
            Ok(row)
        } else {
            Err(Misfit {
                path: "id".to_owned(),
                message: "missing; every configuration needs one".to_owned(),
            })
        }
    }
}

impl std::str::FromStr for Configuration {
    type Err = Misfit;

    fn from_str(text: &str) -> Result<Self, Misfit> {
        from_any_text(text)
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_text(self.to_line(), serializer)
    }
}

impl<'de> Deserialize<'de> for Configuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_any_text(deserialize_text(deserializer)?.get()).map_err(de::Error::custom)
    }
}
