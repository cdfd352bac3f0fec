//! JSON documents that a user writes: patches and payloads.

use jobs_devices::changed_numbers;
use serde_json::Value;

use crate::failure::Failure;
use crate::printer::Printer;

/// Reads a JSON document. `what` names where it comes from, for messages.
///
/// A number that comes back with other digits is named in a warning. An integer that is too large for 64 bits would even be sent with other
/// digits, so it is an error.
pub(crate) fn parse(printer: &Printer, what: &str, text: &str) -> Result<Value, Failure> {
    let (value, changed) = read(what, text)?;
    for number in changed {
        printer.warn(format_args!(
            "{what}: the number {number} comes back with other digits; \"{number}\" would be a text"
        ));
    }
    Ok(value)
}

/// The document, and the numbers that come back with other digits.
fn read<'t>(what: &str, text: &'t str) -> Result<(Value, Vec<&'t str>), Failure> {
    let value = serde_json::from_str(text)
        .map_err(|error| Failure::usage(format_args!("{what}: invalid JSON: {error}")))?;
    let changed: Vec<_> = changed_numbers(text).collect();
    match changed.iter().find(|number| !is_sent(number)) {
        None => Ok((value, changed)),
        Some(number) => Err(Failure::usage(format_args!(
            "{what}: the integer {number} is too large and would be sent with other digits"
        ))
        .hint(format_args!("write it as a text: \"{number}\""))),
    }
}

fn is_sent(number: &str) -> bool {
    number.contains(['.', 'e', 'E'])
        || number.parse::<i64>().is_ok()
        || number.parse::<u64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_integer_that_would_be_sent_with_other_digits_is_an_error() {
        for text in [
            "123456789012345678901",
            "{\"a\":[1,{\"b\\\"\":-9223372036854775809}]}",
            "[\"x\\\\\",18446744073709551616]",
        ] {
            let failure = read("--payload", text).unwrap_err();
            assert!(failure.message().contains("too large"), "{failure:?}");
        }
        for text in [
            "18446744073709551615",
            "[-9223372036854775808,1e300,0.10,true]",
            "{\"123456789012345678901\":\"\\\"123456789012345678901\"}",
            "\"123456789012345678901\"",
        ] {
            assert!(read("--payload", text).is_ok(), "{text}");
        }
        let failure = read("--payload", "{").unwrap_err();
        assert!(failure.message().starts_with("--payload: invalid JSON"));
    }
}
