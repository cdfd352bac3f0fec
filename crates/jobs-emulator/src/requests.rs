//! The latest requests, with secrets masked.

use std::collections::VecDeque;
use std::sync::Mutex;

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

/// Masks values of query parameters that carry secrets.
pub(crate) fn mask_target(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let masked: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if !is_harmless(name) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", masked.join("&"))
}

/// The query parameters the service knows; what a stranger puts there may be secret.
fn is_harmless(name: &str) -> bool {
    [
        "api-version",
        "top",
        "jobType",
        "jobStatus",
        "limit",
        "pageSize",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(name))
}

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
