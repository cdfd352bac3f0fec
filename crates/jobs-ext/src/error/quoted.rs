//! Keeps what a service error quotes of our own request out of messages: twin values and payloads are the user's business.

use std::borrow::Cow;

use serde_json::Value;

use crate::redact::MASK;

/// Shorter values are words such as `on`, which no message can do without.
const SHORTEST: usize = 4;

/// The values in a part of a request's body, as an error may quote them: plain, and escaped as in JSON.
pub(crate) fn values_of(content: &Value) -> Vec<String> {
    let mut values = Vec::new();
    collect(content, &mut values);
    // The longest first: one value can be a part of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.dedup();
    values
}

fn collect(content: &Value, values: &mut Vec<String>) {
    match content {
        Value::String(text) => {
            add(text.clone(), values);
            let quoted = content.to_string();
            let escaped = quoted.trim_matches('"');
            if escaped != text {
                add(escaped.to_owned(), values);
            }
        }
        Value::Number(number) => add(number.to_string(), values),
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::Object(members) => members.values().for_each(|value| collect(value, values)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn add(value: String, values: &mut Vec<String>) {
    if value.trim().chars().count() >= SHORTEST {
        values.push(value);
    }
}

/// A service's text without JSON documents that it quotes, and without these values.
pub(super) fn without_quotes(text: &str, values: &[String]) -> String {
    let mut text = Cow::Borrowed(text);
    for value in values {
        if text.contains(value.as_str()) {
            text = Cow::Owned(text.replace(value.as_str(), MASK));
        }
    }
    without_documents(&text)
}

fn without_documents(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['{', '[']) {
        let (before, document) = rest.split_at(start);
        kept.push_str(before);
        let inside = document[1..].trim_start_matches([' ', '\r', '\n', '\t', '\\']);
        if inside.starts_with(['"', '{', '[']) {
            kept.push_str(if document.starts_with('{') {
                "{…}"
            } else {
                "[…]"
            });
            rest = &document[end_of(document)..];
        } else {
            kept.push_str(&document[..1]);
            rest = &document[1..];
        }
    }
    kept.push_str(rest);
    kept
}

/// Where a quoted document ends; a document that is cut off goes on to the end of the text.
fn end_of(document: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in document.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    document.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quoted_documents_are_cut_and_plain_brackets_stay() {
        for (text, kept) in [
            (
                r#"bad body: {"a":{"b":"planted"}} at 3"#,
                "bad body: {…} at 3",
            ),
            (r#"bad {\"a\":\"planted\""#, "bad {…}"),
            (r#"bad [ {"a":1}, {"b":2} ]."#, "bad […]."),
            (
                "path 'tags[0]' of {jobId} (x)",
                "path 'tags[0]' of {jobId} (x)",
            ),
            ("no quotes", "no quotes"),
            ("{", "{"),
        ] {
            assert_eq!(without_quotes(text, &[]), kept);
        }
    }

    #[test]
    fn values_of_the_request_are_redacted_in_every_form() {
        let content = json!({"wifi": {"password": "pla\"nted", "pin": 739_201, "on": "on"}, "l": ["secret-1", "secret-12"]});
        let values = values_of(&content);
        for text in [
            "The value 'pla\"nted' is invalid",
            r#"The value "pla\"nted" is invalid"#,
            "739201 is out of range",
            "secret-12 and secret-1 on",
        ] {
            let shown = without_quotes(text, &values);
            for part in ["nted", "7392", "secret"] {
                assert!(!shown.contains(part), "{shown}");
            }
        }
        assert_eq!(without_quotes("turn it on", &values), "turn it on");
    }
}
