//! Durations as people type them: `250ms`, `2s`, `1m30s`, `2h`, `1d`.

use std::fmt::Write as _;
use std::time::Duration;

/// Units from the longest to the shortest, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration made of whole numbers with a unit each, longest unit first.
///
/// `0s` is a duration; a number without a unit is not, because `30` means seconds to some and minutes to others.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "write it like 250ms, 2s, 1m30s or 2h";
    if text.is_empty() {
        return Err(format!("a duration is missing; {EXPECTED}"));
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut longest_allowed = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(format!(
                "`{rest}` does not start with a whole number; {EXPECTED}"
            ));
        }
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = after.split_at(letters);
        if unit.is_empty() && tail.starts_with(['.', ',']) {
            return Err(format!(
                "`{rest}` has a fraction; numbers are whole, as in 1s500ms"
            ));
        }
        if unit.is_empty() {
            return Err(format!("`{number}` has no unit; {EXPECTED}"));
        }
        let Some(place) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(format!(
                "`{unit}` is not a unit (ms, s, m, h, d); {EXPECTED}"
            ));
        };
        if place < longest_allowed {
            return Err(format!(
                "`{unit}` stands after a shorter or equal unit; {EXPECTED}"
            ));
        }
        longest_allowed = place + 1;
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(UNITS[place].1))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is longer than this program can count"))?;
        rest = tail;
    }
    Ok(Duration::from_millis(total))
}

/// As [`parse`], but refuses a length of zero.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("a length of zero leaves no time to work in".to_owned()),
        length => Ok(length),
    }
}

/// Writes a duration the way [`parse`] reads it, to the millisecond.
pub(crate) fn format(length: Duration) -> String {
    let mut left = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, size) in &UNITS {
        let count = left / size;
        left %= size;
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{count}{name}");
        }
    }
    if text.is_empty() {
        text.push_str("0ms");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documented_forms_are_read() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1d2h3m4s5ms"), Ok(Duration::from_millis(93_784_005)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "missing"),
            ("30", "no unit"),
            ("s", "whole number"),
            ("1.5s", "fraction"),
            ("1m2,5s", "fraction"),
            ("-1s", "whole number"),
            ("1 m", "no unit"),
            ("5min", "not a unit"),
            ("1S", "not a unit"),
            ("1s1m", "after a shorter"),
            ("1s1s", "after a shorter"),
            ("99999999999999999999s", "longer than"),
            ("9999999999999999d", "longer than"),
            ("١s", "whole number"),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(reason), "{text}: {message}");
        }
        assert!(parse_positive("0ms").is_err());
    }

    #[test]
    fn no_part_of_a_duration_is_left_out() {
        assert_eq!(format(Duration::from_millis(1_500)), "1s500ms");
        assert_eq!(format(Duration::from_secs(90)), "1m30s");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in 0_u64..10_000_000_000) {
            let length = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&format(length)), Ok(length));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
