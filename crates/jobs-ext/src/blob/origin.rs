//! Decides whether a blob was written by a job: a log with a fixed name may be from another import.
//!
//! Job times are by the hub's clock and blob times by the storage's. The `Date` of a response of each is what compares the two.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::BlobProperties;
use crate::error::{ErrorKind, Result};
use crate::http::core::JobsClient;
use crate::job::Job;
use crate::timestamp::parse_http_date;

/// How far two clocks may differ that were compared.
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Dates are whole seconds, so a smaller difference between two of them is none.
const PRECISION: SignedDuration = SignedDuration::from_secs(2);
/// Blob times are whole seconds, rounded down.
const BLOB_GRANULE: SignedDuration = SignedDuration::from_secs(1);
/// Systems note the time of a file by a clock that ticks some hundred times a second.
const FILE_GRANULE: SignedDuration = SignedDuration::from_millis(20);

/// Why a blob does not count as the one that a job wrote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// The hub does not report when the job ran.
    NoTimes,
    /// Written before the job started.
    Before { written: Timestamp },
    /// Written after the job ended.
    After { written: Timestamp },
    /// Another job may have written it.
    Other { id: String },
}

impl Foreign {
    /// The reason, as the end of a sentence that starts with the blob.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::NoTimes => {
                "may be from another job: the hub does not report when this one ran".to_owned()
            }
            Self::Before { written } => {
                format!(
                    "was written at {}, before the job started",
                    second(*written)
                )
            }
            Self::After { written } => {
                format!("was written at {}, after the job ended", second(*written))
            }
            Self::Other { id } => format!("may be from job {id}, which ran later or at that time"),
        }
    }
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Which job a blob should be from.
pub(super) struct Origin<'a> {
    pub(super) client: &'a JobsClient,
    pub(super) job: &'a Job,
    /// When this client created the job, by its clock for intervals; none for a job that was created elsewhere.
    pub(super) created: Option<Duration>,
    /// Whether the name of the blob is a guess: then an older blob may have it, and no grace is given where the clocks are known.
    pub(super) guessed: bool,
}

impl Origin<'_> {
    /// Why the blob does not count as the job's; none when it does. The jobs are listed after the blob was opened, so that a job which
    /// replaced it before is among them.
    ///
    /// # Errors
    /// When the jobs cannot be listed for another reason than missing rights.
    pub(super) async fn check(
        &self,
        found: &BlobProperties,
        in_folder: bool,
    ) -> Result<Option<Foreign>> {
        let clock = &self.client.core().clock;
        let opened = clock.elapsed();
        let (jobs, hub_time) = match self.client.list_with_answer().await {
            Ok((jobs, answer)) => {
                let date = answer.header("date").and_then(parse_http_date);
                (jobs, date)
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Forbidden) =>
            {
                (Vec::new(), None)
            }
            Err(error) => return Err(error),
        };
        let (Some(start), Some(end)) = (self.job.started_at(), self.job.ended_at()) else {
            return Ok(Some(Foreign::NoTimes));
        };
        let others: Vec<Run> = jobs
            .iter()
            .filter(|job| job.job_type() == self.job.job_type() && job.id() != self.job.id())
            .filter_map(Run::of)
            .collect();
        let now = clock.elapsed();
        let storage_time = found
            .storage_time
            .map(|time| later(time, now.saturating_sub(opened)));
        let since = self.created.map(|created| now.saturating_sub(created));
        let own = Run {
            id: self.job.id().to_owned(),
            start,
            end: Some(end),
        };
        let shift = match shift(&own, hub_time, storage_time, since) {
            Some(shift) => shift,
            None => return Ok(own.latest_but(&others)),
        };
        let granule = if in_folder {
            FILE_GRANULE
        } else {
            BLOB_GRANULE
        };
        let written = Written::new(found.modified, shift, granule);
        let clocks_known = hub_time.is_some() && storage_time.is_some();
        let grace = match (self.guessed && clocks_known, in_folder) {
            (false, _) => GRACE,
            (true, true) => SignedDuration::ZERO,
            (true, false) => PRECISION,
        };
        let since = moved(start, -grace);
        Ok(judge(&own, since, moved(end, GRACE), &written, &others))
    }
}

/// When a job ran, by the hub's clock.
#[derive(Debug, Clone)]
struct Run {
    id: String,
    start: Timestamp,
    end: Option<Timestamp>,
}

impl Run {
    fn of(job: &Job) -> Option<Self> {
        Some(Self {
            id: job.id().to_owned(),
            start: job.started_at()?,
            end: job.ended_at(),
        })
    }

    /// The job that started after this one, where times cannot tell more.
    fn latest_but(&self, others: &[Self]) -> Option<Foreign> {
        let later = others.iter().find(|other| other.start >= self.start)?;
        Some(Foreign::Other {
            id: later.id.clone(),
        })
    }
}

/// Between which times a blob was written, by the hub's clock.
struct Written {
    earliest: Timestamp,
    latest: Timestamp,
}

impl Written {
    fn new(modified: Timestamp, shift: SignedDuration, granule: SignedDuration) -> Self {
        let uncertain = if shift.is_zero() {
            SignedDuration::ZERO
        } else {
            PRECISION
        };
        let time = moved(modified, shift);
        Self {
            earliest: moved(time, -uncertain),
            latest: moved(time, granule + uncertain),
        }
    }
}

