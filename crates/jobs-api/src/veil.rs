//! Members that models print by their size: free JSON and the hub's prose, which can hold what no log should.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value};

/// Prints what there is, and not what it says. The generated `Debug` of models puts it around their free members.
pub(crate) struct Veiled<'a, T>(pub(crate) &'a T);

impl<T: Extent> fmt::Debug for Veiled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(f)
    }
}

/// What can be said of a value without repeating it.
pub(crate) trait Extent {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: Extent> Extent for Option<T> {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            None => f.write_str("None"),
            Some(value) => {
                f.write_str("Some(")?;
                value.describe(f)?;
                f.write_str(")")
            }
        }
    }
}

impl Extent for String {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<text, {} characters>", self.chars().count())
    }
}

impl Extent for Map<String, Value> {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<object, {} members>", self.len())
    }
}

impl Extent for HashMap<String, Value> {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<object, {} members>", self.len())
    }
}

impl<T> Extent for Vec<T> {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<list, {} items>", self.len())
    }
}

impl Extent for Value {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<null>"),
            Self::Bool(_) => f.write_str("<boolean>"),
            Self::Number(_) => f.write_str("<number>"),
            Self::String(text) => text.describe(f),
            Self::Array(items) => items.describe(f),
            Self::Object(members) => members.describe(f),
        }
    }
}
