//! Keeping secrets out of everything that is printed.

mod marks;

use std::fmt;
use std::ops::Range;

/// What stands where a secret was.
pub(crate) const MASK: &str = "[redacted]";

/// Text that never prints: keys, signatures and tokens.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Every caller puts it on the wire and nowhere else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Where secrets stand in text that came from elsewhere: signatures, keys and tokens, in whatever quoting they came. For programs that
/// print such text themselves; what this crate prints is masked already.
///
/// ```
/// let mut line = String::from("refused: https://a.example/c?sp=r&sig=c2VjcmV0&se=2030");
/// let found: Vec<_> = jobs_ext::secrets_in(&line).collect();
/// for place in found.into_iter().rev() {
///     line.replace_range(place, "[redacted]");
/// }
/// assert_eq!(line, "refused: https://a.example/c?sp=r&sig=[redacted]&se=2030");
/// ```
pub fn secrets_in(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(ch) = text[at..].chars().next() {
            if let Some(secret) = marks::secret_at(text, at) {
                at = secret.end;
                return Some(secret);
            }
            at += ch.len_utf8();
        }
        None
    })
}

/// Copies foreign text (a service message, a library's error) without the secrets it may quote, on one line, and cut at `limit` characters.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut line = Line::new(text.len(), limit);
    let mut at = 0;
    while let Some(ch) = text[at..].chars().next() {
        if line.is_full() {
            line.text.push('…');
            break;
        }
        match marks::secret_at(text, at) {
            Some(secret) => {
                text[at..secret.start].chars().for_each(|ch| line.push(ch));
                MASK.chars().for_each(|ch| line.push(ch));
                at = secret.end;
            }
            None => {
                line.push(ch);
                at += ch.len_utf8();
            }
        }
    }
    line.text.truncate(line.text.trim_end().len());
    line.text
}

/// One line of text that grows: blanks and control characters in a row are one space.
struct Line {
    text: String,
    count: usize,
    limit: usize,
    blank: bool,
}

impl Line {
    fn new(length: usize, limit: usize) -> Self {
        Self {
            text: String::with_capacity(length.min(limit.saturating_mul(4))),
            count: 0,
            limit,
            blank: true,
        }
    }

    fn is_full(&self) -> bool {
        self.count >= self.limit
    }

    fn push(&mut self, ch: char) {
        let is_blank = ch.is_whitespace() || ch.is_control();
        if is_blank && self.blank {
            return;
        }
        self.text.push(if is_blank { ' ' } else { ch });
        self.count += 1;
        self.blank = is_blank;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let text = "GET https://a/c?sp=r&SIG=abc%2Fdef&se=1 SharedAccessKey=QUJD; Authorization: Bearer ey.J0.x, done";
        let out = clean(text, 500);
        for secret in ["abc", "QUJD", "ey.J0"] {
            assert!(!out.contains(secret), "{out}");
        }
        assert!(
            out.contains("&se=1") && out.contains("sp=r") && out.ends_with(", done"),
            "{out}"
        );
    }

    /// Every spelling in which a secret was seen to come; `@` stands for it.
    const SPELLINGS: [&str; 35] = [
        "https://a/c?sp=r&sig=@&se=1",
        "sig=\"@\"",
        "sig='@'",
        "sig= @",
        "sig =\n@",
        "sig=Some(\"@\")",
        "sig=<@>",
        r#"{"sig":"@"}"#,
        "sig%3D@%26se%3D1",
        "sig%253D@",
        "a%252Fc%253Fsp%253Dr%2526sig%253D@%2526se",
        "c%25253Fsp%25253Dr%252526sig%25253D@%252526se",
        "sig%25253d@",
        r#"{"primaryKey":"@"}"#,
        r#"{"primaryKey": "@"}"#,
        r#"{ "secondaryKey" : "@" }"#,
        r#"{\"primaryKey\":\"@\"}"#,
        r#"{\\\"primaryKey\\\": \\\"@\\\"}"#,
        "{'primaryKey': '@'}",
        r"{\u0022primaryKey\u0022:\u0022@\u0022}",
        "%22primaryKey%22%3A%22@%22",
        "&quot;primaryKey&quot;:&quot;@&quot;",
        "\"\"primaryKey\"\":\"\"@\"\"",
        "SharedAccessKey=@;x=y",
        "SharedAccessKey: @",
        "AccountKey = @",
        "Authorization: Bearer @",
        "Authorization: Bearer  @",
        "authorization: bearer\t@",
        "Bearer%20@",
        r#"{"access_token":"@"}"#,
        "access_token=@&x",
        r#"{"refresh_token": "@"}"#,
        r#"{"client_secret":"@"}"#,
        "client_secret=@",
    ];

