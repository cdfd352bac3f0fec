//! How often a job is looked at while it is waited for.

use std::time::Duration;

/// Short intervals first, so that small jobs are not waited for longer than they take, then growing to a cap.
///
/// ```
/// use std::time::Duration;
/// use jobs_ext::PollPolicy;
///
/// let policy = PollPolicy::default().first(Duration::from_secs(2)).deadline(Duration::from_secs(4 * 3600));
/// # let _ = policy;
/// ```
#[derive(Debug, Clone)]
pub struct PollPolicy {
    first: Duration,
    growth: f64,
    cap: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) unknown_limit: Duration,
    pub(crate) patience: Duration,
}

/// No policy looks more often than this, so that a zero interval is no busy loop against the hub.
const FLOOR: Duration = Duration::from_millis(50);

impl Default for PollPolicy {
    /// From half a second, half as long again each time, to 15 s; no deadline; ten minutes for a state that is not known; no
    /// patience.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            growth: 1.5,
            cap: Duration::from_secs(15),
            deadline: None,
            unknown_limit: Duration::from_secs(600),
            patience: Duration::ZERO,
        }
    }
}

impl PollPolicy {
    /// The same interval always, but for what the hub asks.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self {
            first: interval,
            growth: 1.0,
            cap: interval,
            ..Self::default()
        }
    }

    /// The first interval. At least 50 ms are kept whatever is asked for.
    #[must_use]
    pub fn first(mut self, interval: Duration) -> Self {
        self.first = interval;
        self
    }

    /// By what an interval is longer than the one before; values below 1 count as 1.
    #[must_use]
    pub fn growth(mut self, factor: f64) -> Self {
        self.growth = factor;
        self
    }

    /// The longest interval, unless the hub asks for a longer one.
    #[must_use]
    pub fn cap(mut self, interval: Duration) -> Self {
        self.cap = interval;
        self
    }

    /// How long to wait for the end in all. The job goes on when it has passed.
    #[must_use]
    pub fn deadline(mut self, bound: Duration) -> Self {
        self.deadline = Some(bound);
        self
    }

    /// How long a job may stay in a state that this version does not know before waiting is given up.
    #[must_use]
    pub fn unknown_limit(mut self, bound: Duration) -> Self {
        self.unknown_limit = bound;
        self
    }

    /// How long looks may fail for now, by throttles, faults or broken connections, before waiting is given up: counted from the first one's
    /// failure, with all its repetitions, and anew once the hub has told of the job. None unless asked for, so that a hub that is down is
    /// told of within seconds; a wait for hours, with nobody there, wants some minutes. The interval grows from short to the cap meanwhile,
    /// and each failed look is a [`ProgressEvent::LookFailed`](crate::ProgressEvent::LookFailed). A credential that fails is borne too once
    /// the hub has told of the job; what no time cures (a certificate, say) never is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use jobs_ext::PollPolicy;
    ///
    /// let overnight = PollPolicy::default().patience(Duration::from_secs(30 * 60));
    /// # let _ = overnight;
    /// ```
    #[must_use]
    pub fn patience(mut self, bound: Duration) -> Self {
        self.patience = bound;
        self
    }

    /// The interval before the look after `looks` looks; `asked` is the hub's own wish.
    pub(crate) fn interval(&self, looks: u32, asked: Option<Duration>) -> Duration {
        let growth = if self.growth.is_finite() {
            self.growth.max(1.0)
        } else {
            1.0
        };
        let power = i32::try_from(looks.min(200)).unwrap_or(200);
        let seconds = self.first.as_secs_f64() * growth.powi(power);
        let cap = self.cap.max(self.first);
        let own = Duration::try_from_secs_f64(seconds).map_or(cap, |own| own.min(cap));
        own.max(FLOOR).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_from_short_to_the_cap() {
        let policy = PollPolicy::default();
        let all: Vec<_> = (0..12).map(|n| policy.interval(n, None)).collect();
        assert_eq!(all[0], Duration::from_millis(500));
        assert_eq!(all[1], Duration::from_millis(750));
        assert!(all.is_sorted());
        assert_eq!(all[11], Duration::from_secs(15));
    }

    #[test]
    fn the_hubs_wish_outranks_the_cap_and_the_floor_holds() {
        let policy = PollPolicy::every(Duration::ZERO);
        assert_eq!(policy.interval(5, None), FLOOR);
        assert_eq!(
            policy.interval(0, Some(Duration::from_secs(60))),
            Duration::from_secs(60)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_policy_gives_an_interval_outside_its_bounds(first in 0u64..100_000, growth in proptest::num::f64::ANY, cap in 0u64..100_000, looks in proptest::num::u32::ANY) {
            let policy = PollPolicy::default().first(Duration::from_millis(first)).growth(growth).cap(Duration::from_millis(cap));
            let interval = policy.interval(looks, None);
            proptest::prop_assert!(interval >= FLOOR);
            proptest::prop_assert!(interval <= Duration::from_millis(first.max(cap)).max(FLOOR));
        }
    }
}
