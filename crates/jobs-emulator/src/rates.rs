//! Request rates of the hub's tier.
//!
//! The service queues a burst before it refuses; here a bucket as large as one
//! minute's allowance stands for that queue.

use std::sync::Mutex;

use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::sku::Sku;

/// The buckets of a hub.
pub(crate) struct Rates {
    /// `None`: rates are not applied.
    buckets: Option<Mutex<Buckets>>,
}

struct Buckets {
    jobs: Bucket,
    queries: Bucket,
}

struct Bucket {
    per_minute: f64,
    tokens: f64,
    filled: Time,
}

impl Rates {
    pub(crate) fn new(sku: Sku, applied: bool, now: Time) -> Self {
        let bucket = |per_minute: u32| Bucket {
            per_minute: per_minute.into(),
            tokens: per_minute.into(),
            filled: now,
        };
        let buckets = || Buckets {
            jobs: bucket(sku.job_operations_per_minute()),
            queries: bucket(sku.queries_per_minute()),
        };
        Self {
            buckets: applied.then(|| Mutex::new(buckets())),
        }
    }

    /// Takes one request of this operation out of its allowance.
    pub(crate) fn take(&self, operation: &str, now: Time) -> HubResult<()> {
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        let mut buckets = buckets
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let bucket = match operation {
            "Jobs_QueryScheduledJobs" | "Query_GetTwins" => &mut buckets.queries,
            name if name.starts_with("Jobs_") => &mut buckets.jobs,
            _ => return Ok(()),
        };
        if bucket.take(now) {
            Ok(())
        } else {
            let text = format!(
                "Too many requests, wait 10 seconds and try again. Operation type: {operation}"
            );
            Err(ServiceError::throttled(text))
        }
    }
}

impl Bucket {
    fn take(&mut self, now: Time) -> bool {
        let earned = now.since(self.filled).as_secs_f64() * self.per_minute / 60.0;
        self.tokens = (self.tokens + earned).min(self.per_minute);
        self.filled = now;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_s1_hub_allows_a_hundred_job_operations_a_minute() {
        let start = Time::from_ticks(0);
        let rates = Rates::new(Sku::S1, true, start);
        for _ in 0..100 {
            rates.take("Jobs_GetImportExportJob", start).unwrap();
        }
        let refused = rates.take("Jobs_GetImportExportJob", start).unwrap_err();
        assert_eq!(refused.code, "ThrottlingException");
        rates.take("Devices_GetIdentity", start).unwrap();
        rates
            .take(
                "Jobs_GetImportExportJob",
                start.plus(Duration::from_secs(1)),
            )
            .unwrap();
    }
}
