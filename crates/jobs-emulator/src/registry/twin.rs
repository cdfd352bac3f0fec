//! Twins: merging, replacing, and the metadata the service keeps about properties.

use jobs_devices::rules::Section;
use jobs_devices::{JsonObject, Row};
use serde_json::{Map, Value, json};

use super::identity::{Twin, parse_section};
use super::repeated::repeats_a_name;
use super::rules;
use crate::clock::Time;

/// The two sides of a twin's properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Desired,
    Reported,
}

const METADATA: &str = "$metadata";
const VERSION: &str = "$version";
const LAST_UPDATED: &str = "$lastUpdated";

/// Parts of a twin to be merged in; a missing one stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct TwinParts {
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) desired: Option<Map<String, Value>>,
    pub(crate) reported: Option<Map<String, Value>>,
}

impl TwinParts {
    /// Takes `tags` and `properties` out of a twin document.
    pub(crate) fn from_document(document: &Value) -> Result<Self, String> {
        let properties = object_at(document, "properties")?;
        let side = |name: &str| match &properties {
            Some(map) => object_at(&Value::Object(map.clone()), name),
            None => Ok(None),
        };
        Ok(Self {
            tags: object_at(document, "tags")?,
            desired: side("desired")?,
            reported: side("reported")?,
        })
    }
}

fn object_at(document: &Value, name: &str) -> Result<Option<Map<String, Value>>, String> {
    match document.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map.clone())),
        Some(_) => Err(format!("'{name}' is not an object")),
    }
}

/// Checked parts of a twin that take the place of what is stored; a missing one stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct TwinTexts {
    tags: Option<String>,
    desired: Option<SideText>,
    reported: Option<SideText>,
}

/// One side as text, with the metadata that came along.
#[derive(Clone, Debug)]
struct SideText {
    properties: String,
    metadata: Option<String>,
}

impl TwinTexts {
    /// Checks the parts.
    pub(crate) fn of(parts: TwinParts) -> Result<Self, String> {
        let tags = match parts.tags {
            Some(mut tags) => {
                drop_nulls(&mut tags);
                Some(rules::checked_text(Section::Tags, &tags)?)
            }
            None => None,
        };
        let side = |side: Side, part: Option<Map<String, Value>>| {
            part.map(|part| SideText::of(side, part)).transpose()
        };
        Ok(Self {
            tags,
            desired: side(Side::Desired, parts.desired)?,
            reported: side(Side::Reported, parts.reported)?,
        })
    }

    /// Takes the twin data of a row; its text is kept, number for number.
    pub(crate) fn of_row(row: &mut Row) -> Result<Self, String> {
        let tags = match row.tags.take() {
            None => None,
            Some(tags) if needs_a_closer_look(&tags) => {
                rules::check_section(Section::Tags, &tags)?;
                let parts = TwinParts {
                    tags: Some(to_map(&tags)?),
                    ..TwinParts::default()
                };
                Self::of(parts)?.tags
            }
            Some(tags) => {
                rules::check_section(Section::Tags, &tags)?;
                Some(one_line(&tags))
            }
        };
        let properties = row.properties.take().unwrap_or_default();
        let side = |side: Side, part: Option<JsonObject>| {
            part.map(|part| SideText::of_text(side, &part)).transpose()
        };
        Ok(Self {
            tags,
            desired: side(Side::Desired, properties.desired)?,
            reported: side(Side::Reported, properties.reported)?,
        })
    }

    /// Sections that are missing become empty, but for the reported properties.
    pub(crate) fn or_empty(mut self) -> Self {
        self.tags.get_or_insert_with(|| "{}".to_owned());
        self.desired.get_or_insert_with(|| SideText {
            properties: "{}".to_owned(),
            metadata: None,
        });
        self
    }

    /// True when there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.tags.is_none() && self.desired.is_none() && self.reported.is_none()
    }
}

impl SideText {
    fn of(side: Side, mut part: Map<String, Value>) -> Result<Self, String> {
        let metadata = part
            .remove(METADATA)
            .filter(Value::is_object)
            .map(|value| value.to_string());
        part.remove(VERSION);
        drop_nulls(&mut part);
        Ok(Self {
            properties: rules::checked_text(side.section(), &part)?,
            metadata,
        })
    }

    fn of_text(side: Side, part: &JsonObject) -> Result<Self, String> {
        rules::check_section(side.section(), part)?;
        if needs_a_closer_look(part) {
            return Self::of(side, to_map(part)?);
        }
        Ok(Self {
            properties: one_line(part),
            metadata: None,
        })
    }
}

/// Nulls, metadata and repeated names; a text without these characters has neither of the first two.
fn needs_a_closer_look(part: &JsonObject) -> bool {
    let text = part.as_str();
    text.contains("null")
        || text.contains("\"$")
        || text.contains("\\u0024")
        || repeats_a_name(text)
}

/// The text without line breaks, which in checked JSON are nothing but space: some readers of an export end a line at each.
fn one_line(part: &JsonObject) -> String {
    part.as_str().replace(['\r', '\n'], " ")
}

fn to_map(part: &JsonObject) -> Result<Map<String, Value>, String> {
    part.to_map().map_err(|error| error.to_string())
}

