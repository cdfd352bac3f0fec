//! The last line of defence for secrets: masks whatever looks like one in text on its way out.
//!
//! Secrets live in redacting types elsewhere; this catches what never went through such a type, for example a
//! mistyped argument that the argument parser quotes back, or the raw line that a hub repeats in an error log.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

/// What stands where a secret stood: the same as in what `jobs-ext` has masked.
pub(crate) const MASK: &str = "[redacted]";

/// JSON members whose string value is a secret.
const MEMBERS: [&str; 9] = [
    "sig",
    "sharedaccesskey",
    "accountkey",
    "primarykey",
    "secondarykey",
    "client_secret",
    "access_token",
    "refresh_token",
    "id_token",
];

/// Masks signatures, keys and tokens in running text.
pub(crate) fn text(input: &str) -> Cow<'_, str> {
    let mut output = String::new();
    let mut copied = 0;
    for secret in jobs_ext::secrets_in(input) {
        output.push_str(&input[copied..secret.start]);
        output.push_str(MASK);
        copied = secret.end;
    }
    if copied == 0 {
        return Cow::Borrowed(input);
    }
    output.push_str(&input[copied..]);
    Cow::Owned(output)
}

/// What announces a secret in the text of an argument.
const MARKS: [&str; 5] = [
    "sharedaccesskey",
    "sharedaccesssignature",
    "accountkey",
    "hostname=",
    "sig=",
];

/// Whether an argument that should name a file is a secret: a connection string, a URI with a signature, a token or a bare key.
pub(crate) fn is_secret(argument: &str) -> bool {
    let lower = argument.to_ascii_lowercase();
    let last = argument.rsplit(['/', '\\']).next().unwrap_or(argument);
    MARKS.iter().any(|mark| lower.contains(mark))
        || jobs_ext::secrets_in(argument).next().is_some()
        || padded_key(argument).is_some()
        || [argument, last].into_iter().any(is_random)
}

/// Redacts what [`text`] finds, and words that are bare keys, as a message may quote them.
pub(crate) fn message(input: &str) -> String {
    let input = text(input);
    let mut output = String::with_capacity(input.len());
    for word in input.split_inclusive(|c: char| c.is_whitespace() || "'`\"()[]<>,;".contains(c)) {
        let mut rest = word;
        while let Some(key) = padded_key(rest) {
            output.push_str(&rest[..key.start]);
            output.push_str(MASK);
            rest = &rest[key.end..];
        }
        output.push_str(rest);
    }
    output
}

/// The first bare key in a word, which may be a part of a path. A key may have slashes of its own.
fn padded_key(word: &str) -> Option<Range<usize>> {
    let ends = word.match_indices('=').map(|(at, _)| at + 1);
    let mut ends =
        ends.filter(|end| !word[*end..].starts_with(|c: char| c == '=' || c.is_alphanumeric()));
    ends.find_map(|end| {
        let inner = word[..end].match_indices(['/', '\\', ':', '=']);
        let starts = std::iter::once(0).chain(inner.map(|(at, mark)| at + mark.len()));
        starts
            .map(|start| start..end)
            .find(|range| is_padded_key(&word[range.clone()]))
    })
}

/// Base64 that ends as keys of 16, 32 or 64 bytes do.
fn is_padded_key(word: &str) -> bool {
    let key = word.trim_end_matches('=');
    let padding = word.len() - key.len();
    (1..=2).contains(&padding)
        && key.len() >= 20
        && word.len().is_multiple_of(4)
        && !word.starts_with('-')
        && key.bytes().all(is_of_key)
}

/// Letters of both cases and digits in such disorder as no name has; marks between them do not count. Shorter keys without padding are not recognized.
fn is_random(word: &str) -> bool {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = word.as_bytes();
    let changes = bytes
        .windows(2)
        .map(|pair| (class(pair[0]), class(pair[1])))
        .filter(|(left, right)| left != right && *left < 3 && *right < 3)
        .count();
    bytes.len() >= 32
        && bytes.iter().copied().all(is_of_key)
        && (0..3).all(|wanted| bytes.iter().any(|byte| class(*byte) == wanted))
        && changes * 5 >= bytes.len() * 2
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
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
            "Authorization: Bearer  @",
            "sig=\"@\"",
            "sig='@'",
            "sig= @",
            "sig%253D@",
            "SharedAccessKey: @",
            r#"{"access_token":"@"}"#,
            r#"{\"client_secret\": \"@\"}"#,
        ] {
            let masked = text(&form.replace('@', SECRET)).into_owned();
            assert!(!masked.contains("c2VjcmV0"), "{masked}");
            assert_eq!(masked, form.replace('@', MASK));
        }
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl";
        assert_eq!(text(&format!("token {token}.")), format!("token {MASK}"));
    }

    /// A key as the portal shows it, and without its padding.
    const KEY: &str = "ZtMQnCUKRbgCAbXkI5FT8C/GOcHz3+r8rNEUJh2SD5w=";

    #[test]
    fn a_secret_in_place_of_a_file_name_is_recognized() {
        for secret in [
            KEY,
            KEY.trim_end_matches('='),
            "/srv/keys/ZtMQnCUKRbgCAbXkI5FT8C_GOcHz3-r8rNEUJh2SD5w",
            "c2VjcmV0LXNlY3JldC1zZWM=",
            "/proc/ZtMQnCUKRbgCAbXkI5FT8C/GOcHz3+r8rNEUJh2SD5w=",
            "ZtMQnCUKRbgCAbXkI5FT8C/GOcHz3+r8rNEUJh2SD5w=/x.txt",
            "../c2VjcmV0LXNlY3JldC1zZWM=/x/y",
            "HostName=h;SharedAccessKeyName=p;SharedAccessKey=x",
            "https://a.blob.core.windows.net/c?sp=r&sig=x",
            "SharedAccessSignature sr=h",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
            "http://user:planted@proxy.example",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for name in [
            "devices.txt",
            "/srv/User1/Documents/Backup2026/fleetDevices",
            "/var/folders/zz/T/export-2026-12-01T00-00-00Z-Full/hub1/devicesOfTheFleet",
            "7b0c7f3e-1111-4222-8333-000000000001",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "a=",
            "-",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_bare_key_in_a_message_is_redacted() {
        assert_eq!(
            message(&format!("cannot read {KEY}: no such file; '{KEY}', {KEY}.")),
            "cannot read [redacted]: no such file; '[redacted]', [redacted]."
        );
        assert_eq!(
            message(&format!("/proc/{KEY} {KEY}/x --out={KEY} a/{KEY}/b/{KEY}")),
            "/proc/[redacted] [redacted]/x --out=[redacted] a/[redacted]/b/[redacted]"
        );
        for text in [
            "etag AAAAAAAAAAE=",
            "--output-container-file=",
            "a == b",
            "größe = 設備",
        ] {
            assert_eq!(message(text), text);
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
                "outputBlobContainerUri": "https://a/c?sig=[redacted]",
                "authentication": {"symmetricKey": {"primaryKey": "[redacted]", "secondaryKey": null}},
                "rows": ["AccountKey=[redacted]"],
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
