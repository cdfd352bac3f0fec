//! The limits of one section of a twin.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::Violation;
use crate::json::JsonObject;

/// Most bytes of tags, counted as [`twin_size`] does.
pub const MAX_TAGS_BYTES: usize = 8 * 1024;
/// Most bytes of desired, and of reported properties.
pub const MAX_PROPERTIES_BYTES: usize = 32 * 1024;
/// Longest member name in a twin, in bytes.
pub const MAX_KEY_BYTES: usize = 1024;
/// Longest string value in a twin, in bytes.
pub const MAX_STRING_BYTES: usize = 4 * 1024;
/// How deep objects and arrays may nest below a section.
pub const MAX_DEPTH: usize = 10;
/// Largest integer in a twin: 2^52 - 1.
pub const MAX_INTEGER: i64 = 4_503_599_627_370_495;
/// Smallest integer in a twin: -2^52.
pub const MIN_INTEGER: i64 = -4_503_599_627_370_496;

/// Which part of a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Section {
    /// The tags.
    Tags,
    /// The desired properties.
    Desired,
    /// The reported properties.
    Reported,
}

impl Section {
    /// The names that lead to it in a row.
    pub fn path(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Desired => "properties.desired",
            Self::Reported => "properties.reported",
        }
    }

    /// Most bytes it may have.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Tags => MAX_TAGS_BYTES,
            Self::Desired | Self::Reported => MAX_PROPERTIES_BYTES,
        }
    }
}

/// The size the service counts: names and strings by their UTF-8 bytes without control characters, numbers 8 each, booleans 4,
/// `$metadata` and `$version` of the section nothing.
pub fn twin_size(object: &JsonObject) -> usize {
    let mut walk = Walk::new(Section::Reported);
    walk.run(object);
    walk.size
}

/// Checks one section of a twin: size, names, strings, integers, depth. A rule that is broken often is told of once, with its first place.
pub fn twin_section(section: Section, object: &JsonObject) -> Vec<Violation> {
    if super::is_plain_section(section, object.as_str()) {
        return Vec::new();
    }
    closer_look(section, object)
}

/// As [`twin_section`], with every value read.
pub(super) fn closer_look(section: Section, object: &JsonObject) -> Vec<Violation> {
    let mut walk = Walk::new(section);
    walk.run(object);
    if walk.size > section.max_bytes() {
        let message = format!(
            "has {} bytes as the service counts them; at most {} are allowed",
            walk.size,
            section.max_bytes()
        );
        walk.found
            .insert(0, Violation::error("twin-size", section.path(), message));
    }
    walk.found
}

struct Walk {
    section: Section,
    /// The starts of the names that lead to where it is, each behind a dot.
    path: String,
    depth: usize,
    size: usize,
    /// Within `$metadata`, which the service makes itself.
    exempt: bool,
    found: Vec<Violation>,
}

impl Walk {
    fn new(section: Section) -> Self {
        Self {
            section,
            path: String::new(),
            depth: 0,
            size: 0,
            exempt: false,
            found: Vec::new(),
        }
    }

    fn run(&mut self, object: &JsonObject) {
        let mut deserializer = serde_json::Deserializer::from_str(object.as_str());
        if let Err(error) = Value(self).deserialize(&mut deserializer) {
            let message = format!("holds a value the service cannot read: {error}");
            self.found
                .push(Violation::error("twin-value", self.section.path(), message));
        }
    }

    fn tell(&mut self, rule: &'static str, message: String) {
        if self.exempt || self.found.iter().any(|one| one.rule == rule) {
            return;
        }
        let field = self.section.path().to_owned() + &self.path;
        self.found.push(Violation::error(rule, field, message));
    }

    fn add(&mut self, bytes: usize) {
        if !self.exempt {
            self.size += bytes;
        }
    }

    fn text(&mut self, text: &str) {
        self.add(counted(text));
        if text.len() > MAX_STRING_BYTES {
            self.tell(
                "twin-string",
                format!(
                    "has {} bytes; a string may have {MAX_STRING_BYTES}",
                    text.len()
                ),
            );
        }
    }

    fn integer(&mut self, fits: bool) {
        self.add(8);
        if !fits {
            self.tell(
                "twin-integer",
                format!("is beyond the integers of a twin, {MIN_INTEGER} to {MAX_INTEGER}"),
            );
        }
    }

    fn name(&mut self, name: &str) {
        if name.len() > MAX_KEY_BYTES {
            self.tell(
                "twin-key",
                format!(
                    "has a name of {} bytes; at most {MAX_KEY_BYTES} are allowed",
                    name.len()
                ),
            );
        }
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'.' | b'$' | b'#');
        // Bytes are looked at faster than characters, and nearly every name is plain.
        if name.bytes().all(is_plain) {
            self.add(name.len());
            return;
        }
        self.add(counted(name));
        let bad = |c: &char| c.is_control() || matches!(c, '.' | '$' | '#' | ' ');
        if let Some(bad) = name.chars().find(bad) {
            self.tell("twin-key", format!("has {bad:?} in its name; control characters, `.`, `$`, `#` and space are not allowed"));
        }
    }

    /// Goes one level down for `inside`.
    fn nested<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        // The section itself is level 0.
        if self.depth > MAX_DEPTH + 1 {
            self.tell(
                "twin-depth",
                format!("nests deeper than {MAX_DEPTH} levels"),
            );
        }
        let out = inside(self);
        self.depth -= 1;
        out
    }
}

/// Bytes of a text without its control characters.
fn counted(text: &str) -> usize {
    // Without early return, so that it is vectorised.
    let plain = text
        .bytes()
        .fold(true, |plain, byte| plain & (byte.wrapping_sub(b' ') < 0x5f));
    if plain {
        return text.len();
    }
    text.chars()
        .filter(|c| !c.is_control())
        .map(char::len_utf8)
        .sum()
}

struct Value<'w>(&'w mut Walk);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.add(4);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.integer((MIN_INTEGER..=MAX_INTEGER).contains(&value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0
            .integer(i64::try_from(value).is_ok_and(|value| value <= MAX_INTEGER));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.add(8);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.nested(|walk| {
            while seq.next_element_seed(Value(walk))?.is_some() {}
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.nested(|walk| {
            loop {
                let (before, exempt) = (walk.path.len(), walk.exempt);
                if map.next_key_seed(Name(walk))?.is_none() {
                    break;
                }
                map.next_value_seed(Value(walk))?;
                walk.path.truncate(before);
                walk.exempt = exempt;
            }
            Ok(())
        })
    }
}

/// A member's name: one step of the path.
struct Name<'w>(&'w mut Walk);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        let walk = self.0;
        walk.exempt |= walk.depth == 1 && matches!(name, "$metadata" | "$version");
        walk.path.push('.');
        let end = if name.len() <= 64 {
            name.len()
        } else {
            name.char_indices().nth(64).map_or(name.len(), |(at, _)| at)
        };
        walk.path.push_str(&name[..end]);
        walk.name(name);
        Ok(())
    }
}