/// What to add to a time of the storage to get the hub's; none when the job's clock cannot be compared with any other.
///
/// A local hub's clock can be stepped, and its `Date` stays true. For a job that was created here, the interval since then shows the step.
/// For another one only an end in the future does.
fn shift(
    job: &Run,
    hub_time: Option<Timestamp>,
    storage_time: Option<Timestamp>,
    since_creation: Option<Duration>,
) -> Option<SignedDuration> {
    let clocks = match (hub_time, storage_time) {
        (Some(hub), Some(storage)) => exact(hub.duration_since(storage)),
        _ => SignedDuration::ZERO,
    };
    let Some(now) = hub_time.or(storage_time) else {
        return Some(clocks);
    };
    let step = match since_creation {
        Some(since) => job.start.duration_since(earlier(now, since)),
        None => SignedDuration::ZERO,
    };
    if step.abs() > GRACE {
        return Some(clocks + step);
    }
    let ended_later = job.end.is_some_and(|end| end.duration_since(now) > GRACE);
    (since_creation.is_some() || !ended_later).then_some(clocks)
}

/// A difference between two dates, none where it may come from their rounding.
fn exact(difference: SignedDuration) -> SignedDuration {
    if difference.abs() <= PRECISION {
        SignedDuration::ZERO
    } else {
        difference
    }
}

/// `since` and `until` are the times of the job, with the grace that clocks are given.
fn judge(
    job: &Run,
    since: Timestamp,
    until: Timestamp,
    written: &Written,
    others: &[Run],
) -> Option<Foreign> {
    if written.latest < since {
        return Some(Foreign::Before {
            written: written.earliest,
        });
    }
    if written.earliest > until {
        return Some(Foreign::After {
            written: written.earliest,
        });
    }
    let other = others.iter().find(|other| {
        let started_before = other.start <= written.latest;
        if other.start >= job.start {
            // It writes over what this job wrote.
            return started_before;
        }
        // This job writes over what the other wrote, so the other's can only be a blob from before its start, or from after its end.
        let ended_since = |time| other.end.is_none_or(|end| end >= time);
        let before = written.latest < job.start && ended_since(written.earliest);
        let after = job
            .end
            .is_some_and(|end| written.latest > end && ended_since(end));
        started_before && (before || after)
    });
    other.map(|other| Foreign::Other {
        id: other.id.clone(),
    })
}

fn moved(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(time)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(time)
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_sub(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn run(id: &str, start: i64, end: i64) -> Run {
        Run {
            id: id.to_owned(),
            start: at(start),
            end: Some(at(end)),
        }
    }

    fn judged(written: i64, others: &[Run]) -> Option<&'static str> {
        let written = Written::new(at(written), SignedDuration::ZERO, BLOB_GRANULE);
        let job = run("a", 1000, 1010);
        judge(&job, at(940), at(1070), &written, others).map(|foreign| match foreign {
            Foreign::Before { .. } => "before",
            Foreign::After { .. } => "after",
            Foreign::Other { .. } => "other",
            Foreign::NoTimes => "no times",
        })
    }

    #[test]
    fn a_blob_counts_when_it_was_written_while_the_job_ran() {
        for (written, expected) in [
            (938, Some("before")),
            (945, None),
            (1005, None),
            (1069, None),
            (1071, Some("after")),
        ] {
            assert_eq!(judged(written, &[]), expected, "{written}");
        }
    }

    #[test]
    fn a_later_job_may_have_replaced_the_blob_and_an_earlier_one_may_have_left_it() {
        let later = [run("b", 1020, 1030)];
        assert_eq!(judged(1009, &later), None);
        assert_eq!(judged(1019, &later), Some("other"), "rounded down");
        assert_eq!(judged(1025, &later), Some("other"));
        let earlier = [run("p", 980, 990)];
        assert_eq!(judged(985, &earlier), Some("other"));
        assert_eq!(judged(1005, &earlier), None);
        assert_eq!(judged(996, &earlier), None, "nobody else ran then");
        let overlapping = [run("o", 990, 1012)];
        assert_eq!(judged(1011, &overlapping), Some("other"));
        assert_eq!(judged(1020, &overlapping), Some("other"));
        assert_eq!(judged(1005, &overlapping), None, "the other had not ended");
        let active = [Run {
            end: None,
            ..run("b", 1015, 0)
        }];
        assert_eq!(judged(1005, &active), None);
        assert_eq!(judged(1018, &active), Some("other"));
    }

    #[test]
    fn clocks_are_compared_by_dates() {
        let job = run("a", 1000, 1010);
        let hub = Some(at(1020));
        assert_eq!(
            shift(&job, hub, Some(at(1021)), None),
            Some(SignedDuration::ZERO),
            "rounding"
        );
        assert_eq!(
            shift(&job, hub, Some(at(4620)), None),
            Some(SignedDuration::from_secs(-3600))
        );
        for (hub, storage) in [(None, Some(at(5))), (hub, None), (None, None)] {
            let found = shift(&run("a", 0, 1), hub, storage, None);
            assert_eq!(found, Some(SignedDuration::ZERO));
        }
    }

    #[test]
    fn a_stepped_clock_of_the_hub_is_found_by_the_interval_or_by_an_end_in_the_future() {
        let job = run("a", 4600, 4610);
        let (hub, storage) = (Some(at(1020)), Some(at(1020)));
        let since = Some(Duration::from_secs(20));
        assert_eq!(
            shift(&job, hub, storage, since),
            Some(SignedDuration::from_secs(3600))
        );
        assert_eq!(shift(&job, hub, storage, None), None);
        assert_eq!(job.latest_but(&[run("p", 900, 910)]), None);
        assert!(job.latest_but(&[run("b", 4620, 4621)]).is_some());
    }
}
