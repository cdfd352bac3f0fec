//! The time at which a scheduled job starts, as people write it.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

/// How far in the past a start may be: clocks differ, and typing takes time.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// A start, and whether it was written without an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) at: Timestamp,
    pub(crate) was_local: bool,
}

/// Reads a time with an offset (`2030-01-31T08:00:00Z`), a local one (`2030-01-31T08:00`), or a local time of day (`22:00`), which
/// means its next occurrence. The reason when it is none of these, does not exist, exists twice, or is past.
pub(crate) fn parse(
    text: &str,
    now: Timestamp,
    zone: impl FnOnce() -> Result<TimeZone, String>,
) -> Result<Start, String> {
    let text = text.trim();
    let start = match text.parse::<Timestamp>() {
        Ok(at) => Start {
            at,
            was_local: false,
        },
        Err(_) => Start {
            at: local(text, now, zone)?,
            was_local: true,
        },
    };
    if start.at < now - TOLERATED {
        return Err(format!(
            "{} is in the past; leave --start out to start now",
            in_seconds(start.at)
        ));
    }
    Ok(start)
}

/// A time as the hub is sent it, without fractions of a second.
pub(crate) fn in_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

fn local(
    text: &str,
    now: Timestamp,
    zone: impl FnOnce() -> Result<TimeZone, String>,
) -> Result<Timestamp, String> {
    let not_a_time = || {
        "not a time; write it like 2030-01-31T08:00:00Z, or in local time like 2030-01-31T08:00 or 22:00"
            .to_owned()
    };
    // A zone in brackets would be read over.
    if text.contains('[') || !text.contains([':', '-']) {
        return Err(not_a_time());
    }
    if let Ok(datetime) = text.parse::<civil::DateTime>() {
        return instant(datetime, &zone()?);
    }
    let time: civil::Time = text.parse().map_err(|_| not_a_time())?;
    let zone = zone()?;
    let today = zone.to_datetime(now).date();
    let at = instant(today.to_datetime(time), &zone)?;
    if at > now {
        return Ok(at);
    }
    let tomorrow = today.tomorrow().map_err(|error| error.to_string())?;
    instant(tomorrow.to_datetime(time), &zone)
}

/// The instant of a local time that exists once.
fn instant(datetime: civil::DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let ambiguous = zone.to_ambiguous_timestamp(datetime);
    let why = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous.unambiguous().map_err(|error| error.to_string());
        }
        AmbiguousOffset::Gap { .. } => "does not exist: clocks are put forward over it",
        AmbiguousOffset::Fold { .. } => "exists twice: clocks are put back over it",
    };
    Err(format!(
        "the local time {datetime} {why}; write it with its offset from UTC, as in {datetime}+01:00"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Germany's rules, without a database.
    fn read(text: &str, now: &str) -> Result<String, String> {
        let zone =
            || TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").map_err(|error| error.to_string());
        let start = parse(text, now.parse().expect("a time"), zone)?;
        let local = if start.was_local { " local" } else { "" };
        Ok(format!("{}{local}", in_seconds(start.at)))
    }

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        for (text, expected) in [
            ("2030-01-31T08:00:00Z", "2030-01-31T08:00:00Z"),
            ("2030-01-31T08:00:00+02:00", "2030-01-31T06:00:00Z"),
            ("2030-01-31T08:00", "2030-01-31T07:00:00Z local"),
            ("2030-07-31 08:00:30", "2030-07-31T06:00:30Z local"),
            ("22:00", "2029-12-31T21:00:00Z local"),
            ("09:00", "2030-01-01T08:00:00Z local"),
            ("13:00:01", "2029-12-31T12:00:01Z local"),
            ("13:00", "2030-01-01T12:00:00Z local"),
        ] {
            assert_eq!(
                read(text, "2029-12-31T12:00:00Z").as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn times_that_do_not_exist_or_exist_twice_are_errors() {
        for (text, why) in [
            ("2030-03-31T02:30", "does not exist"),
            ("2030-10-27T02:30", "exists twice"),
            ("2030-02-30T08:00", "not a time"),
            ("25:00", "not a time"),
            ("tomorrow", "not a time"),
            ("2030", "not a time"),
            ("2030-01-31T08:00[America/New_York]", "not a time"),
            ("", "not a time"),
        ] {
            let error = read(text, "2029-12-31T12:00:00Z").expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        // The next occurrence is in the night in which clocks change.
        let error = read("02:30", "2030-03-30T12:00:00Z").expect_err("a gap");
        assert!(
            error.contains("2030-03-31T02:30:00 does not exist"),
            "{error}"
        );
        assert!(read("2030-10-27T02:30+01:00", "2029-12-31T12:00:00Z").is_ok());
    }

    #[test]
    fn a_start_more_than_five_minutes_ago_is_an_error() {
        let now = "2030-01-01T12:00:00Z";
        assert!(read("2030-01-01T11:55:00Z", now).is_ok());
        for text in [
            "2030-01-01T11:54:59Z",
            "2030-01-01T12:00",
            "1999-01-01T00:00:00Z",
        ] {
            let error = read(text, now).expect_err(text);
            assert!(error.contains("is in the past"), "{error}");
        }
    }
}
