//! When a request is sent again, and after how long.

use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};
use crate::timestamp;

/// How often and for how long a request is repeated.
///
/// Requests that are safe to repeat (reads, cancelling) are repeated after a throttle, a service fault or a broken connection. A create is
/// repeated only when the hub surely did not begin it: it was throttled, or never reached.
///
/// ```
/// use std::time::Duration;
/// use jobs_ext::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(10).budget(Duration::from_secs(300));
/// let none = RetryPolicy::none();
/// # let _ = (patient, none);
/// ```
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    first_delay: Duration,
    max_delay: Duration,
    budget: Duration,
}

impl Default for RetryPolicy {
    /// Five tries, delays from 0.8 s doubling to 30 s, two minutes in all.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            first_delay: Duration::from_millis(800),
            max_delay: Duration::from_secs(30),
            budget: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Sends each request once. A refused token is still renewed once.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How many times a request is sent at most, the first included; at least once.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The delay before the second try; each further one doubles, and each is varied at random between half and the whole.
    #[must_use]
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The longest delay of the client's own choosing. A `Retry-After` may be longer.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How long one operation may take with all its tries and delays. A delay that would end later is not begun.
    #[must_use]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The delay before the next try, or none when the error is final.
    pub(crate) fn next_delay(
        &self,
        error: &Error,
        safe: Safety,
        attempt: u32,
        spent: Duration,
        random: f64,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts || !safe.allows(error) {
            return None;
        }
        let delay = match error.retry_after() {
            // A hub that asks for no pause at all would be asked as fast as it answers.
            Some(asked) => asked.max(self.first_delay.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)),
            None => self.backoff(error, attempt, random),
        };
        (spent.saturating_add(delay) <= self.budget).then_some(delay)
    }

    /// The same policy in the words of the storage library. Its time counts from the first byte of a transfer, which may take hours; so the
    /// tries alone bound it, each of which has a bound of its own.
    #[cfg(feature = "blob")]
    pub(crate) fn for_storage(&self) -> object_store::RetryConfig {
        let tries = usize::try_from(self.max_attempts.saturating_sub(1)).unwrap_or_default();
        object_store::RetryConfig {
            backoff: object_store::BackoffConfig {
                init_backoff: self.first_delay,
                max_backoff: self.max_delay,
                base: 2.0,
            },
            max_retries: tries,
            retry_timeout: Duration::from_secs(365 * 86_400),
        }
    }

    fn backoff(&self, error: &Error, attempt: u32, random: f64) -> Duration {
        let doubled = self
            .first_delay
            .saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
        let least = if error.kind() == ErrorKind::Throttled {
            THROTTLED
        } else {
            Duration::ZERO
        };
        let whole = doubled
            .max(least * 2)
            .min(self.max_delay.max(self.first_delay));
        whole.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

/// The pause after a throttle. The hub sends no `Retry-After` with one; its text asks for ten seconds.
pub(crate) const THROTTLED: Duration = Duration::from_secs(10);

/// Whether sending the same request twice can do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Reads, and requests that come to the same when repeated.
    Repeatable,
    /// Creates: a second one is a second job.
    Once,
}

impl Safety {
    pub(crate) fn allows(self, error: &Error) -> bool {
        if error.detail().untrusted {
            return false;
        }
        match (self, error.kind()) {
            (_, ErrorKind::Throttled) => error.code() != Some("IotHubQuotaExceeded"),
            (Self::Repeatable, ErrorKind::Service) => error.status() != Some(501),
            (Self::Repeatable, ErrorKind::Transport | ErrorKind::Timeout) => true,
            (Self::Once, ErrorKind::Transport) => !error.was_sent(),
            _ => false,
        }
    }
}

