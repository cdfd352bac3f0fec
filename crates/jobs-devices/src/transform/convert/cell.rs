//! A member of a row as the text of one cell, and the text of a cell as JSON.

use std::borrow::Cow;

use super::columns::{Column, Kind, Member};
use crate::checked::members;
use crate::field::string;
use crate::object::{Held, held_at, push_texts};
use crate::{Json, LooseValue, Row};

/// What a row has for a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'r> {
    Absent,
    Text(Cow<'r, str>),
    /// JSON that is no string.
    Json(Cow<'r, str>),
    Bool(bool),
}

pub(super) fn is_there(member: &Member, row: &Row) -> bool {
    value(member, row) != Value::Absent
}

/// What the row has for the member.
pub(super) fn value<'r>(member: &Member, row: &'r Row) -> Value<'r> {
    match member {
        Member::Row(path, _) => match held_at(row, path) {
            Held::Absent | Held::Null | Held::Object(_) => Value::Absent,
            Held::Text(text) => Value::Text(Cow::Borrowed(text)),
            Held::Bool(flag) => Value::Bool(flag),
            Held::Integer(number) => Value::Json(Cow::Owned(number.to_string())),
            Held::Texts(texts) => {
                let mut out = Vec::new();
                push_texts(&mut out, texts);
                Value::Json(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
            }
            Held::Json(json) => json_value(json),
        },
        Member::Twin(section, names) => section
            .of(row)
            .and_then(|text| {
                names
                    .iter()
                    .try_fold(text, |text, name| member_of(text, name))
            })
            .map_or(Value::Absent, json_value),
        Member::Other(Some(name)) => row
            .extra
            .get(name)
            .map_or(Value::Absent, |json| json_value(json.as_str())),
        Member::Other(None) if row.extra.is_empty() => Value::Absent,
        Member::Other(None) => {
            let mut out = Vec::new();
            let mut object = crate::text::ObjectWriter::begin(&mut out);
            row.extra.write(&mut object);
            object.end();
            Value::Json(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
        }
    }
}

fn json_value(json: &str) -> Value<'_> {
    match json.as_bytes().first() {
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => match string(json) {
            Ok(text) => Value::Text(text),
            // Half of a surrogate pair has no text of its own and stays JSON.
            Err(_) => Value::Json(Cow::Borrowed(json)),
        },
        _ => Value::Json(Cow::Borrowed(json)),
    }
}

/// The last member of that name.
fn member_of<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    members(object)
        .filter(|(key, _)| key.as_text() == Some(name))
        .last()
        .map(|(_, value)| value)
}

pub(super) fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    crate::text::push_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a spreadsheet might run the text as a formula; full-width forms count, for some programs fold them.
fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// The cell of a column for a row.
pub(super) fn write<'r>(column: &Column, row: &'r Row) -> Cow<'r, str> {
    match value(&column.member, row) {
        Value::Absent => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Json(json) => json,
        Value::Text(text) => {
            let in_twin = matches!(column.member, Member::Twin(..) | Member::Other(_));
            let reads_as_json = match column.kind {
                Kind::Any => in_twin && (Json::new(&text).is_ok() || truth(&text).is_some()),
                Kind::Json => true,
                Kind::Text | Kind::Number | Kind::Bool => false,
            };
            let quotes = text.is_empty() || text.starts_with('"') || looks_like_formula(&text);
            if quotes || reads_as_json {
                Cow::Owned(quote(&text))
            } else {
                text
            }
        }
    }
}

/// The text of a cell: a JSON string without its quotes, any other as it is.
pub(super) fn text(cell: &str) -> String {
    let unquoted = match cell.starts_with('"') && Json::new(cell).is_ok() {
        true => string(cell.trim_end()).ok(),
        false => None,
    };
    unquoted.map_or_else(|| cell.to_owned(), Cow::into_owned)
}

/// A truth value in any case: spreadsheets write `TRUE`, Python writes `True`.
fn truth(cell: &str) -> Option<&'static str> {
    let cell = cell.trim();
    ["true", "false"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(cell))
}

/// What a cell of a column without a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Number,
    Truth,
    /// A text that is not in the quotes of JSON.
    Text,
    NumberAsText,
    /// Nothing, or what cannot be taken for something else.
    Other,
}

pub(super) fn scalar(cell: &str) -> Scalar {
    match LooseValue::of(cell) {
        _ if cell.is_empty() => Scalar::Other,
        _ if truth(cell).is_some() => Scalar::Truth,
        LooseValue::Text => Scalar::Text,
        LooseValue::NumberAsText => Scalar::NumberAsText,
        value if value.is_number() => Scalar::Number,
        LooseValue::Json(_) => Scalar::Other,
    }
}

fn untyped(cell: &str) -> String {
    match (truth(cell), LooseValue::of(cell)) {
        (Some(word), _) => word.to_owned(),
        (None, LooseValue::Json(json)) => json,
        // Spaces around a number are no part of it.
        (None, LooseValue::NumberAsText) => quote(cell.trim()),
        (None, LooseValue::Text) => quote(&text(cell)),
    }
}

/// The JSON that a cell of a twin's member stands for.
pub(super) fn json(cell: &str, kind: Kind) -> Result<String, String> {
    let checked = Json::new(cell).ok().map(|json| json.as_str().to_owned());
    match (kind, checked) {
        (Kind::Any, _) => Ok(untyped(cell)),
        (Kind::Text, _) => Ok(quote(&text(cell))),
        (Kind::Json, Some(json)) => Ok(json),
        (Kind::Json, None) => Err("expected JSON".to_owned()),
        (Kind::Bool, _) => match cell.trim().to_ascii_lowercase().as_str() {
            word @ ("true" | "false") => Ok(word.to_owned()),
            _ => Err("expected true or false".to_owned()),
        },
        (Kind::Number, Some(json)) if json.parse().is_ok_and(f64::is_finite) => Ok(json),
        (Kind::Number, _) => Err("expected a number".to_owned()),
    }
}
