//! Going through JSON that was checked when it was read: it is not checked again, no depth is too deep for the stack, and nothing is
//! decoded that nobody asked for.

use std::borrow::Cow;

use crate::field::string;
use crate::text::push_string;

/// One part of a JSON text. Commas and colons are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// An object begins.
    Object,
    /// An array begins.
    Array,
    /// The object or array that began last ends.
    End,
    /// The name of a member, in its quotes.
    Name(&'t str),
    /// A string, in its quotes.
    Text(&'t str),
    /// A number, `true`, `false` or `null`.
    Word(&'t str),
}

/// The parts of a checked text in their order.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let bytes = self.text.as_bytes();
        let start = skip(bytes, self.at);
        let end = match *bytes.get(start)? {
            b'"' => end_of_string(bytes, start),
            b'{' | b'[' | b'}' | b']' => start + 1,
            _ => end_of_word(bytes, start),
        };
        self.at = end;
        let part = self.text.get(start..end)?;
        Some(match bytes[start] {
            b'{' => Token::Object,
            b'[' => Token::Array,
            b'}' | b']' => Token::End,
            b'"' if is_name(bytes, end) => Token::Name(part),
            b'"' => Token::Text(part),
            _ => Token::Word(part),
        })
    }
}

/// The members of a checked object in their order; none of any other value.
pub(crate) fn members(object: &str) -> impl Iterator<Item = (Name<'_>, &str)> {
    let bytes = object.as_bytes();
    let mut at = inside(bytes, b'{');
    std::iter::from_fn(move || {
        let start = skip(bytes, at);
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let end = end_of_string(bytes, start);
        let value = skip(bytes, end);
        at = end_of_value(bytes, value);
        Some((Name::of(object.get(start..end)?), object.get(value..at)?))
    })
}

/// The items of a checked array in their order; none of any other value.
pub(crate) fn items(array: &str) -> impl Iterator<Item = &str> {
    let bytes = array.as_bytes();
    let mut at = inside(bytes, b'[');
    std::iter::from_fn(move || {
        let start = skip(bytes, at);
        if matches!(bytes.get(start), None | Some(b']')) {
            return None;
        }
        at = end_of_value(bytes, start);
        array.get(start..at)
    })
}

/// Behind the bracket that opens the text; its end when it is another value.
fn inside(bytes: &[u8], open: u8) -> usize {
    if bytes.first() == Some(&open) {
        1
    } else {
        bytes.len()
    }
}

/// From `at` over white space and what separates parts.
fn skip(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Whether a string that ends here is a name, by what stands behind it.
fn is_name(bytes: &[u8], end: usize) -> bool {
    let behind = bytes.get(end..).unwrap_or_default();
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Behind the closing quote of the string that starts here.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
    let rest = &bytes[start..];
    start + rest.iter().position(ends).unwrap_or(rest.len())
}

fn end_of_value(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        None => bytes.len(),
        Some(b'"') => end_of_string(bytes, start),
        Some(b'{' | b'[') => end_of_brackets(bytes, start),
        Some(_) => end_of_word(bytes, start),
    }
}

fn end_of_brackets(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The name of a member. JSON can write names that are no text, for they hold half of a surrogate pair: they are told apart by their spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name<'t> {
    /// The name; for one that is no text its spelling as [`push_spelling`] has it.
    text: Cow<'t, str>,
    is_text: bool,
}

impl<'t> Name<'t> {
    /// The name that a checked string, in its quotes, stands for.
    pub(crate) fn of(raw: &'t str) -> Self {
        match string(raw) {
            Ok(text) => Self {
                text,
                is_text: true,
            },
            Err(_) => Self {
                text: Cow::Owned(spelling(raw)),
                is_text: false,
            },
        }
    }

    /// The name that a checked string without escapes, in its quotes, stands for.
    #[cfg(feature = "transform")]
    pub(crate) fn without_escapes(raw: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(raw.get(1..raw.len() - 1).unwrap_or_default()),
            is_text: true,
        }
    }

    /// The name where it is a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        self.is_text.then_some(&*self.text)
    }

    /// The name, or the spelling of one that is not a text.
    #[cfg(feature = "transform")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How people are shown the name.
    pub(crate) fn shown(self) -> Cow<'t, str> {
        self.text
    }

    /// The name as JSON.
    #[cfg(feature = "transform")]
    pub(crate) fn push_json(&self, out: &mut Vec<u8>) {
        if self.is_text {
            push_string(out, &self.text);
        } else {
            out.push(b'"');
            out.extend_from_slice(self.text.as_bytes());
            out.push(b'"');
        }
    }
}

