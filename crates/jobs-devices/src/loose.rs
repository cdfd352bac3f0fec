//! Values without a type, as people type them into a table or a command.

use crate::json::Json;
use crate::rules::{MAX_INTEGER, MIN_INTEGER};

/// What a text without a type stands for.
///
/// A hub keeps numbers of twins as 64-bit floating-point numbers. `3.10` comes back as `3.1`, `1e5` as `100000`, and
/// `12345678E1234567` is beyond every number. Whoever types such a text means a version or an identifier, so it stays a text.
///
/// ```
/// use jobs_devices::LooseValue;
/// assert_eq!(LooseValue::of("30"), LooseValue::Json("30".to_owned()));
/// assert_eq!(LooseValue::of("3.10"), LooseValue::NumberAsText);
/// assert_eq!(LooseValue::of("north"), LooseValue::Text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooseValue {
    /// JSON: a number that keeps its digits, `true`, `false`, `null`, a string in quotes, an array or an object.
    Json(String),
    /// A text that would be a number with other digits than it has.
    NumberAsText,
    /// Any other text.
    Text,
}

impl LooseValue {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let Ok(json) = Json::new(text) else {
            return Self::Text;
        };
        let json = json.as_str();
        if is_number(json) && !keeps_its_digits(json) {
            return Self::NumberAsText;
        }
        Self::Json(json.to_owned())
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Json(json) if is_number(json))
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Whether a JSON number is one that a twin can hold, and is written the same way when it comes back.
fn keeps_its_digits(number: &str) -> bool {
    if let Ok(integer) = number.parse::<i64>() {
        return (MIN_INTEGER..=MAX_INTEGER).contains(&integer) && number != "-0";
    }
    // Large numbers are written with an exponent by some programs and without by others.
    let large = number.contains(['e', 'E']) && !number.contains("e-");
    let shortest = number
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64);
    !large && shortest.is_some_and(|shortest| shortest.to_string() == number)
}

/// The numbers in a valid JSON text, at any depth, that a twin gives back with other digits.
///
/// ```
/// let numbers: Vec<&str> = jobs_devices::changed_numbers(r#"{"fw":3.10,"n":[7,1e5],"t":"3.10"}"#).collect();
/// assert_eq!(numbers, ["3.10", "1e5"]);
/// ```
pub fn changed_numbers(json: &str) -> impl Iterator<Item = &str> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    outside_strings(json)
        .flat_map(move |part| part.split(move |letter| !is_of_number(letter)))
        .filter(|word| word.ends_with(|letter: char| letter.is_ascii_digit()))
        .filter(|number| !keeps_its_digits(number))
}

/// The parts of a valid JSON text between its strings.
fn outside_strings(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(json);
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
    fn numbers_that_keep_their_digits_stay_numbers() {
        for text in [
            "0",
            "30",
            "-7",
            "3.1",
            "0.5",
            "1.0",
            "-12.75",
            "1.5e-9",
            "4503599627370495",
            "0.1",
        ] {
            assert!(LooseValue::of(text).is_number(), "{text}");
        }
    }

    #[test]
    fn numbers_that_would_come_back_changed_are_texts() {
        for text in [
            "3.10",
            "1.10",
            "1e5",
            "1E5",
            "12E20",
            "1e16",
            "1e22",
            "12345678E1234567",
            "98765432109876543210",
            "5283920058631410000",
            "4503599627370496",
            "0.1000000000000000055",
            "-0",
            "-0.00",
            "1e-400",
            "0.30000000000000000004",
        ] {
            assert_eq!(LooseValue::of(text), LooseValue::NumberAsText, "{text}");
        }
    }

    #[test]
    fn all_else_is_json_or_text() {
        for text in ["true", "null", "\"3.10\"", "[3.10]", "{\"a\":1}"] {
            assert_eq!(LooseValue::of(text), LooseValue::Json(text.to_owned()));
        }
        for text in ["", "007", "1.2.3", "TRUE", "+5", ".5", "0x10", "NaN", "3,5"] {
            assert_eq!(LooseValue::of(text), LooseValue::Text, "{text}");
        }
    }

    #[test]
    fn numbers_are_found_at_any_depth_and_not_in_texts() {
        for (json, numbers) in [
            (
                "{\"a\\\"1e5\":[1e5,{\"b\":-0.50}],\"c\":\"3.10\"}",
                &["1e5", "-0.50"][..],
            ),
            ("[true,null,false,\"\\\\\",3.10]", &["3.10"]),
            ("98765432109876543210", &["98765432109876543210"]),
            ("[1,2.5,\"x\"]", &[]),
        ] {
            assert_eq!(changed_numbers(json).collect::<Vec<_>>(), numbers, "{json}");
        }
    }
}
