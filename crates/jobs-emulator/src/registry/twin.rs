//! Twins: merging, replacing, and the metadata the service keeps about properties.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::rules;
use super::twin_parts::{METADATA, Side, TwinParts, TwinTexts, VERSION, drop_nulls};
use crate::clock::Time;
use jobs_devices::rules::Section;

/// The twin part of an identity; sections are JSON objects as text.
#[derive(Clone)]
pub(crate) struct Twin {
    /// Number behind the twin's etag.
    pub(crate) etag: i64,
    pub(crate) version: i64,
    pub(crate) updated: i64,
    pub(crate) desired_version: i64,
    pub(crate) reported_version: i64,
    pub(crate) desired_metadata: Option<String>,
    pub(crate) reported_metadata: Option<String>,
    pub(crate) tags: String,
    pub(crate) desired: String,
    pub(crate) reported: String,
}

impl Twin {
    /// The empty twin of a new identity.
    pub(crate) fn new(now: Time) -> Self {
        Self {
            etag: 1,
            version: 2,
            updated: now.ticks(),
            desired_version: 1,
            reported_version: 1,
            desired_metadata: None,
            reported_metadata: None,
            tags: "{}".to_owned(),
            desired: "{}".to_owned(),
            reported: "{}".to_owned(),
        }
    }

    /// The etag as it stands on the wire: base64 of eight bytes.
    pub(crate) fn wire_etag(&self) -> String {
        twin_etag(self.etag)
    }
}

/// Wire form of a twin's etag, e.g. `AAAAAAAAAAE=`.
pub(crate) fn twin_etag(number: i64) -> String {
    STANDARD.encode(number.to_be_bytes())
}

/// A section without properties. Without metadata it was never written, and has the time of the identity's creation (recorded).
const EMPTY: &str = "{}";
const LAST_UPDATED: &str = "$lastUpdated";
const LAST_UPDATED_VERSION: &str = "$lastUpdatedVersion";

/// When a property was written: the time, and for desired properties the version that it made.
#[derive(Clone, Copy)]
struct Stamp {
    time: Time,
    version: Option<i64>,
}

impl Stamp {
    fn put(self, metadata: &mut Map<String, Value>) {
        metadata.insert(LAST_UPDATED.to_owned(), json!(self.time.trimmed()));
        if let Some(version) = self.version {
            metadata.insert(LAST_UPDATED_VERSION.to_owned(), json!(version));
        }
    }

    fn alone(self) -> Map<String, Value> {
        let mut metadata = Map::new();
        self.put(&mut metadata);
        metadata
    }
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
        let patch = patch.map(|mut patch| {
            patch.remove(METADATA);
            patch.remove(VERSION);
            patch
        });
        // The Java client sends a section that it does not change as an empty object.
        let Some(patch) = patch.filter(|patch| !patch.is_empty()) else {
            freeze(twin, side);
            continue;
        };
        rules::checked_text(side.section(), &patch)?;
        let mut metadata = stored_metadata(twin, side);
        let (properties, _, version) = side.of(twin);
        stamp(&mut metadata, &patch, side.stamp(now, version + 1));
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

/// Gives a new identity the twin that its row or request brings: the first version of everything.
pub(crate) fn create(twin: &mut Twin, texts: TwinTexts) {
    if let Some(tags) = texts.tags {
        twin.tags = tags;
    }
    if let Some(desired) = texts.desired {
        (twin.desired, twin.desired_metadata) = (desired.properties, desired.metadata);
    }
    if let Some(reported) = texts.reported {
        (twin.reported, twin.reported_metadata) = (reported.properties, reported.metadata);
    }
}

/// The properties of one side with `$metadata` and `$version`, as the service shows them.
pub(crate) fn with_metadata(twin: &Twin, side: Side, created: Time) -> Value {
    let (properties, metadata, version) = side.of(twin);
    let metadata = match metadata {
        None if properties == EMPTY => side.stamp(created, version).alone(),
        _ => stored_metadata(twin, side),
    };
    let mut properties = parse_section(properties);
    properties.insert(METADATA.to_owned(), Value::Object(metadata));
    properties.insert(VERSION.to_owned(), json!(version));
    Value::Object(properties)
}

impl Side {
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

    fn stamp(self, time: Time, version: i64) -> Stamp {
        Stamp {
            time,
            version: (self == Self::Desired).then_some(version),
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
    let (properties, metadata, version) = side.of(twin);
    match metadata {
        Some(text) => parse_section(text),
        None => uniform(
            &parse_section(properties),
            side.stamp(Time::from_ticks(twin.updated), version),
        ),
    }
}

/// The metadata of properties for which none is stored, as JSON text. Desired properties have a version.
pub(crate) fn implied_metadata(
    properties: &str,
    updated: Time,
    version: Option<i64>,
    created: Time,
) -> String {
    let time = match properties {
        EMPTY => created,
        _ => updated,
    };
    let stamp = Stamp { time, version };
    Value::Object(uniform(&parse_section(properties), stamp)).to_string()
}

/// Writes down the implied metadata of a side that stays, before `twin.updated` moves on.
fn freeze(twin: &mut Twin, side: Side) {
    let (properties, metadata, _) = side.of(twin);
    if metadata.is_some() || properties == EMPTY {
        return;
    }
    let text = Value::Object(stored_metadata(twin, side)).to_string();
    match side {
        Side::Desired => twin.desired_metadata = Some(text),
        Side::Reported => twin.reported_metadata = Some(text),
    }
}

fn uniform(properties: &Map<String, Value>, stamp: Stamp) -> Map<String, Value> {
    let mut metadata = stamp.alone();
    for (key, value) in properties {
        let inner = match value {
            Value::Object(map) => uniform(map, stamp),
            _ => stamp.alone(),
        };
        metadata.insert(key.clone(), Value::Object(inner));
    }
    metadata
}

/// Notes in the metadata what a patch touches.
fn stamp(metadata: &mut Map<String, Value>, patch: &Map<String, Value>, now: Stamp) {
    now.put(metadata);
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
                metadata.insert(key.clone(), Value::Object(now.alone()));
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

/// A new etag, version and time for a twin that changed.
fn touch(twin: &mut Twin, now: Time) {
    twin.etag += 1;
    twin.version += 1;
    twin.updated = now.ticks();
}

/// A stored section as a map. `Identity::from_row` has checked the text, so no failure is possible here.
pub(crate) fn parse_section(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
