//! The latest requests, with secrets masked.

use std::collections::VecDeque;
use std::sync::Mutex;

use percent_encoding::percent_decode_str;
use serde::Serialize;

/// Requests kept.
const CAPACITY: usize = 1000;

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestRecord {
    pub(crate) time: String,
    pub(crate) method: String,
    /// Path and query; signatures are masked.
    pub(crate) target: String,
    /// Operation id, or `unknown`.
    pub(crate) operation: &'static str,
    /// Absent when the connection was cut instead of answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<String>,
    pub(crate) request_id: String,
    pub(crate) milliseconds: u64,
}

/// A ring of the latest requests.
#[derive(Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<RequestRecord>>);

impl RequestLog {
    pub(crate) fn note(&self, record: RequestRecord) {
        let mut records = self.lock();
        if records.len() == CAPACITY {
            records.pop_front();
        }
        records.push_back(record);
    }

    /// The latest `limit` requests, newest first.
    pub(crate) fn latest(&self, limit: usize) -> Vec<RequestRecord> {
        self.lock().iter().rev().take(limit).cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<RequestRecord>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

const MASK: &str = "***";

/// Masks what may be a secret: whole segments of the path that are no plain name, names of the query that nobody knows, and
/// values unless they are known to be harmless.
pub(crate) fn mask_target(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut masked = join(path, '/', mask_segment);
    if let Some(query) = query {
        masked.push('?');
        masked.push_str(&join(query, '&', mask_parameter));
    }
    masked
}

fn join(text: &str, separator: char, mask: impl Fn(&str) -> String) -> String {
    let parts: Vec<String> = text.split(separator).map(mask).collect();
    parts.join(&separator.to_string())
}

/// Ids are shown. A URI, a token or a key in their place has one of these characters, written out or encoded, even twice.
fn mask_segment(segment: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if segment.bytes().all(is_word) {
        return segment.to_owned();
    }
    let mut decoded = segment.to_owned();
    for _ in 0..4 {
        decoded = percent_decode_str(&decoded)
            .decode_utf8_lossy()
            .into_owned();
    }
    let hides_more = percent_decode_str(&decoded).count() < decoded.len();
    if hides_more || decoded.contains(['=', '&', '?', '/', ' ']) {
        MASK.to_owned()
    } else {
        segment.to_owned()
    }
}

fn mask_parameter(pair: &str) -> String {
    let (name, value) = match pair.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (pair, None),
    };
    let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let shown = known(HARMLESS) && value.is_none_or(is_plain);
    let name = if name.is_empty() || known(HARMLESS) || known(SECRET) {
        name
    } else {
        MASK
    };
    match value {
        None => name.to_owned(),
        Some(value) if shown => format!("{name}={value}"),
        Some(_) => format!("{name}={MASK}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_a_query_are_masked() {
        let masked = mask_target("/jobs?api-version=2021-04-12&sig=PLANTED%2Bsecret&top=1");
        assert_eq!(masked, "/jobs?api-version=2021-04-12&sig=***&top=1");
    }

    #[test]
    fn the_oldest_request_makes_room() {
        let log = RequestLog::default();
        for n in 0..CAPACITY + 5 {
            log.note(RequestRecord {
                time: String::new(),
                method: "GET".to_owned(),
                target: n.to_string(),
                operation: "unknown",
                status: Some(200),
                error_code: None,
                request_id: String::new(),
                milliseconds: 0,
            });
        }
        let latest = log.latest(CAPACITY + 5);
        assert_eq!(latest.len(), CAPACITY);
        assert_eq!(latest[0].target, (CAPACITY + 4).to_string());
    }
}
