//! Keeping secrets out of everything that is printed.

use std::fmt;

/// What stands where a secret was.
pub(crate) const MASK: &str = "***";

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

/// What introduces a token of Entra ID.
const BEARER: &str = "bearer ";

/// Introducers after which a secret runs to the next delimiter. Lower case: the search ignores case.
const INTRODUCERS: [&str; 9] = [
    "sig=",
    "sig%3d",
    "sharedaccesskey=",
    "accountkey=",
    BEARER,
    "\"primarykey\":\"",
    "\"secondarykey\":\"",
    "primarykey=",
    "secondarykey=",
];

/// Copies foreign text (a service message, a library's error) without the secrets it may quote, on one line, and cut at `limit` characters.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit * 4));
    let mut rest = text;
    let mut count = 0usize;
    let mut blank = true;
    while let Some(ch) = rest.chars().next() {
        if count >= limit {
            out.push('…');
            break;
        }
        if let Some(length) = introducer(rest) {
            let keep = rest.get(..length).unwrap_or_default();
            out.push_str(keep);
            out.push_str(MASK);
            count += length + MASK.len();
            rest = skip_secret(rest.get(length..).unwrap_or_default());
            blank = false;
            continue;
        }
        rest = &rest[ch.len_utf8()..];
        if ch.is_whitespace() || ch.is_control() {
            if !blank {
                out.push(' ');
                count += 1;
            }
            blank = true;
        } else {
            out.push(ch);
            count += 1;
            blank = false;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn introducer(text: &str) -> Option<usize> {
    INTRODUCERS.iter().find_map(|intro| {
        let head = text.as_bytes().get(..intro.len())?;
        let introduces =
            head.eq_ignore_ascii_case(intro.as_bytes()) && !is_prose(intro, &text[intro.len()..]);
        introduces.then_some(intro.len())
    })
}

/// Whether an introducer and what follows are words about a secret: "the bearer token's audience".
fn is_prose(intro: &str, rest: &str) -> bool {
    let word = &rest[..rest.len() - skip_secret(rest).len()];
    intro == BEARER && word.eq_ignore_ascii_case("token")
}

fn skip_secret(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_whitespace() || c.is_control() || "&;\"'<>,)\\}".contains(c))
        .unwrap_or(text.len());
    &text[end..]
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

    #[test]
    fn a_word_about_a_token_is_none() {
        let text = "the bearer token's audience is not https://iothubs.azure.net";
        assert_eq!(clean(text, 500), text);
        assert_eq!(clean("Bearer token-1", 500), "Bearer ***");
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
