//! Texts without the secrets in them.

use percent_encoding::percent_decode_str;

/// What is shown in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Redacts what may be a secret in path and query: whole segments of the path that are no plain name, names of the query that nobody knows, and
/// values unless they are known to be harmless.
pub(crate) fn target(text: &str) -> String {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let mut redacted = join(path, '/', segment_of);
    if let Some(query) = query {
        redacted.push('?');
        redacted.push_str(&join(query, '&', parameter_of));
    }
    redacted
}

fn join(text: &str, separator: char, redact: impl Fn(&str) -> String) -> String {
    let parts: Vec<String> = text.split(separator).map(redact).collect();
    parts.join(&separator.to_string())
}

/// Ids are shown. A URI, a token or a key in their place has one of these characters, written out or encoded, even twice.
fn segment_of(segment: &str) -> String {
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    if decoded.contains(['%', '=', '&', '?', '/', ' ']) {
        REDACTED.to_owned()
    } else {
        segment.to_owned()
    }
}

fn parameter_of(pair: &str) -> String {
    let (name, value) = match pair.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (pair, None),
    };
    let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let shown = known(HARMLESS) && value.is_none_or(is_plain);
    let name = if name.is_empty() || known(HARMLESS) || known(SECRET) {
        name
    } else {
        REDACTED
    };
    match value {
        None => name.to_owned(),
        Some(value) if shown => format!("{name}={value}"),
        Some(_) => format!("{name}={REDACTED}"),
    }
}

/// Query parameters of the service whose values are shown.
const HARMLESS: &[&str] = &[
    "api-version",
    "top",
    "jobType",
    "jobStatus",
    "limit",
    "pageSize",
];

/// Query parameters whose names are shown and whose values are not.
const SECRET: &[&str] = &[
    "continuationToken",
    "sv",
    "ss",
    "sr",
    "srt",
    "sp",
    "spr",
    "sip",
    "st",
    "se",
    "si",
    "sig",
    "skn",
];

/// A version, a number, or a word of an enumeration.
fn is_plain(value: &str) -> bool {
    let is_version = value
        .strip_suffix("-preview")
        .unwrap_or(value)
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(value));
    value.len() <= 32 && (is_version || is_word)
}

/// The words that a caller may filter jobs by.
const WORDS: &[&str] = &[
    "export",
    "import",
    "scheduleUpdateTwin",
    "scheduleDeviceMethod",
    "unknown",
    "enqueued",
    "queued",
    "scheduled",
    "running",
    "completed",
    "failed",
    "cancelled",
];

/// Redacts the query of a container's URI, and its signature wherever it is alone.
pub(crate) fn query_in(text: &str, query: &str) -> String {
    let mut text = text.replace(query, REDACTED);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if name == "sig" && !value.is_empty() {
            let decoded = percent_decode_str(value).decode_utf8_lossy();
            text = text
                .replace(value, REDACTED)
                .replace(decoded.as_ref(), REDACTED);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_a_query_are_redacted() {
        let redacted = target("/jobs?api-version=2021-04-12&sig=PLANTED%2Bsecret&top=1");
        assert_eq!(
            redacted,
            "/jobs?api-version=2021-04-12&sig=[redacted]&top=1"
        );
    }
}
