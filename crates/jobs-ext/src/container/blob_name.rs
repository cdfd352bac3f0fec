//! Names of blobs.

use crate::error::{Error, Result};

/// A blob's name as a caller gives it.
pub(crate) fn check_blob_name(name: &str, what: &str) -> Result<()> {
    match flaw_of_blob_name(name) {
        None => Ok(()),
        Some(flaw) => Err(Error::configuration(format!(
            "the name of the {what} blob {flaw}"
        ))),
    }
}

/// The longest name of a blob, in characters (the storage service's naming rules).
const LONGEST_NAME: usize = 1024;
/// The most parts between slashes (the same rules).
const MOST_SEGMENTS: usize = 254;

/// Why storage refuses a name, or why it would reach a blob of another one. A name travels inside a URL, so what climbs or separates
/// counts percent-encoded too.
pub(crate) fn flaw_of_blob_name(name: &str) -> Option<String> {
    let count = name.chars().count();
    if count == 0 {
        return Some("is empty".to_owned());
    }
    if count > LONGEST_NAME {
        return Some(format!(
            "has {count} characters; storage takes up to {LONGEST_NAME}"
        ));
    }
    if name.contains(|c: char| c.is_control() || matches!(c, '\\' | '?' | '#')) {
        return Some("holds a control character, a backslash, `?` or `#`".to_owned());
    }
    if name.split('/').count() > MOST_SEGMENTS {
        return Some(format!(
            "has more than {MOST_SEGMENTS} parts between slashes, which storage refuses"
        ));
    }
    let lower = name.to_ascii_lowercase();
    if lower.contains("%00") {
        return Some("holds an encoded zero byte (%00)".to_owned());
    }
    if lower.contains("%2f") || lower.contains("%5c") {
        return Some(
            "holds an encoded slash or backslash (%2f, %5c); write a slash as it is".to_owned(),
        );
    }
    name.split('/').find_map(
        |part| match part.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "" => Some("begins or ends with a slash, or has two in a row".to_owned()),
            "." | ".." => Some(format!(
                "has the part `{part}`: names do not climb out of their container"
            )),
            _ => None,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_storage_refuses_or_that_climb_are_told_with_their_flaw() {
        let long = "é".repeat(LONGEST_NAME);
        let deep = vec!["a"; MOST_SEGMENTS].join("/");
        for good in [
            "devices.txt",
            "2026/11/fleet.txt",
            "größe.txt",
            "a b",
            "100%",
            "a%20b",
            "a..b",
            "...",
            &long,
            &deep,
        ] {
            assert_eq!(flaw_of_blob_name(good), None, "{good}");
        }
        for (bad, part) in [
            ("", "empty"),
            (&*format!("{long}a"), "1025 characters"),
            (&*format!("{deep}/a"), "254 parts"),
            ("/a", "slash"),
            ("a/", "slash"),
            ("a//b", "slash"),
            ("..", "`..`"),
            ("a/../b", "`..`"),
            ("./a", "`.`"),
            ("%2e%2e/x", "`%2e%2e`"),
            (".%2E/x", "`.%2E`"),
            ("a%2Fb", "encoded slash"),
            ("a%5cb", "encoded slash"),
            ("a\\b", "backslash"),
            ("a?b", "`?`"),
            ("a#b", "`#`"),
            ("a\nb", "control character"),
            ("a%00", "zero byte"),
        ] {
            let flaw = flaw_of_blob_name(bad).unwrap_or_else(|| panic!("{bad} has no flaw"));
            assert!(flaw.contains(part), "{bad}: {flaw}");
        }
    }
}
