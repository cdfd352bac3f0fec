//! JSON documents that a user writes: patches and payloads.

use serde_json::Value;

use crate::failure::Failure;

/// Reads a JSON document. `what` names where it comes from, for errors.
///
/// An integer that is too large for 64 bits would be sent as a floating-point number, with other digits, so it is an error.
pub(crate) fn parse(what: &str, text: &str) -> Result<Value, Failure> {
    let value = serde_json::from_str(text)
        .map_err(|error| Failure::usage(format_args!("{what}: invalid JSON: {error}")))?;
    match integers(text).find(|integer| !fits(integer)) {
        None => Ok(value),
        Some(integer) => Err(Failure::usage(format_args!(
            "{what}: the integer {integer} is too large and would be sent with other digits"
        ))
        .hint(format_args!("write it as a text: \"{integer}\""))),
    }
}

fn fits(integer: &str) -> bool {
    integer.parse::<i64>().is_ok() || integer.parse::<u64>().is_ok()
}

/// The integers of a valid JSON text, as they are written.
fn integers(text: &str) -> impl Iterator<Item = &str> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    outside_strings(text)
        .flat_map(move |part| part.split(move |letter| !is_of_number(letter)))
        .filter(|word| word.ends_with(|letter: char| letter.is_ascii_digit()))
        .filter(|word| !word.contains(['.', 'e', 'E']))
}

/// The parts of a valid JSON text between its strings.
fn outside_strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let found = rest?;
        let Some((before, string)) = found.split_once('"') else {
            rest = None;
            return Some(found);
        };
        let mut is_escaped = false;
        let end = string.find(|letter| {
            let ends = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            ends
        });
        rest = end.map(|end| &string[end + 1..]);
        Some(before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_that_would_be_sent_with_other_digits_is_an_error() {
        for text in [
            "123456789012345678901",
            "{\"a\":[1,{\"b\\\"\":-9223372036854775809}]}",
            "[\"x\\\\\",18446744073709551616]",
        ] {
            let failure = parse("--payload", text).unwrap_err();
            assert!(failure.message().contains("too large"), "{failure:?}");
        }
        for text in [
            "18446744073709551615",
            "[-9223372036854775808,1e300,0.10,true]",
            "{\"123456789012345678901\":\"\\\"123456789012345678901\"}",
            "\"123456789012345678901\"",
        ] {
            assert!(parse("--payload", text).is_ok(), "{text}");
        }
        let failure = parse("--payload", "{").unwrap_err();
        assert!(failure.message().starts_with("--payload: invalid JSON"));
    }
}
