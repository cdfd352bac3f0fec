//! Says where an answer could not be read, without quoting any of its values.

use serde_json::error::Category;

/// `line 1, column 199 ($[3].progress): a value of another type than expected`.
pub(crate) fn explain(cause: &serde_json::Error, body: &[u8]) -> String {
    let what = match cause.classify() {
        Category::Eof => "it ends too early",
        Category::Syntax => "it is not JSON",
        Category::Data => "a value has another type than expected",
        Category::Io => "it could not be read",
    };
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

    proptest::proptest! {
        #[test]
        fn any_text_is_explained_without_panic(text in "[\\[\\]{}\",:0-9a-z\\\\\n é]{0,60}") {
            if let Err(cause) = serde_json::from_str::<Vec<Model>>(&text) {
                let _ = explain(&cause, text.as_bytes());
            }
        }
    }
}
