//! JSON kept as the text it was read from.
//!
//! Twin data belongs to the user: a device file must give back `1.0` as `1.0`, a 20-digit integer with all its digits, and members in their order.
//! A tree of values would lose each of these, so tags, properties and unknown members stay text, checked once, and become a tree only when asked.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::{Map, Value, value::RawValue};

/// A text that is not the JSON it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl JsonError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Any JSON value, kept as its exact text.
///
/// ```
/// use jobs_devices::Json;
/// let big = Json::new("123456789012345678901234567890.0")?;
/// assert_eq!(big.as_str(), "123456789012345678901234567890.0");
/// # Ok::<(), jobs_devices::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// Checks `text` against RFC 8259 and keeps it; line breaks between its parts are taken out, so that it fits on one line.
    ///
    /// # Errors
    /// When `text` is not one JSON value, or nests deeper than the reader of lines allows.
    pub fn new(text: &str) -> Result<Self, JsonError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        serde_json::from_str::<&RawValue>(text)
            .map_err(|error| JsonError::new(error.to_string()))?;
        if text.contains('\n') {
            return Ok(Self(without_line_breaks(text).into()));
        }
        Ok(Self(text.into()))
    }

    /// Takes text that has been checked already.
    pub(crate) fn from_checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a tree. Numbers beyond 64 bits lose digits there, and member order is not kept.
    ///
    /// # Errors
    /// For what JSON can write and a tree cannot hold: a number such as `1e999`, half of a surrogate pair.
    pub fn to_value(&self) -> Result<Value, JsonError> {
        serde_json::from_str(&self.0).map_err(|error| JsonError::new(error.to_string()))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl FromStr for Json {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, JsonError> {
        Self::new(text)
    }
}

/// A JSON object, kept as its exact text: tags, desired or reported properties.
///
/// ```
/// use jobs_devices::JsonObject;
/// let tags: JsonObject = r#"{"site": "a", "level": 1.0}"#.parse()?;
/// assert_eq!(tags.to_map()?["site"], "a");
/// assert_eq!(tags.as_str(), r#"{"site": "a", "level": 1.0}"#);
/// # Ok::<(), jobs_devices::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JsonObject(Json);

impl JsonObject {
    /// Checks that `text` is one JSON object and keeps it.
    ///
    /// # Errors
    /// When it is not JSON, or not an object.
    pub fn new(text: &str) -> Result<Self, JsonError> {
        let json = Json::new(text)?;
        if !json.0.starts_with('{') {
            return Err(JsonError::new(format!(
                "expected a JSON object, found {}",
                kind_of(&json.0)
            )));
        }
        Ok(Self(json))
    }

    pub(crate) fn from_checked(text: &str) -> Self {
        Self(Json::from_checked(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the object has no member.
    pub fn is_empty(&self) -> bool {
        self.as_str()[1..].trim_start().starts_with('}')
    }

    /// The object as a map; see [`Json::to_value`] for what a tree loses.
    ///
    /// # Errors
    /// As [`Json::to_value`].
    pub fn to_map(&self) -> Result<Map<String, Value>, JsonError> {
        serde_json::from_str(self.as_str()).map_err(|error| JsonError::new(error.to_string()))
    }
}

impl Default for JsonObject {
    fn default() -> Self {
        Self::from_checked("{}")
    }
}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(map: Map<String, Value>) -> Self {
        Self(Json::from(Value::Object(map)))
    }
}

impl FromStr for JsonObject {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, JsonError> {
        Self::new(text)
    }
}

/// Gives a text type to serde as the JSON it holds. Exact with `serde_json`; other formats see its private wrapper.
pub(crate) fn serialize_text<S: Serializer>(
    text: String,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text)
        .map_err(ser::Error::custom)?
        .serialize(serializer)
}

pub(crate) fn deserialize_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Box<RawValue>, D::Error> {
    Box::<RawValue>::deserialize(deserializer)
}

macro_rules! serde_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_text(self.as_str().to_owned(), serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(deserialize_text(deserializer)?.get()).map_err(de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(Json, JsonObject);

/// What kind of value a checked text is, in words for messages.
pub(crate) fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Line breaks can only stand between the parts of checked JSON, never inside a string.
fn without_line_breaks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\t' | '\r' | '\n') {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}