/// One spelling for each meaning of a checked string that is no text, without its quotes: halves of surrogate pairs stay escaped.
fn spelling(raw: &str) -> String {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.get(1..raw.len() - 1).unwrap_or_default();
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        // A pair of halves is one character.
        let taken = [12, 6, 2]
            .into_iter()
            .find_map(|len| Some((len, decoded(rest.get(..len)?)?)));
        let len = match taken {
            Some((len, text)) => {
                let from = out.len();
                push_string(&mut out, &text);
                out.remove(from);
                out.pop();
                len
            }
            None => {
                let half = rest.get(..6).unwrap_or(rest);
                out.extend_from_slice(half.to_ascii_lowercase().as_bytes());
                half.len()
            }
        };
        rest = &rest[len..];
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// The one character that these escapes stand for.
fn decoded(escapes: &str) -> Option<String> {
    let text: String = serde_json::from_str(&format!("\"{escapes}\"")).ok()?;
    (text.chars().count() == 1).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::Token::{Array, End, Name as Named, Object, Text, Word};
    use super::*;

    #[test]
    fn tokens_come_in_the_order_of_the_text() {
        let text = r#" { "a" : [1, "b:" ,{}], "\"c\\" :null,"d":-1e5 } "#;
        let found: Vec<Token<'_>> = Tokens::of(text).collect();
        let expected = [
            Object,
            Named("\"a\""),
            Array,
            Word("1"),
            Text("\"b:\""),
            Object,
            End,
            End,
            Named(r#""\"c\\""#),
            Word("null"),
            Named("\"d\""),
            Word("-1e5"),
            End,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn members_and_items_keep_their_texts() {
        let object = r#"{ "a" : {"x":[1,{}]} , "b":"}" ,"\u0063":1 }"#;
        let found: Vec<_> = members(object)
            .map(|(name, value)| (name.shown().into_owned(), value))
            .collect();
        let expected = [("a", r#"{"x":[1,{}]}"#), ("b", "\"}\""), ("c", "1")];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
        let found: Vec<_> = items(r#"[ 1 ,"]",[2,[3]], {"a":[]} ]"#).collect();
        assert_eq!(found, ["1", "\"]\"", "[2,[3]]", r#"{"a":[]}"#]);
        assert_eq!(members("[1]").count() + items("{}").count(), 0);
        assert_eq!(members("{ }").count() + items("[ ]").count(), 0);
    }

    #[test]
    fn names_that_are_no_text_are_told_apart_and_written_back() {
        let json = |raw: &str| {
            let mut out = Vec::new();
            Name::of(raw).push_json(&mut out);
            String::from_utf8(out).expect("text")
        };
        for (raw, written) in [
            (r#""\ud800""#, r#""\ud800""#),
            (r#""\uDFFFx""#, r#""\udfffx""#),
            (
                r#""\u0041\n\/\ud83d\ude00\ud800\\""#,
                "\"A\\n/😀\\ud800\\\\\"",
            ),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""pl\u0061in""#, r#""plain""#),
        ] {
            assert_eq!(json(raw), written, "{raw}");
        }
        let names = [r#""\ud800""#, r#""\ud801""#, r#""\\ud800""#].map(Name::of);
        assert!(names[0] != names[1] && names[0] != names[2]);
        assert_eq!(names[0], Name::of(r#""\uD800""#));
        assert_eq!(
            (names[0].as_text(), names[2].as_text()),
            (None, Some("\\ud800"))
        );
    }

    #[test]
    fn no_depth_is_too_deep() {
        let deep = format!("{}1{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(Tokens::of(&deep).count(), 2_000_001);
        assert_eq!(
            items(&deep).map(str::len).collect::<Vec<_>>(),
            [deep.len() - 2]
        );
    }
}
