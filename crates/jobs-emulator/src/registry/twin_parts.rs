//! The parts of a twin that a request or a row brings, checked.

use jobs_devices::rules::Section;
use jobs_devices::{JsonObject, Row};
use serde_json::{Map, Value};

use super::repeated::repeats_a_name;
use super::rules;

/// The two sides of a twin's properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Desired,
    Reported,
}

pub(super) const METADATA: &str = "$metadata";
pub(super) const VERSION: &str = "$version";

impl Side {
    pub(super) fn section(self) -> Section {
        match self {
            Self::Desired => Section::Desired,
            Self::Reported => Section::Reported,
        }
    }
}

/// Parts of a twin to be merged in; a missing one stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct TwinParts {
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) desired: Option<Map<String, Value>>,
    pub(crate) reported: Option<Map<String, Value>>,
}

impl TwinParts {
    /// The name of a section that has a null inside an object.
    pub(crate) fn section_with_null(&self) -> Option<&'static str> {
        let sections = [("tags", &self.tags), ("properties.desired", &self.desired)];
        sections
            .into_iter()
            .find_map(|(name, section)| section.as_ref().is_some_and(has_null).then_some(name))
    }

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
    pub(super) tags: Option<String>,
    pub(super) desired: Option<SideText>,
    pub(super) reported: Option<SideText>,
}

/// One side as text, with the metadata that came along.
#[derive(Clone, Debug)]
pub(super) struct SideText {
    pub(super) properties: String,
    pub(super) metadata: Option<String>,
}

impl TwinTexts {
    /// Checks the parts.
    pub(crate) fn of(parts: TwinParts) -> Result<Self, String> {
        let read = |section, part: Option<Map<String, Value>>| {
            part.map(|part| SideText::of(section, part)).transpose()
        };
        Ok(Self {
            tags: read(Section::Tags, parts.tags)?.map(|tags| tags.properties),
            desired: read(Section::Desired, parts.desired)?,
            reported: read(Section::Reported, parts.reported)?,
        })
    }

    /// Takes the twin data of a row; its text is kept, number for number.
    pub(crate) fn of_row(row: &mut Row) -> Result<Self, String> {
        let properties = row.properties.take().unwrap_or_default();
        let read = |section, part: Option<JsonObject>| {
            part.map(|part| SideText::of_text(section, &part))
                .transpose()
        };
        Ok(Self {
            tags: read(Section::Tags, row.tags.take())?.map(|tags| tags.properties),
            desired: read(Section::Desired, properties.desired.into_option())?,
            reported: read(Section::Reported, properties.reported.into_option())?,
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
    fn of(section: Section, mut part: Map<String, Value>) -> Result<Self, String> {
        let mut metadata = None;
        if section != Section::Tags {
            metadata = part.remove(METADATA).filter(Value::is_object);
            part.remove(VERSION);
        }
        drop_nulls(&mut part);
        Ok(Self {
            properties: rules::checked_text(section, &part)?,
            metadata: metadata.map(|value| value.to_string()),
        })
    }

    fn of_text(section: Section, part: &JsonObject) -> Result<Self, String> {
        rules::check_section(section, part)?;
        if needs_a_closer_look(part) {
            let part = part.to_map().map_err(|error| error.to_string())?;
            return Self::of(section, part);
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

fn has_null(map: &Map<String, Value>) -> bool {
    map.values().any(|value| match value {
        Value::Null => true,
        Value::Object(inner) => has_null(inner),
        _ => false,
    })
}

pub(super) fn drop_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| {
        if let Value::Object(inner) = value {
            drop_nulls(inner);
        }
        !value.is_null()
    });
}
