//! The last line of defence for secrets: masks whatever looks like one in text on its way out.
//!
//! Secrets live in redacting types elsewhere; this catches what never went through such a type, for example a
//! mistyped argument that the argument parser quotes back, or the raw line that a hub repeats in an error log.

use std::borrow::Cow;

use serde_json::Value;

/// What stands where a secret stood: the same as in what `jobs-ext` has masked.
pub(crate) const MASK: &str = "***";

/// `name=value` pairs whose value is a secret wherever they occur.
const PAIRS: [&str; 4] = ["sig", "sharedaccesskey", "accountkey", "client_secret"];
/// JSON members whose string value is a secret.
const MEMBERS: [&str; 4] = [
    "primarykey",
    "secondarykey",
    "sharedaccesskey",
    "accountkey",
];
/// Characters that end a value in running text.
const ENDS: [char; 12] = ['&', ';', ',', '"', '\'', '`', '<', '>', ')', ']', '}', '\\'];
/// A bearer token is at least this long; shorter words after "Bearer" are prose.
const SHORTEST_TOKEN: usize = 20;

/// Masks signatures, keys and bearer tokens in running text.
pub(crate) fn text(input: &str) -> Cow<'_, str> {
    let mut output = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut previous_is_word = false;
    while let Some(character) = input[at..].chars().next() {
        if !previous_is_word && let Some((start, end)) = secret_at(input, at) {
            output.push_str(&input[copied..start]);
            output.push_str(MASK);
            copied = end;
            at = end;
            previous_is_word = false;
            continue;
        }
        at += character.len_utf8();
        previous_is_word = (character.is_ascii_alphanumeric() || character == '_')
            && !ends_in_escape(&input[..at]);
    }
    if copied == 0 {
        return Cow::Borrowed(input);
    }
    output.push_str(&input[copied..]);
    Cow::Owned(output)
}

/// Masks every string of a JSON document, and the values of members that hold keys.
pub(crate) fn json(value: &mut Value) {
    match value {
        Value::String(content) => {
            if let Cow::Owned(masked) = text(content) {
                *content = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(json),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let secret = MEMBERS.iter().any(|known| name.eq_ignore_ascii_case(known));
                match member {
                    Value::String(content) if secret && !content.is_empty() => {
                        MASK.clone_into(content)
                    }
                    other => json(other),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether the text ends in a percent escape, whose digits belong to no word.
fn ends_in_escape(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The range of the secret that a marker at `at` introduces.
fn secret_at(input: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &input[at..];
    for name in PAIRS {
        if let Some(after) = strip_prefix_ignoring_case(rest, name)
            && let Some(value) = after
                .strip_prefix('=')
                .or_else(|| strip_prefix_ignoring_case(after, "%3d"))
        {
            return range(input, value, 1);
        }
    }
    for name in MEMBERS {
        if let Some(after) = strip_prefix_ignoring_case(rest, name)
            && let Some(value) = quoted_value(after)
        {
            return range(input, value, 1);
        }
    }
    strip_prefix_ignoring_case(rest, "bearer ")
        .and_then(|token| range(input, token, SHORTEST_TOKEN))
}

/// The start of a quoted value after a quoted member name, however often the quotes are escaped.
fn quoted_value(after_name: &str) -> Option<&str> {
    let after_quote = after_name
        .trim_start_matches('\\')
        .strip_prefix(['"', '\''])?;
    let after_colon = after_quote.trim_start().strip_prefix([':', '='])?;
    after_colon
        .trim_start()
        .trim_start_matches('\\')
        .strip_prefix(['"', '\''])
}

/// From the start of `value` to its end, as offsets in `input`, when it is at least `shortest` bytes long.
fn range(input: &str, value: &str, shortest: usize) -> Option<(usize, usize)> {
    let start = input.len() - value.len();
    let by_character =
        value.find(|c: char| c.is_whitespace() || c.is_control() || ENDS.contains(&c));
    let by_escape = value
        .as_bytes()
        .windows(3)
        .position(|w| w.eq_ignore_ascii_case(b"%26"));
    let length = by_character
        .unwrap_or(value.len())
        .min(by_escape.unwrap_or(value.len()));
    // What stands for a value in our own advice.
    let is_placeholder = &value[..length] == "…";
    (length >= shortest && !is_placeholder).then_some((start, start + length))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQ%2Babc%3D";

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        for form in [
            "https://a.blob.core.windows.net/c?sv=1&sig=@&se=2",
            "https://a/c?SIG=@",
            "unexpected argument 'https://a/c?sig=@' found",
            "HostName=h;SharedAccessKeyName=owner;SharedAccessKey=@",
            "SharedAccessSignature sr=h&sig=@&se=1&skn=p",
            "DefaultEndpointsProtocol=https;AccountKey=@;x=y",
            r#"{"symmetricKey":{"primaryKey":"@","secondaryKey" : "@"}}"#,
            r#"Invalid device format in line: {\"primaryKey\":\"@\"}"#,
            "next=https%3A%2F%2Fa%3Fsig%3D@%26se%3D1",
            "Authorization: Bearer @",
        ] {
            let masked = text(&form.replace('@', SECRET)).into_owned();
            assert!(!masked.contains("c2VjcmV0"), "{masked}");
            assert_eq!(masked, form.replace('@', MASK));
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for form in [
            "the policy name comes after SharedAccessKeyName=iothubowner;",
            "primaryKey: must be base64 of 16 to 64 bytes",
            r#"{"primaryKey":null}"#,
            "design=sigma sig",
            "HostName=…;SharedAccessKeyName=…;SharedAccessKey=…",
            "the bearer of this message",
        ] {
            assert_eq!(text(form), form);
        }
    }

    #[test]
    fn json_documents_keep_their_shape() {
        let mut value = serde_json::json!({
            "outputBlobContainerUri": format!("https://a/c?sig={SECRET}"),
            "authentication": {"symmetricKey": {"primaryKey": "short", "secondaryKey": null}},
            "rows": [format!("AccountKey={SECRET}")],
        });
        json(&mut value);
        assert_eq!(
            value,
            serde_json::json!({
                "outputBlobContainerUri": "https://a/c?sig=***",
                "authentication": {"symmetricKey": {"primaryKey": "***", "secondaryKey": null}},
                "rows": ["AccountKey=***"],
            })
        );
    }

    proptest! {
        #[test]
        fn masking_never_panics_and_is_stable(input in ".{0,80}", tail in "(sig=|primaryKey\":\"|bearer )?.{0,40}") {
            let once = text(&format!("{input}{tail}")).into_owned();
            prop_assert_eq!(text(&once).into_owned(), once);
        }
    }
}
