//! The last line of defence for secrets: masks whatever looks like one in text on its way out.
//!
//! Secrets live in redacting types elsewhere; this catches what never went through such a type, for example a
//! mistyped argument that the argument parser quotes back, or the raw line that a hub repeats in an error log.

use std::borrow::Cow;

use serde_json::Value;

/// What stands where a secret stood: the same as in what `jobs-ext` has masked.
pub(crate) const MASK: &str = "***";

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
