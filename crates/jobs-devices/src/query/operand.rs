//! The values of expressions.

use std::borrow::Cow;

use serde_json::Value;

use super::ast::Number;

/// A value during evaluation.
///
/// Arrays and objects carry nothing, for the language only asks whether a value is one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operand<'a> {
    /// No value: the member is not there, or an operation had no result.
    Undefined,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Cow<'a, str>),
    /// Some array.
    Array,
    /// Some object.
    Object,
}

impl<'a> From<&'a Value> for Operand<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Operand::Null,
            Value::Bool(value) => Operand::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Operand::Number(Number::Integer(whole)),
                (None, Some(float)) => Operand::Number(Number::Float(float)),
                (None, None) => Operand::Undefined,
            },
            Value::String(text) => Operand::String(Cow::Borrowed(text)),
            Value::Array(_) => Operand::Array,
            Value::Object(_) => Operand::Object,
        }
    }
}

impl<'a> From<&'a str> for Operand<'a> {
    fn from(text: &'a str) -> Self {
        Operand::String(Cow::Borrowed(text))
    }
}

impl<'a> From<Option<&'a str>> for Operand<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Operand::Undefined, Operand::from)
    }
}

impl From<bool> for Operand<'_> {
    fn from(value: bool) -> Self {
        Operand::Bool(value)
    }
}

impl Operand<'_> {
    /// The value where a boolean is wanted: none for undefined, false for anything else that is not a boolean.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Operand::Undefined => None,
            Operand::Bool(value) => Some(*value),
            _ => Some(false),
        }
    }

    pub(crate) fn from_truth(truth: Option<bool>) -> Self {
        truth.map_or(Operand::Undefined, Operand::Bool)
    }

    pub(crate) fn from_float(float: f64) -> Self {
        Number::from_f64(float).map_or(Operand::Undefined, Operand::Number)
    }
}
