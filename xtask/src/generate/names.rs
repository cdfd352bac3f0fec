//! The Rust names of the API's names, by the generator's own rules: words as `heck` finds them, and what no identifier can
//! hold left out. The generator does not export them.

use heck::{ToPascalCase as _, ToSnakeCase as _};

/// The Rust name of a schema.
pub(crate) fn type_name(name: &str) -> String {
    identifier(name, |text| text.to_pascal_case(), "X", "X")
}

/// The Rust name of a field.
pub(crate) fn field_name(name: &str) -> String {
    identifier(name, |text| text.to_snake_case(), "x", "x")
}

/// The Rust name of an operation or of one of its arguments.
pub(crate) fn argument_name(name: &str) -> String {
    identifier(name, |text| text.to_snake_case(), "x", "_")
}

/// The Rust name of an enum value, by our own rule: `scheduleUpdateTwin` gives `ScheduleUpdateTwin`.
pub(crate) fn variant_name(value: &str) -> String {
    let mut name = String::new();
    let mut at_start = true;
    for letter in value.chars() {
        if letter == '_' || !continues(letter) {
            at_start = true;
        } else if at_start {
            name.extend(letter.to_uppercase());
            at_start = false;
        } else {
            name.push(letter);
        }
    }
    if !is_identifier(&name) {
        name.insert(0, 'X');
    }
    name
}

/// Whether Rust takes this as a name.
pub(super) fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok_and(|ident| ident == name)
}

fn identifier(name: &str, case: fn(&str) -> String, empty: &str, prefix: &str) -> String {
    let name = match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => {
            let letters = name.chars().filter(|letter| *letter != '\'');
            case(
                &letters
                    .map(|letter| if continues(letter) { letter } else { '-' })
                    .collect::<String>(),
            )
        }
    };
    let name = match name.chars().next() {
        None => empty.to_owned(),
        Some(first) if starts(first) => name,
        Some(_) => format!("{prefix}{name}"),
    };
    // A keyword of the next edition, which the generator avoids and `syn` does not.
    if is_identifier(&name) && name != "gen" {
        name
    } else {
        name + "_"
    }
}

fn starts(letter: char) -> bool {
    letter != '_' && is_identifier(&format!("{letter}x"))
}

fn continues(letter: char) -> bool {
    is_identifier(&format!("x{letter}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_the_generator_splits_them() {
        for (wire, rust) in [
            ("jobId", "job_id"),
            ("startTimeUtc", "start_time_utc"),
            ("x509Thumbprint", "x509_thumbprint"),
            ("x-ms-max-item-count", "x_ms_max_item_count"),
            ("HTTPStatus", "http_status"),
            ("A1B", "a1b"),
            ("it's", "its"),
            ("$", "x"),
            ("1a", "x1a"),
            ("+1", "plus1"),
            ("type", "type_"),
            ("gen", "gen_"),
        ] {
            assert_eq!(field_name(wire), rust);
        }
        assert_eq!(argument_name("1a"), "_1a");
        for (wire, rust) in [
            ("SASKind", "SasKind"),
            ("jobKind", "JobKind"),
            ("Job_Kind", "JobKind"),
            ("Job-Kind", "JobKind"),
            ("X509Thumbprint", "X509Thumbprint"),
            ("type", "Type"),
        ] {
            assert_eq!(type_name(wire), rust);
        }
    }

    #[test]
    fn every_enum_value_has_a_rust_name() {
        for (value, rust) in [
            ("scheduleUpdateTwin", "ScheduleUpdateTwin"),
            ("a\nb", "AB"),
            ("7-high", "X7High"),
            ("self", "XSelf"),
            ("", "X"),
            ("①", "X"),
            ("٣x", "X٣x"),
        ] {
            assert_eq!(variant_name(value), rust);
            assert!(is_identifier(&variant_name(value)), "{value:?}");
        }
    }
}