/// Merges parts into a twin: members are set, null deletes, objects are merged.
pub(crate) fn merge(twin: &mut Twin, parts: TwinParts, now: Time) -> Result<(), String> {
    if let Some(patch) = parts.tags {
        rules::checked_text(Section::Tags, &patch)?;
        let mut tags = parse_section(&twin.tags);
        merge_maps(&mut tags, patch);
        twin.tags = rules::checked_text(Section::Tags, &tags)?;
    }
    for (side, patch) in [
        (Side::Desired, parts.desired),
        (Side::Reported, parts.reported),
    ] {
        let Some(mut patch) = patch else {
            freeze(twin, side);
            continue;
        };
        patch.remove(METADATA);
        patch.remove(VERSION);
        rules::checked_text(side.section(), &patch)?;
        let mut metadata = stored_metadata(twin, side);
        stamp(&mut metadata, &patch, now);
        let (properties, ..) = side.of(twin);
        let mut merged = parse_section(properties);
        merge_maps(&mut merged, patch);
        let text = rules::checked_text(side.section(), &merged)?;
        side.set(twin, text, Some(Value::Object(metadata).to_string()));
    }
    touch(twin, now);
    Ok(())
}

/// Replaces the given parts of a twin wholly. Metadata that stands in a part is
/// kept as the part's metadata; without it everything counts as updated now.
pub(crate) fn replace(twin: &mut Twin, texts: TwinTexts, now: Time) {
    if let Some(tags) = texts.tags {
        twin.tags = tags;
    }
    for (side, kept) in [
        (Side::Desired, texts.desired.is_none()),
        (Side::Reported, texts.reported.is_none()),
    ] {
        if kept {
            freeze(twin, side);
        }
    }
    for (side, text) in [
        (Side::Desired, texts.desired),
        (Side::Reported, texts.reported),
    ] {
        if let Some(text) = text {
            side.set(twin, text.properties, text.metadata);
        }
    }
    touch(twin, now);
}

/// The properties of one side with `$metadata` and `$version`, as the service shows them.
pub(crate) fn with_metadata(twin: &Twin, side: Side) -> Value {
    let (properties, _, version) = side.of(twin);
    let mut properties = parse_section(properties);
    let metadata = stored_metadata(twin, side);
    properties.insert(METADATA.to_owned(), Value::Object(metadata));
    properties.insert(VERSION.to_owned(), json!(version));
    Value::Object(properties)
}

impl Side {
    fn section(self) -> Section {
        match self {
            Self::Desired => Section::Desired,
            Self::Reported => Section::Reported,
        }
    }

    /// Properties, metadata and version of this side.
    fn of(self, twin: &Twin) -> (&str, Option<&str>, i64) {
        match self {
            Self::Desired => (
                &twin.desired,
                twin.desired_metadata.as_deref(),
                twin.desired_version,
            ),
            Self::Reported => (
                &twin.reported,
                twin.reported_metadata.as_deref(),
                twin.reported_version,
            ),
        }
    }

    fn set(self, twin: &mut Twin, properties: String, metadata: Option<String>) {
        match self {
            Self::Desired => {
                (twin.desired, twin.desired_metadata) = (properties, metadata);
                twin.desired_version += 1;
            }
            Self::Reported => {
                (twin.reported, twin.reported_metadata) = (properties, metadata);
                twin.reported_version += 1;
            }
        }
    }
}

/// Stored metadata, or one stamp for everything when none is stored.
fn stored_metadata(twin: &Twin, side: Side) -> Map<String, Value> {
    let (properties, metadata, _) = side.of(twin);
    match metadata {
        Some(text) => parse_section(text),
        None => uniform(
            &parse_section(properties),
            &Time::from_ticks(twin.updated).wire(),
        ),
    }
}

/// The metadata of properties for which none is stored, as JSON text.
pub(crate) fn implied_metadata(properties: &str, updated: Time) -> String {
    Value::Object(uniform(&parse_section(properties), &updated.wire())).to_string()
}

/// Writes down the implied metadata of a side that stays, before `twin.updated` moves on.
fn freeze(twin: &mut Twin, side: Side) {
    let (properties, metadata, _) = side.of(twin);
    if metadata.is_some() || properties == "{}" {
        return;
    }
    let text = Value::Object(stored_metadata(twin, side)).to_string();
    match side {
        Side::Desired => twin.desired_metadata = Some(text),
        Side::Reported => twin.reported_metadata = Some(text),
    }
}

fn uniform(properties: &Map<String, Value>, stamp: &str) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert(LAST_UPDATED.to_owned(), json!(stamp));
    for (key, value) in properties {
        let inner = value.as_object().map(|map| uniform(map, stamp));
        metadata.insert(
            key.clone(),
            inner.map_or_else(|| json!({ LAST_UPDATED: stamp }), Value::Object),
        );
    }
    metadata
}

/// Notes in the metadata what a patch touches.
fn stamp(metadata: &mut Map<String, Value>, patch: &Map<String, Value>, now: Time) {
    metadata.insert(LAST_UPDATED.to_owned(), json!(now.wire()));
    for (key, value) in patch {
        match value {
            Value::Null => {
                metadata.remove(key);
            }
            Value::Object(inner) => {
                let entry = metadata.entry(key.clone()).or_insert_with(|| json!({}));
                if let Some(entry) = entry.as_object_mut() {
                    stamp(entry, inner, now);
                }
            }
            _ => {
                metadata.insert(key.clone(), json!({ LAST_UPDATED: now.wire() }));
            }
        }
    }
}

fn merge_maps(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.remove(&key);
            }
            Value::Object(mut inner) => match into.get_mut(&key) {
                Some(Value::Object(existing)) => merge_maps(existing, inner),
                _ => {
                    drop_nulls(&mut inner);
                    into.insert(key, Value::Object(inner));
                }
            },
            value => {
                into.insert(key, value);
            }
        }
    }
}

fn drop_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| {
        if let Value::Object(inner) = value {
            drop_nulls(inner);
        }
        !value.is_null()
    });
}

/// A new etag, version and time for a twin that changed.
fn touch(twin: &mut Twin, now: Time) {
    twin.etag += 1;
    twin.version += 1;
    twin.updated = now.ticks();
}
