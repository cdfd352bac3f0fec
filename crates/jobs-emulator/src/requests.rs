//! The latest requests, with secrets redacted.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

/// Requests kept.
const CAPACITY: usize = 1000;

/// One request and its response.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestRecord {
    pub(crate) time: String,
    pub(crate) method: String,
    /// Path and query; secrets are redacted.
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

#[cfg(test)]
mod tests {
    use super::*;

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
