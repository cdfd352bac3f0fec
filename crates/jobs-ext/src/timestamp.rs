//! The hub's times: ISO 8601, mostly. Seven fractional digits, sometimes fewer, sometimes no zone, and year 1 for "never".

use jiff::Timestamp;

/// Reads a time leniently; none for what is no time, and for the hub's placeholder in year 1.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    (time.as_second() > -62_000_000_000).then_some(time)
}

/// Reads the date of an HTTP header (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_times_are_read_leniently() {
        let expected = "2021-07-07T20:47:37.1264413Z".parse::<Timestamp>().unwrap();
        assert_eq!(parse("2021-07-07T20:47:37.1264413Z"), Some(expected));
        assert_eq!(parse("2021-07-07T20:47:37.1264413"), Some(expected));
        assert_eq!(parse(" 2021-07-07T22:47:37.1264413+02:00"), Some(expected));
        for good in ["2021-07-07T20:47:37Z", "2021-07-07T20:47:15.80668Z"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for none in ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "", "soon"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        let time = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(time.as_second(), 784_111_777);
        assert!(parse_http_date("120").is_none());
    }
}
