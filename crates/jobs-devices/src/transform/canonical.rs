//! Comparing JSON by what it means.

use std::borrow::Cow;

use crate::field::string;
use crate::members::for_each;

/// The text with one spelling for each meaning: members in byte order with the last of a repeated name, no spaces,
/// strings escaped in one way, numbers by value (`1.0`, `1` and `10e-1` are one).
pub(crate) fn canonical(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    push(json.trim(), &mut out);
    out
}

fn push(json: &str, out: &mut String) {
    match json.as_bytes().first() {
        Some(b'{') => {
            out.push('{');
            for (n, (name, value)) in sorted_members(json).iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                push_text(name, out);
                out.push(':');
                push(value, out);
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            let items: Vec<&serde_json::value::RawValue> =
                serde_json::from_str(json).unwrap_or_default();
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                push(item.get(), out);
            }
            out.push(']');
        }
        Some(b'"') => match string(json) {
            Ok(text) => push_text(&text, out),
            // Half of a surrogate pair means nothing but its spelling.
            Err(_) => out.push_str(json),
        },
        Some(b't' | b'f' | b'n') | None => out.push_str(json),
        Some(_) => push_number(json, out),
    }
}

fn push_text(text: &str, out: &mut String) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    crate::text::push_string(&mut bytes, text);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// The members of an object by name, the last of each name alone.
pub(crate) fn sorted_members(object: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut members: Vec<(Cow<'_, str>, &str)> = Vec::new();
    let walked = for_each(object, |name, value| {
        members.push((name, value));
        Ok::<(), std::convert::Infallible>(())
    });
    debug_assert!(walked.is_ok(), "the text was checked when it was read");
    // Stable, so that of one name the last stays last.
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.reverse();
    members.dedup_by(|a, b| a.0 == b.0);
    members.reverse();
    members
}

/// Significant digits and a power of ten: `-12.50e3` is `-125e2`.
fn push_number(number: &str, out: &mut String) {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (digits, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        out.push('0');
        return;
    }
    let dropped = all.len() - all.trim_end_matches('0').len();
    let exponent = exponent.trim_start_matches('+').parse::<i64>();
    let power = exponent.ok().and_then(|exponent| {
        let fraction = i64::try_from(fraction.len()).ok()?;
        exponent
            .checked_sub(fraction)?
            .checked_add(i64::try_from(dropped).ok()?)
    });
    match power {
        Some(0) => out.push_str(&format!("{sign}{significant}")),
        Some(power) => out.push_str(&format!("{sign}{significant}e{power}")),
        // An exponent beyond 64 bits is compared as it is spelt.
        None => out.push_str(number),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn one_meaning_has_one_spelling() {
        for (a, b) in [
            (r#"{"a":1,"b":[1,2]}"#, r#" { "b" : [ 1 , 2 ] , "a" : 1 } "#),
            (r#""\u0041\/""#, r#""A/""#),
            ("1.0", "1"),
            ("10e-1", "1"),
            ("-12.50e3", "-12500"),
            ("0.0e9", "-0"),
            ("1E+2", "100"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            assert_eq!(canonical(a), canonical(b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "10"),
            ("1", "-1"),
            ("12345678901234567890", "12345678901234567891"),
            (r#""1""#, "1"),
            ("[1,2]", "[2,1]"),
            ("null", "false"),
            (r#"{"a":null}"#, "{}"),
        ] {
            assert_ne!(canonical(a), canonical(b), "{a} {b}");
        }
    }
}
