//! Time as the client sees it, so that tests can step it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A future that owns what it needs and can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the client takes the time from, and how it waits.
///
/// The default is [`SystemClock`]. Give your own with
/// [`JobsClientBuilder::clock`](crate::JobsClientBuilder::clock) to test what depends on time without waiting for it.
pub trait Clock: Send + Sync + 'static {
    /// The time of day. Tokens and container signatures are judged by it.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment; it never goes back. Deadlines and budgets are measured with it.
    fn elapsed(&self) -> Duration;

    /// Completes when `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock, waiting on tokio's timer. Under `tokio::time::pause` its waits and [`elapsed`](Clock::elapsed) follow the paused time.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: tokio::time::Instant,
}

impl SystemClock {
    /// A clock that counts [`elapsed`](Clock::elapsed) from now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: tokio::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_system_clock_follows_paused_time() {
        let clock = SystemClock::new();
        let real = std::time::Instant::now();
        clock.sleep(Duration::from_secs(3600)).await;
        assert!(clock.elapsed() >= Duration::from_secs(3600));
        assert!(real.elapsed() < Duration::from_secs(60));
    }
}
