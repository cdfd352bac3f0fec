//! Checks that an answer can be read, and says where it could not be, without quoting any of its values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// Reads a JSON text to its end as strictly as [`serde_json::Value`] is read, and keeps nothing of it. A model skips members that it does
/// not know without looking at them closely: too deep, too large a number, half a surrogate pair.
pub(crate) fn check(text: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<Checked>(text).map(|_| ())
}

/// A value that was read and dropped.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self, E> {
        if number.is_finite() {
            Ok(self)
        } else {
            Err(E::custom("number out of range"))
        }
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// The parser has no class of its own for these; its texts are fixed and quote nothing.
fn of_limits(cause: &serde_json::Error) -> Option<&'static str> {
    let text = cause.to_string();
    [
        (
            "recursion limit exceeded",
            "it nests more than 127 levels deep",
        ),
        ("number out of range", "a number is too large"),
    ]
    .into_iter()
    .find_map(|(start, meaning)| text.starts_with(start).then_some(meaning))
}

/// `line 1, column 199 ($[3].progress): a value of another type than expected`.
pub(crate) fn explain(cause: &serde_json::Error, body: &[u8]) -> String {
    let what = of_limits(cause).unwrap_or(match cause.classify() {
        Category::Eof => "it ends too early",
        Category::Syntax => "it is not JSON",
        Category::Data => "a value has another type than expected",
        Category::Io => "it could not be read",
    });
    if body.is_empty() {
        return "the answer has no body".to_owned();
    }
    let (line, column) = (cause.line(), cause.column());
    match path(body, line, column).filter(|_| cause.classify() == Category::Data) {
        Some(path) => format!("line {line}, column {column} ({path}): {what}"),
        None => format!("line {line}, column {column}: {what}"),
    }
}

enum Level {
    Object(Option<String>),
    Array(usize),
}

/// The path of the value at a place of a valid JSON text, such as `$[3].progress`.
fn path(body: &[u8], line: usize, column: usize) -> Option<String> {
    let mut start = 0;
    for _ in 1..line {
        start += body.get(start..)?.iter().position(|b| *b == b'\n')? + 1;
    }
    let text = std::str::from_utf8(body.get(..(start + column).min(body.len()))?).ok()?;
    let mut levels = Vec::new();
    let mut rest = text.char_indices();
    while let Some((at, ch)) = rest.next() {
        match ch {
            '{' => levels.push(Level::Object(None)),
            '[' => levels.push(Level::Array(0)),
            '}' | ']' if at + 1 < text.len() => {
                levels.pop();
            }
            ',' if at + 1 < text.len() => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                Some(Level::Object(name)) => *name = None,
                None => {}
            },
            '"' => {
                let inside = read_string(&mut rest);
                if let Some(Level::Object(name @ None)) = levels.last_mut() {
                    *name = Some(inside);
                }
            }
            _ => {}
        }
    }
    Some(show(&levels))
}

fn read_string(rest: &mut std::str::CharIndices<'_>) -> String {
    let mut inside = String::new();
    while let Some((_, ch)) = rest.next() {
        match ch {
            '"' => break,
            '\\' => {
                rest.next();
            }
            _ => inside.push(ch),
        }
    }
    inside
}

fn show(levels: &[Level]) -> String {
    let mut out = String::from("$");
    for level in levels {
        match level {
            Level::Array(index) => out.push_str(&format!("[{index}]")),
            Level::Object(Some(name)) => {
                out.push('.');
                out.push_str(&crate::redact::clean(name, 60));
            }
            Level::Object(None) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only decoding is of interest")]
    struct Model {
        name: Option<String>,
        progress: Option<i32>,
        inner: Option<Box<Model>>,
    }

    fn explained(text: &str) -> String {
        let cause = serde_json::from_str::<Vec<Model>>(text).err().unwrap();
        explain(&cause, text.as_bytes())
    }

    #[test]
    fn the_place_is_told_and_no_value_quoted() {
        for (text, place) in [
            (
                r#"[{"name":"a"},{"name":"b","progress":"planted"}]"#,
                "($[1].progress)",
            ),
            (
                "[\n {\"inner\": {\"name\":\"x\", \"progress\": 1.5 }}]",
                "line 2",
            ),
            (
                r#"[{"inner":{"progress":"planted"}}]"#,
                "($[0].inner.progress)",
            ),
            (r#"[{"name":["planted"]}]"#, "$[0].name"),
        ] {
            let message = explained(text);
            assert!(
                message.contains(place) && !message.contains("planted"),
                "{message}"
            );
        }
        assert!(explained("[{").contains("ends too early"));
        assert!(explained("<html>").contains("not JSON"));
    }

    #[test]
    fn what_the_check_passes_can_be_read_as_a_value_and_what_it_rejects_cannot() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for (text, reason) in [
            (r#"{"a":[1,-2,3.5,true,null,"x\u00e9"]}"#.to_owned(), None),
            (nested(127), None),
            (nested(128), Some("more than 127 levels")),
            (nested(100_000), Some("more than 127 levels")),
            (
                r#"{"unknown":1e999}"#.to_owned(),
                Some("number is too large"),
            ),
            (r#"{"unknown":"\ud800"}"#.to_owned(), Some("not JSON")),
            (r#"{"a":1"#.to_owned(), Some("ends too early")),
        ] {
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(read.is_err(), reason.is_some());
            let checked = check(text.as_bytes());
            assert_eq!(checked.is_err(), reason.is_some());
            if let (Err(cause), Some(reason)) = (checked, reason) {
                let message = explain(&cause, text.as_bytes());
                assert!(message.contains(reason), "{message}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_explained_without_panic(text in "[\\[\\]{}\",:0-9a-z\\\\\n é]{0,60}") {
            if let Err(cause) = serde_json::from_str::<Vec<Model>>(&text) {
                let _ = explain(&cause, text.as_bytes());
            }
        }
    }
}
