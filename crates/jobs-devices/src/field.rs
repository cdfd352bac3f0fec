//! How one member of a row becomes a typed field, and what is said when it does not fit.

use std::{borrow::Cow, fmt};

use crate::json::{Json, JsonObject, kind_of};

/// A member whose value is not of the type the row needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The member, with the names that lead to it: `authentication.type`. Empty for the line as a whole.
    pub path: String,
    /// What is wrong and what was expected. Never quotes a value, which may be a key.
    pub message: String,
}

impl Misfit {
    pub(crate) fn expected(expected: &str, found: &str) -> Self {
        Self {
            path: String::new(),
            message: format!("expected {expected}, found {found}"),
        }
    }

    pub(crate) fn within(mut self, name: &str) -> Self {
        self.path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.{}", self.path)
        };
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

impl std::error::Error for Misfit {}

/// Which optional members stood as an explicit `null`, one bit each: a file that says `null` is written back saying `null`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Nulls(u16);

impl Nulls {
    pub(crate) fn has(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    pub(crate) fn set(&mut self, bit: u8, null: bool) {
        self.0 = if null {
            self.0 | (1 << bit)
        } else {
            self.0 & !(1 << bit)
        };
    }
}

impl fmt::Debug for Nulls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#b}", self.0)
    }
}

/// A value that a member's checked text can become.
pub(crate) trait FromText: Sized {
    fn from_text(raw: &str) -> Result<Self, Misfit>;
}

/// Fills `slot` from `raw`; the last of several members with one name wins.
pub(crate) fn fill<T: FromText>(
    slot: &mut Option<T>,
    nulls: &mut Nulls,
    bit: u8,
    name: &str,
    raw: &str,
) -> Result<(), Misfit> {
    let null = raw == "null";
    nulls.set(bit, null);
    *slot = if null {
        None
    } else {
        Some(T::from_text(raw).map_err(|misfit| misfit.within(name))?)
    };
    Ok(())
}

/// Reads the members of a nested object, each through `each`.
pub(crate) fn members<'a>(
    raw: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    if !raw.starts_with('{') {
        return Err(Misfit::expected("an object", kind_of(raw)));
    }
    crate::members::for_each(raw, each).map_err(|error| Misfit {
        path: String::new(),
        message: error.to_string(),
    })?
}

/// The text a checked JSON string stands for.
pub(crate) fn string(raw: &str) -> Result<Cow<'_, str>, Misfit> {
    if !raw.starts_with('"') {
        return Err(Misfit::expected("a string", kind_of(raw)));
    }
    let inner = &raw[1..raw.len() - 1];
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(raw)
        .map(Cow::Owned)
        .map_err(|_| Misfit::expected("a string", "one with half of a surrogate pair"))
}

impl FromText for String {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        string(raw).map(Cow::into_owned)
    }
}

impl FromText for bool {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        match raw {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Misfit::expected("true or false", kind_of(raw))),
        }
    }
}

impl FromText for crate::Key {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        string(raw).map(crate::Key::new)
    }
}

/// How many texts a list has: a line of 1 MiB cannot have as many.
const MOST_TEXTS: usize = 350_000;

impl FromText for Vec<String> {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        if raw.matches(',').take(MOST_TEXTS).count() == MOST_TEXTS {
            return Err(Misfit::expected("at most 350,000 texts", "more of them"));
        }
        serde_json::from_str(raw).map_err(|_| Misfit::expected("an array of strings", kind_of(raw)))
    }
}

impl FromText for JsonObject {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        if !raw.starts_with('{') {
            return Err(Misfit::expected("an object", kind_of(raw)));
        }
        Ok(Self::from_checked(raw))
    }
}

impl FromText for Json {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        Ok(Self::from_checked(raw))
    }
}

/// Reads one record from JSON that may stand on several lines, which its kept parts must not.
pub(crate) fn from_any_text<T: FromText>(text: &str) -> Result<T, Misfit> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if !text.contains('\n') {
        return T::from_text(text);
    }
    let json = Json::new(text).map_err(|error| Misfit {
        path: String::new(),
        message: error.to_string(),
    })?;
    T::from_text(json.as_str())
}