/// Reads `Retry-After`: seconds, or a date judged by the answer's own `Date` where it has one.
pub(crate) fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    const LONGEST: u64 = 24 * 3600;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST)));
    }
    let until = timestamp::parse_http_date(value)?;
    let now = date
        .and_then(timestamp::parse_http_date)
        .or_else(|| jiff::Timestamp::try_from(now).ok())?;
    let seconds = until.as_second().saturating_sub(now.as_second()).max(0);
    Some(Duration::from_secs(seconds.unsigned_abs().min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        let mut error = Error::new(kind, "");
        error.detail_mut().sent = true;
        error
    }

    fn delay(error: &Error, safe: Safety, attempt: u32, spent: u64) -> Option<u64> {
        RetryPolicy::default()
            .next_delay(error, safe, attempt, Duration::from_secs(spent), 1.0)
            .map(|delay| u64::try_from(delay.as_millis()).unwrap())
    }

    #[test]
    fn delays_double_to_the_cap_within_the_budget() {
        let fault = error(ErrorKind::Service);
        let all: Vec<_> = (1..=5)
            .map(|n| delay(&fault, Safety::Repeatable, n, 0))
            .collect();
        assert_eq!(all, [Some(800), Some(1600), Some(3200), Some(6400), None]);
        assert_eq!(delay(&fault, Safety::Repeatable, 1, 119), Some(800));
        assert_eq!(delay(&fault, Safety::Repeatable, 2, 119), None);
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let policy = RetryPolicy::default();
        for random in [-1.0, 0.0, 0.3, 1.0, 2.0] {
            let delay = policy
                .next_delay(
                    &error(ErrorKind::Transport),
                    Safety::Repeatable,
                    1,
                    Duration::ZERO,
                    random,
                )
                .unwrap();
            assert!((Duration::from_millis(400)..=Duration::from_millis(800)).contains(&delay));
        }
    }

    #[test]
    fn a_throttle_waits_ten_seconds_at_least() {
        let policy = RetryPolicy::default();
        let throttled = error(ErrorKind::Throttled);
        let least = policy.next_delay(&throttled, Safety::Once, 1, Duration::ZERO, 0.0);
        assert_eq!(least, Some(Duration::from_secs(10)));
    }

    #[test]
    fn retry_after_is_obeyed_unless_it_breaks_the_budget() {
        let mut fault = error(ErrorKind::Service);
        fault.detail_mut().retry_after = Some(Duration::from_secs(50));
        assert_eq!(delay(&fault, Safety::Repeatable, 1, 0), Some(50_000));
        assert_eq!(delay(&fault, Safety::Repeatable, 1, 71), None);
    }

    #[test]
    fn a_create_is_repeated_only_when_it_surely_did_not_begin() {
        for (kind, sent, repeated) in [
            (ErrorKind::Throttled, true, true),
            (ErrorKind::Transport, false, true),
            (ErrorKind::Transport, true, false),
            (ErrorKind::Timeout, true, false),
            (ErrorKind::Service, true, false),
            (ErrorKind::JobQuota, true, false),
        ] {
            let mut error = error(kind);
            error.detail_mut().sent = sent;
            assert_eq!(
                delay(&error, Safety::Once, 1, 0).is_some(),
                repeated,
                "{kind:?} {sent}"
            );
        }
    }

    #[test]
    fn final_answers_are_never_repeated() {
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::Unauthorized,
            ErrorKind::Forbidden,
            ErrorKind::BadRequest,
            ErrorKind::Conflict,
            ErrorKind::Decode,
            ErrorKind::ContainerRejected,
        ] {
            assert_eq!(
                delay(&error(kind), Safety::Repeatable, 1, 0),
                None,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(
            retry_after(" 120 ", None, now),
            Some(Duration::from_secs(120))
        );
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, None, now), Some(Duration::from_secs(7)));
        let server = Some("Sun, 06 Nov 1994 08:49:27 GMT");
        assert_eq!(
            retry_after(date, server, now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            retry_after(date, None, now + Duration::from_secs(99)),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", None, now), None);
        assert_eq!(retry_after("-1", None, now), None);
    }

    proptest::proptest! {
        #[test]
        fn delays_never_exceed_cap_and_budget(attempt in 1u32..20, spent in 0u64..200, random in 0.0f64..1.0, kind in 0usize..3) {
            let kind = [ErrorKind::Service, ErrorKind::Transport, ErrorKind::Throttled][kind];
            let policy = RetryPolicy::default().max_attempts(30);
            let spent = Duration::from_secs(spent);
            if let Some(delay) = policy.next_delay(&error(kind), Safety::Repeatable, attempt, spent, random) {
                proptest::prop_assert!(delay <= Duration::from_secs(30));
                proptest::prop_assert!(spent + delay <= Duration::from_secs(120));
            }
        }
    }
}
