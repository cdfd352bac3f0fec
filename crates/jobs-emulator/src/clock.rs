//! The hub's clock: real time plus an offset that tests can push forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::sync::watch;

/// Ticks of 100 ns in one second.
const TICKS_PER_SECOND: i64 = 10_000_000;

/// The last moment that can be written as a date: in the year 9999, and a day before its end so that it is that year everywhere.
const LAST: Time = Time(253_402_207_200 * TICKS_PER_SECOND + (TICKS_PER_SECOND - 1));

/// A moment on the hub's clock, in ticks of 100 ns since 1970-01-01 UTC: the
/// resolution of the service's own time stamps (seven digits after the point).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The moment of this many 100 ns ticks since the Unix epoch.
    pub fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Reads an ISO 8601 text, with or without a zone (none means UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let stamp: Timestamp = text.parse().or_else(|_| format!("{text}Z").parse()).ok()?;
        i64::try_from(stamp.as_nanosecond() / 100).ok().map(Self)
    }

    /// The real moment, whatever a hub's clock shows.
    pub(crate) fn real() -> Self {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(i64::try_from(real.as_nanos() / 100).unwrap_or(i64::MAX))
    }

    /// 100 ns ticks since the Unix epoch.
    pub fn ticks(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND)
    }

    /// This moment plus a duration.
    pub fn plus(self, by: Duration) -> Self {
        let ticks = i64::try_from(by.as_nanos() / 100).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(ticks))
    }

    /// How long from `earlier` to this moment; zero when it lies after.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0);
        Duration::from_nanos(ticks.saturating_mul(100))
    }

    /// The service's wire form: ISO 8601, seven fractional digits, `Z`.
    ///
    /// ```
    /// let t = jobs_emulator::Time::from_ticks(16_256_916_571_264_413);
    /// assert_eq!(t.wire(), "2021-07-07T21:00:57.1264413Z");
    /// ```
    pub fn wire(self) -> String {
        format!(
            "{}.{:07}Z",
            self.civil("%Y-%m-%dT%H:%M:%S"),
            self.0.rem_euclid(TICKS_PER_SECOND)
        )
    }

    /// As [`wire`](Self::wire), without zeros at the end of the fraction, as the service writes the times of its registry and of
    /// import and export jobs (recorded).
    pub(crate) fn trimmed(self) -> String {
        let text = self.wire();
        let text = text.trim_end_matches('Z').trim_end_matches('0');
        format!("{}Z", text.trim_end_matches('.'))
    }

    /// `MM/dd/yyyy HH:mm:ss`, as the service writes it in tracking ids.
    pub(crate) fn slashed(self) -> String {
        self.civil("%m/%d/%Y %H:%M:%S")
    }

    /// What lies beyond the dates that there are is shown as the last, or first, of them.
    fn civil(self, format: &str) -> String {
        let beyond = if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_second(self.seconds())
            .unwrap_or(beyond)
            .strftime(format)
            .to_string()
    }
}

/// The clock that job delays, scheduled starts and time stamps go by.
///
/// Tokens are judged by real time: a client signs by its own clock, and could call a hub that was moved ahead no more.
///
/// Clones share the same clock. [`Clock::advance`] moves it forward and wakes
/// everything that waits on it, so a test never has to sleep.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    offset: AtomicI64,
    moved: watch::Sender<()>,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Shared {
            offset: AtomicI64::new(0),
            moved: watch::Sender::new(()),
        }))
    }
}

impl Clock {
    /// The present moment.
    pub fn now(&self) -> Time {
        let offset = self.0.offset.load(Ordering::SeqCst);
        Time(Time::real().0.saturating_add(offset)).min(LAST)
    }

    /// Moves the clock forward. It stops at 9999-12-30T22:00:00Z, the last moment that can be written as a date.
    pub fn advance(&self, by: Duration) {
        let ticks = i64::try_from(by.as_nanos() / 100).unwrap_or(i64::MAX);
        let further = |offset: i64| Some(offset.saturating_add(ticks));
        let _ = self
            .0
            .offset
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, further);
        self.0.moved.send_replace(());
    }

    /// Whether the clock would still show a date after so long.
    pub(crate) fn can_advance(&self, by: Duration) -> bool {
        self.now().plus(by) < LAST
    }

    /// Waits until the clock shows `until`, however it gets there.
    pub async fn sleep_until(&self, until: Time) {
        let mut moved = self.0.moved.subscribe();
        loop {
            let left = until.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Waits for this long on this clock.
    pub async fn sleep(&self, length: Duration) {
        self.sleep_until(self.now().plus(length)).await;
    }
}
