//! Bounds on the time of tries.
//!
//! Registering a timer with the runtime takes a lock that all its workers share, taking it away takes it again, and hardly a try ever
//! reaches its bound. So a try that was answered leaves its timer behind, still running, and the next try moves it: moving a timer to a
//! later moment takes no lock. A timer that nobody moves rings once, for nobody.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, Sleep};

/// Left timers at most: as many as calls are usually in flight, and a few kilobytes.
const KEPT: usize = 256;
/// Stands in for a moment that no clock reaches.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The timers that earlier tries left behind.
#[derive(Default)]
pub(crate) struct Timers(Mutex<Vec<Timer>>);

struct Timer {
    /// A timer rings in the runtime that it was made in, and in no other.
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
}

/// The bound was reached.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

impl Timers {
    /// What the future gives, if it does so within `bound`.
    pub(crate) async fn within<F: Future>(
        &self,
        bound: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut timer = self.take(bound);
        let output = poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            // A future that uses up its share of the worker must not keep its own bound from being looked at.
            pin!(tokio::task::unconstrained(timer.sleep.as_mut()))
                .poll(context)
                .map(|()| Err(Elapsed))
        })
        .await;
        if output.is_ok() {
            self.leave(timer);
        }
        output
    }

    fn take(&self, bound: Duration) -> Timer {
        let now = Instant::now();
        let end = now.checked_add(bound).unwrap_or_else(|| now + FAR);
        let runtime = Handle::current().id();
        loop {
            let left = self.lock().pop();
            match left {
                Some(mut timer) if timer.runtime == runtime => {
                    timer.sleep.as_mut().reset(end);
                    return timer;
                }
                // Its runtime may have ended.
                Some(other) => drop(other),
                None => {
                    let sleep = Box::pin(tokio::time::sleep_until(end));
                    return Timer { runtime, sleep };
                }
            }
        }
    }

    fn leave(&self, mut timer: Timer) {
        // It must not hold on to the task that waited with it.
        let mut nobody = Context::from_waker(Waker::noop());
        if timer.sleep.as_mut().poll(&mut nobody).is_ready() {
            return;
        }
        let mut kept = self.lock();
        if kept.len() < KEPT {
            kept.push(timer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn reached(timers: &Timers, bound: Duration) -> Duration {
        let started = Instant::now();
        assert_eq!(timers.within(bound, pending::<()>()).await, Err(Elapsed));
        started.elapsed()
    }

    fn about(bound: Duration) -> std::ops::RangeInclusive<Duration> {
        bound..=bound + Duration::from_millis(2)
    }

    /// Answered, but not at once, so that the timer is registered.
    async fn answered(timers: &Timers, bound: Duration) {
        let answer = timers.within(bound, tokio::task::yield_now()).await;
        assert_eq!(answer, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_left_timer_rings_at_the_bound_of_the_try_that_took_it() {
        let timers = Timers::default();
        answered(&timers, 90 * SECOND).await;
        tokio::time::sleep(60 * SECOND).await;
        // Later than it would have rung, then earlier.
        for bound in [90 * SECOND, 5 * SECOND, 200 * SECOND] {
            assert!(about(bound).contains(&reached(&timers, bound).await));
            answered(&timers, 90 * SECOND).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_at_the_same_time_have_a_bound_each() {
        let timers = Timers::default();
        answered(&timers, SECOND).await;
        let (short, long) = tokio::join!(reached(&timers, SECOND), reached(&timers, 3 * SECOND));
        assert!(about(SECOND).contains(&short) && about(3 * SECOND).contains(&long));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_rang_for_nobody_serves_again() {
        let timers = Timers::default();
        answered(&timers, SECOND).await;
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(timers.lock().len(), 1);
        assert!(about(SECOND).contains(&reached(&timers, SECOND).await));
    }

    #[tokio::test]
    async fn a_bound_beyond_every_clock_is_none() {
        let timers = Timers::default();
        assert_eq!(timers.within(Duration::MAX, ready(7)).await, Ok(7));
    }

    #[test]
    fn a_timer_of_an_ended_runtime_is_not_used() {
        let timers = Timers::default();
        for _ in 0..3 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                assert!(about(SECOND).contains(&reached(&timers, SECOND).await));
                answered(&timers, 90 * SECOND).await;
            });
        }
        assert_eq!(timers.lock().len(), 1);
    }

    #[tokio::test]
    async fn a_left_timer_does_not_keep_the_task() {
        struct Counted;
        impl std::task::Wake for Counted {
            fn wake(self: std::sync::Arc<Self>) {}
        }
        let timers = Timers::default();
        let (waker, mut polls) = (std::sync::Arc::new(Counted), 0);
        let mut call = Box::pin(timers.within(
            90 * SECOND,
            poll_fn(|_| {
                polls += 1;
                if polls == 2 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }),
        ));
        let shared: Waker = waker.clone().into();
        let mut context = Context::from_waker(&shared);
        assert!(call.as_mut().poll(&mut context).is_pending());
        assert!(call.as_mut().poll(&mut context).is_ready());
        drop((call, shared));
        assert_eq!(std::sync::Arc::strong_count(&waker), 1);
    }
}
