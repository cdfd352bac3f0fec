//! A hub that does not answer while a job is waited for.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::http::poll::PollPolicy;
use crate::http::retry::{Safety, THROTTLED};

/// Looks that failed one after the other, up to now.
pub(crate) struct Outage {
    /// How long waiting had gone on when the first of them had failed, with all its tries.
    since: Duration,
    looks: u32,
    /// Why the last one failed.
    pub(crate) error: Error,
}

impl Outage {
    /// One more look failed, when waiting had gone on for so long.
    pub(crate) fn after(before: Option<Self>, error: Error, waited: Duration) -> Self {
        match before {
            Some(before) => Self {
                since: before.since,
                looks: before.looks.saturating_add(1),
                error,
            },
            None => Self {
                since: waited,
                looks: 0,
                error,
            },
        }
    }

    pub(crate) fn lasted(&self, waited: Duration) -> Duration {
        waited.saturating_sub(self.since)
    }

    /// The pause before the next look, if this one is borne. `told` is whether the hub has told of the job before.
    pub(crate) fn pause(
        &self,
        policy: &PollPolicy,
        waited: Duration,
        told: bool,
    ) -> Option<Duration> {
        let left = policy.patience.saturating_sub(self.lasted(waited));
        let asked = self.error.retry_after();
        // What would be waited for beyond the patience is not waited for at all.
        if left.is_zero() || asked.is_some_and(|asked| asked > left) || !self.may_pass(told) {
            return None;
        }
        let floor = (self.error.kind() == ErrorKind::Throttled).then_some(THROTTLED);
        Some(policy.interval(self.looks, asked.max(floor)).min(left))
    }

    /// Whether the hub may answer later, without anything being changed. A sign-in that worked before fails with the network.
    fn may_pass(&self, told: bool) -> bool {
        let signs_in_no_more = told && self.error.kind() == ErrorKind::Credential;
        signs_in_no_more || Safety::Repeatable.allows(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "")
    }

    fn pauses(policy: &PollPolicy, error: &Error) -> Vec<Duration> {
        let (mut pauses, mut waited, mut outage) = (Vec::new(), seconds(100), None);
        loop {
            let next = Outage::after(outage.take(), error.clone(), waited);
            let Some(pause) = next.pause(policy, waited, true) else {
                return pauses;
            };
            outage = Some(next);
            waited += pause;
            pauses.push(pause);
        }
    }

    #[test]
    fn looks_grow_rarer_and_the_last_is_when_the_patience_ends() {
        let patient = PollPolicy::default().patience(seconds(60));
        let all = pauses(&patient, &error(ErrorKind::Transport));
        assert!(all[..all.len() - 1].is_sorted(), "{all:?}");
        assert_eq!(all.iter().sum::<Duration>(), seconds(60));
        assert!(all.len() < 14, "{all:?}");
        assert!(pauses(&PollPolicy::default(), &error(ErrorKind::Transport)).is_empty());
    }

    #[test]
    fn a_throttle_is_given_its_time() {
        let patient = PollPolicy::default().patience(seconds(60));
        let all = pauses(&patient, &error(ErrorKind::Throttled));
        assert!(
            all[..all.len() - 1].iter().all(|pause| *pause >= THROTTLED),
            "{all:?}"
        );
    }

    #[test]
    fn a_hub_that_asks_for_longer_than_the_patience_is_not_waited_for() {
        let patient = PollPolicy::default().patience(seconds(60));
        let mut asking = error(ErrorKind::Service);
        asking.detail_mut().retry_after = Some(seconds(61));
        assert!(pauses(&patient, &asking).is_empty());
        asking.detail_mut().retry_after = Some(seconds(25));
        assert_eq!(pauses(&patient, &asking), [seconds(25), seconds(25)]);
    }

    #[test]
    fn only_what_may_pass_is_borne() {
        let patient = PollPolicy::default().patience(seconds(60));
        let mut untrusted = error(ErrorKind::Transport);
        untrusted.detail_mut().untrusted = true;
        let mut never = error(ErrorKind::Service);
        never.detail_mut().status = Some(501);
        for error in [
            untrusted,
            never,
            error(ErrorKind::Forbidden),
            error(ErrorKind::NotFound),
        ] {
            assert!(pauses(&patient, &error).is_empty(), "{error}");
        }
        let unsigned = Outage::after(None, error(ErrorKind::Credential), seconds(1));
        assert!(unsigned.pause(&patient, seconds(1), true).is_some());
        assert!(unsigned.pause(&patient, seconds(1), false).is_none());
    }
}
