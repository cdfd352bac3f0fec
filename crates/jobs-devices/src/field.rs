//! How one member of a row becomes a typed field, and what is said when it does not fit.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{Json, kind_of};

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

/// A record that checked text can become.
pub(crate) trait FromText: Sized {
    fn from_text(raw: &str) -> Result<Self, Misfit>;
}

/// Calls `each` with the name and the text of every member of an object.
pub(crate) fn members<'a>(
    object: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    if !object.starts_with('{') {
        return Err(Misfit::expected("an object", kind_of(object)));
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let outcome = deserializer.deserialize_map(MemberVisitor(each));
    let outcome = outcome.and_then(|outcome| deserializer.end().map(|()| outcome));
    outcome.map_err(|error| Misfit {
        path: String::new(),
        message: error.to_string(),
    })?
}

/// Its first error stays typed, in `Ok`; `Err` is about the JSON itself.
struct MemberVisitor<F>(F);

impl<'a, F: FnMut(Cow<'a, str>, &'a str) -> Result<(), Misfit>> Visitor<'a> for MemberVisitor<F> {
    type Value = Result<(), Misfit>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut outcome = Ok(());
        while let Some(Name(name)) = map.next_key::<Name<'a>>()? {
            let value = map.next_value::<&'a RawValue>()?;
            if outcome.is_ok() {
                outcome = (self.0)(name, value.get());
            }
        }
        Ok(outcome)
    }
}

/// A member name; borrowed unless it holds an escape.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

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
