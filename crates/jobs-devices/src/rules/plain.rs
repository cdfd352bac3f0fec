//! A quick look at a section of a twin, which settles almost every row.

use super::twin::{MAX_DEPTH, MAX_KEY_BYTES, MAX_STRING_BYTES, Section};

/// Longest number that surely is within the integers of a twin, in characters.
const SHORT_NUMBER: usize = 15;

/// Whether a section surely keeps every rule of [`twin_section`](super::twin_section), and has neither `null`, nor an escape, nor a name with `$`.
/// `false` means that it takes a closer look. One pass over the bytes; nothing is decoded.
///
/// `json` is the text of a JSON object that has been checked, as those of a [`RowRef`](crate::RowRef) and a [`JsonObject`](crate::JsonObject)
/// are; of any other text the answer means nothing.
///
/// ```
/// use jobs_devices::rules::{Section, is_plain_section};
/// assert!(is_plain_section(Section::Tags, r#"{"site":"Zürich","floor":3}"#));
/// assert!(!is_plain_section(Section::Tags, r#"{"a.b":1}"#));
/// ```
#[must_use]
pub fn is_plain_section(section: Section, json: &str) -> bool {
    let bytes = json.as_bytes();
    // A number counts 8 bytes and takes at least two of the text, and nothing else counts more than it takes.
    if bytes.len() > section.max_bytes() / 4 || memchr::memchr(b'\\', bytes).is_some() {
        return false;
    }
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let rest = &bytes[at..];
                let Some(end) = rest.iter().position(|&byte| byte == b'"') else {
                    return false;
                };
                let (text, behind) = (&rest[..end], &rest[end + 1..]);
                let keeps = if is_name(behind) {
                    is_plain_name(text)
                } else {
                    text.len() <= MAX_STRING_BYTES
                };
                if !keeps {
                    return false;
                }
                at += end + 1;
            }
            b'{' | b'[' => {
                depth += 1;
                // The section itself is level 0.
                if depth > MAX_DEPTH + 1 {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let more = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
                let len = 1 + bytes[at..].iter().take_while(more).count();
                if len > SHORT_NUMBER {
                    return false;
                }
                at += len - 1;
            }
            b't' => at += "rue".len(),
            b'f' => at += "alse".len(),
            b':' | b',' | b' ' | b'\t' | b'\n' | b'\r' => {}
            // An exponent, or null.
            _ => return false,
        }
    }
    true
}

/// Whether a string is a name, by what stands behind it.
fn is_name(behind: &[u8]) -> bool {
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn is_plain_name(name: &[u8]) -> bool {
    name.len() <= MAX_KEY_BYTES
        && name
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'.' | b'$' | b'#'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::twin::closer_look;
    use super::*;
    use crate::JsonObject;

    const LEAVES: &[&str] = &[
        "4503599627370496",
        "-4503599627370496",
        "-4503599627370495",
        "18446744073709551616",
        "-4503599627370497",
        "999999999999999",
        "1e400",
        "0.25",
        "-1",
        "null",
        "true",
        "false",
        "\"a\\\"b\"",
    ];

    /// JSON with everything at and beyond the limits now and then.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            4 => "[0-9]{1,3}".boxed(),
            4 => "\"[a-z :,{}\\[\\]é]{0,6}\"".boxed(),
            4 => prop::sample::select(LEAVES).prop_map(str::to_owned).boxed(),
            1 => (4090_usize..4100).prop_map(|len| format!("\"{}\"", "x".repeat(len))).boxed(),
        ];
        leaf.prop_recursive(12, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|all| format!("[{}]", all.join(", "))),
                object_of(inner.boxed()),
            ]
        })
    }

    fn object_of(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
        let name = prop_oneof![
            8 => "[a-z]{1,4}",
            1 => "[a-z.$# \u{7f}\u{85}é]{1,3}",
            1 => Just("$metadata".to_owned()),
            1 => (1020_usize..1030).prop_map(|len| "n".repeat(len)),
        ];
        let space = prop_oneof![4 => Just(""), 1 => Just(" ")];
        prop::collection::vec((name, space, inner), 0..4).prop_map(|members| {
            let texts: Vec<String> = members
                .into_iter()
                .map(|(name, space, value)| format!("\"{name}\"{space}:{space}{value}"))
                .collect();
            format!("{{{}}}", texts.join(","))
        })
    }

    proptest! {
        #[test]
        fn what_is_plain_keeps_every_rule(json in object_of(value().boxed())) {
            let Ok(object) = JsonObject::new(&json) else {
                return Ok(());
            };
            for section in [Section::Tags, Section::Desired] {
                if is_plain_section(section, &json) {
                    prop_assert_eq!(closer_look(section, &object), vec![], "{}", json);
                    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
                    let text = value.to_string();
                    prop_assert!(!text.contains("null") && !text.contains("\"$") && !json.contains('\\'), "{}", json);
                }
            }
        }
    }

    #[test]
    fn every_limit_is_seen() {
        let nested =
            |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        let numbers = format!("{{\"a\":[{}]}}", vec!["1"; 1100].join(","));
        for (json, plain) in [
            (nested(MAX_DEPTH), true),
            (nested(MAX_DEPTH + 1), false),
            (format!("{{\"{}\":1}}", "n".repeat(MAX_KEY_BYTES)), true),
            (
                format!("{{\"{}\":1}}", "n".repeat(MAX_KEY_BYTES + 1)),
                false,
            ),
            (
                format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_STRING_BYTES)),
                true,
            ),
            (
                format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_STRING_BYTES + 1)),
                false,
            ),
            (numbers, true),
            ("{\"a\" : null}".to_owned(), false),
            ("{\"a b\" : 1}".to_owned(), false),
            ("{\"a\":\"b c\"}".to_owned(), true),
            ("{\"a\":4503599627370496}".to_owned(), false),
            ("{\"a\":1e2}".to_owned(), false),
            ("{}".to_owned(), true),
        ] {
            assert_eq!(is_plain_section(Section::Desired, &json), plain, "{json}");
        }
        let numbers = format!("{{\"a\":[{}]}}", vec!["1"; 1100].join(","));
        assert!(
            !is_plain_section(Section::Tags, &numbers),
            "1100 numbers count more than 8 KiB"
        );
    }
}