    #[test]
    fn a_secret_is_masked_in_every_spelling_that_introduces_it() {
        for spelling in SPELLINGS {
            for secret in [
                "x",
                "planted",
                "pl+an/ted==",
                r"pl\/anted",
                r"pl\u002Banted",
            ] {
                let text = spelling.replace('@', secret);
                let before = spelling.split('@').next().unwrap_or_default();
                let out = clean(&text, 500);
                let shown = out.split(MASK).next().unwrap_or_default();
                assert!(out.contains(MASK), "{text}: {out}");
                assert!(!out.contains("anted"), "{text}: {out}");
                assert_eq!(shown.trim_end(), clean(before, 500).trim_end(), "{text}");
                assert_eq!(clean(&out, 500), out, "masked once more: {text}");
            }
        }
    }

    #[test]
    fn user_and_password_in_a_url_are_redacted() {
        for (text, shown) in [
            (
                "proxy http://user:planted@proxy.example:3128 failed",
                "proxy http://[redacted]@proxy.example:3128 failed",
            ),
            ("https://u:pl@nted@h/a@b", "https://[redacted]@h/a@b"),
            ("(\"http://planted@h\")", "(\"http://[redacted]@h\")"),
            ("https://h/devices@b and a@b", "https://h/devices@b and a@b"),
            ("https://@h", "https://@h"),
        ] {
            assert_eq!(clean(text, 500), shown);
            assert_eq!(clean(shown, 500), shown);
        }
    }

    #[test]
    fn a_web_token_is_masked_wherever_it_stands() {
        for text in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
            "token (eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl) refused",
            "x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJh.eyJz.c2ln",
        ] {
            let out = clean(text, 500);
            assert!(out.contains(MASK) && !out.contains("eyJ"), "{out}");
        }
        assert_eq!(clean("heyJude", 100), "heyJude");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "Design: blue",
            "the sig is missing",
            "SharedAccessKeyName=owner;HostName=h",
            r#"{"primaryKey":"","status":"enabled"}"#,
            "tokens: 3",
            "a bearer",
            "the bearer of this message",
            "design=blue and redesign:x",
            "primaryKey: must be base64 of 16 to 64 bytes",
            r#"{"primaryKey":null}"#,
            "HostName=…;SharedAccessKey=…",
        ] {
            assert_eq!(clean(text, 500), text);
        }
    }

    /// As many beginnings of secrets as fit: with a scan to the end for each of them this would not end.
    #[test]
    fn cleaning_takes_time_in_proportion_to_the_text() {
        for piece in ["sig", "sig%25", "sig \"", "primaryKey\\", "heyJ "] {
            let text = piece.repeat(1 << 16);
            assert_eq!(clean(&text, usize::MAX), text.trim_end(), "{piece}");
        }
        assert_eq!(clean(&"eyJ.".repeat(1 << 16), 100), MASK);
    }

    proptest::proptest! {
        #[test]
        fn a_planted_secret_survives_in_no_spelling(
            spelling in proptest::sample::select(&SPELLINGS[..]),
            secret in "[A-Za-z0-9+/_-]{4,60}={0,2}",
            before in "\\PC{0,30}",
            after in "\\PC{0,30}",
        ) {
            let planted = format!("{secret}.planted");
            let out = clean(&format!("{before} {} {after}", spelling.replace('@', &planted)), 2000);
            proptest::prop_assert!(!out.contains("planted"), "{}", out);
        }

        #[test]
        fn cleaning_never_panics(text in "((sig|bearer|primaryKey|eyJ|SharedAccessKey)?[ =:%\"'\\\\&;]{0,4}\\PC{0,12}){0,6}", limit in 0usize..200) {
            proptest::prop_assert!(clean(&text, limit).chars().count() <= limit + 64);
        }
    }

    #[test]
    fn a_word_about_a_token_is_none() {
        let text = "the bearer token's audience is not https://iothubs.azure.net";
        assert_eq!(clean(text, 500), text);
        assert_eq!(clean("Bearer token-1", 500), "Bearer [redacted]");
    }

    #[test]
    fn text_becomes_one_bounded_line() {
        assert_eq!(clean(" a\r\n\n b\tc\u{1b}[0m ", 100), "a b c [0m");
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean("ééé", 2), "éé…");
    }

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", Secret::new("planted")), MASK);
    }
}
