//! `NAME=VALUE` on the command line: members of a twin.

use std::collections::HashSet;

use jobs_devices::rules::{Section, Severity, twin_section};
use jobs_devices::{JsonObject, LooseValue, changed_numbers};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::printer::Printer;

/// The options that set members of one section of a twin.
pub(crate) struct Assignments<'a> {
    pub(crate) section: Section,
    /// The option whose values are JSON where they can be, and its values.
    pub(crate) loose: (&'static str, &'a [String]),
    /// The option whose values are texts, and its values.
    pub(crate) texts: (&'static str, &'a [String]),
}

impl Assignments<'_> {
    /// The members. A value that is not JSON is a text, because few people type the quotes; so is a number that would come back
    /// with other digits, with a warning.
    ///
    /// What no twin takes is an error: the hub would take the job, and the work fail on every device.
    pub(crate) fn members(&self, printer: &Printer) -> Result<Map<String, Value>, Failure> {
        let mut written = Vec::new();
        let mut names = HashSet::new();
        let (option, values) = self.loose;
        for text in values {
            let (name, value) = split(option, text)?;
            refuse_twice(option, text, name, &mut names)?;
            let json = match LooseValue::of(value) {
                LooseValue::Json(json) => {
                    for number in changed_numbers(&json) {
                        printer.warn(format_args!(
                            "{option} {text}: the number {number} comes back with other digits; \"{number}\" would be a text"
                        ));
                    }
                    json
                }
                LooseValue::NumberAsText => {
                    printer.warn(format_args!(
                        "{option} {text}: sent as a text, because a number would come back with other digits; \
                         {} {text} sends a text without this warning",
                        self.texts.0
                    ));
                    quoted(value.trim())
                }
                _ => quoted(value),
            };
            written.push(format!("{}:{json}", quoted(name)));
        }
        let (text_option, values) = self.texts;
        for text in values {
            let (name, value) = split(text_option, text)?;
            refuse_twice(text_option, text, name, &mut names)?;
            written.push(format!("{}:{}", quoted(name), quoted(value)));
        }
        self.checked(&format!("{{{}}}", written.join(",")))
    }

    /// Checks the text, in which every number has the digits that were typed.
    fn checked(&self, json: &str) -> Result<Map<String, Value>, Failure> {
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::usage(format_args!("{}: {error}", self.loose.0))
        };
        let object = JsonObject::new(json).map_err(|error| wrong(&error))?;
        let broken = twin_section(self.section, &object)
            .into_iter()
            .find(|one| one.severity == Severity::Error);
        match broken {
            Some(one) => Err(wrong(&one)),
            None => object.to_map().map_err(|error| wrong(&error)),
        }
    }
}

fn split<'t>(option: &str, text: &'t str) -> Result<(&'t str, &'t str), Failure> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage(format_args!("{option} {text}: write NAME=VALUE")))
}

fn refuse_twice<'t>(
    option: &str,
    text: &str,
    name: &'t str,
    names: &mut HashSet<&'t str>,
) -> Result<(), Failure> {
    if names.insert(name) {
        return Ok(());
    }
    Err(Failure::usage(format_args!(
        "{option} {text}: `{name}` is set twice"
    )))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
