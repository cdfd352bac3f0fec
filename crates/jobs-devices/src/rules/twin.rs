//! The limits of one section of a twin.

use super::Violation;
use crate::checked::{Name, Token, Tokens};
use crate::field::string;
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
/// Smallest integer in a twin: -(2^52 - 1).
pub const MIN_INTEGER: i64 = -4_503_599_627_370_495;

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

/// Levels whose place is kept. A section may have far fewer; a text of 8 MB can have millions.
const MOST_OPEN: usize = 1_000;

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
            size: 0,
            exempt: false,
            found: Vec::new(),
        }
    }

    fn run(&mut self, object: &JsonObject) {
        // Where the walk was when each object or array began that has not ended.
        let mut open = Vec::new();
        // How many more have begun below those.
        let mut below = 0_usize;
        for token in Tokens::of(object.as_str()) {
            match token {
                Token::Object | Token::Array if open.len() == MOST_OPEN => below += 1,
                Token::End if below > 0 => below -= 1,
                Token::Object | Token::Array => {
                    open.push((self.path.len(), self.exempt));
                    // The section itself is level 0.
                    if open.len() > MAX_DEPTH + 1 {
                        let message = format!("nests deeper than {MAX_DEPTH} levels");
                        self.tell("twin-depth", message);
                    }
                }
                Token::End => self.back_to(open.pop()),
                Token::Name(raw) => {
                    self.back_to(open.last().copied());
                    self.name(raw, open.len() == 1);
                }
                Token::Text(raw) => match string(raw) {
                    Ok(text) => self.text(&text),
                    Err(_) => self.unreadable("half of a surrogate pair"),
                },
                Token::Word(word) => self.word(word),
            }
        }
    }

    /// Leaves the member that was looked at last.
    fn back_to(&mut self, outer: Option<(usize, bool)>) {
        if let Some((path, exempt)) = outer {
            self.path.truncate(path);
            self.exempt = exempt;
        }
    }

    /// Tells of what JSON can write and the service cannot hold, wherever it stands.
    fn unreadable(&mut self, what: &str) {
        if self.found.iter().any(|one| one.rule == "twin-value") {
            return;
        }
        let field = self.section.path().to_owned() + &self.path;
        let message = format!("holds a value the service cannot read: {what}");
        self.found
            .push(Violation::error("twin-value", field, message));
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

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, word: &str) {
        match word.as_bytes().first() {
            Some(b't' | b'f') => self.add(4),
            Some(b'n') => {}
            _ => self.number(word),
        }
    }

    fn number(&mut self, number: &str) {
        self.add(8);
        if number.contains(['.', 'e', 'E']) {
            if number.parse().is_ok_and(f64::is_infinite) {
                self.unreadable("a number out of range");
            }
            return;
        }
        // One that is beyond 64 bits is beyond those of a twin.
        let limits = MIN_INTEGER..=MAX_INTEGER;
        if !number.parse().is_ok_and(|whole| limits.contains(&whole)) {
            self.tell(
                "twin-integer",
                format!("is beyond the integers of a twin, {MIN_INTEGER} to {MAX_INTEGER}"),
            );
        }
    }

    /// One step of the path, and the rules of names.
    fn name(&mut self, raw: &str, of_section: bool) {
        let name = Name::of(raw);
        let is_text = name.as_text().is_some();
        let name = name.shown();
        self.exempt |= of_section && matches!(&*name, "$metadata" | "$version");
        self.path.push('.');
        let end = if name.len() <= 64 {
            name.len()
        } else {
            name.char_indices().nth(64).map_or(name.len(), |(at, _)| at)
        };
        self.path.push_str(&name[..end]);
        if !is_text {
            self.unreadable("a name with half of a surrogate pair");
        }
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
        self.add(counted(&name));
        let bad = |c: &char| c.is_control() || matches!(c, '.' | '$' | '#' | ' ');
        if let Some(bad) = name.chars().find(bad) {
            self.tell("twin-key", format!("has {bad:?} in its name; control characters, `.`, `$`, `#` and space are not allowed"));
        }
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
