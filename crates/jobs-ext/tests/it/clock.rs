//! A clock whose waits end at once, having moved its time on.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jobs_ext::{BoxFuture, Clock};

#[derive(Clone, Default)]
pub(crate) struct StepClock(Arc<Mutex<Steps>>);

#[derive(Default)]
struct Steps {
    elapsed: Duration,
    sleeps: Vec<Duration>,
}

impl StepClock {
    /// What was waited so far, wait by wait.
    pub(crate) fn sleeps(&self) -> Vec<Duration> {
        self.0.lock().unwrap().sleeps.clone()
    }

    /// Whole seconds of each wait.
    pub(crate) fn seconds(&self) -> Vec<u64> {
        self.sleeps().iter().map(Duration::as_secs).collect()
    }
}

impl Clock for StepClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut steps = self.0.lock().unwrap();
        steps.elapsed += duration;
        steps.sleeps.push(duration);
        Box::pin(tokio::task::yield_now())
    }
}
