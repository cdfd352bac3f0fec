//! Limits on ids and twins: the rules of device files, in the words of a refusal.

use jobs_devices::rules::{self, MAX_STATUS_REASON_CHARS, Section, Severity, Violation};
use jobs_devices::{Authentication, JsonObject};
use serde_json::{Map, Value};

/// Modules that one device may have.
pub(crate) const MAX_MODULES: i64 = 50;

/// 1 to 128 characters of the service's set; case matters.
pub(crate) fn check_device_id(id: &str) -> Result<(), String> {
    rules::device_id(id).map_err(|violation| in_words(&violation))
}

/// As a device id; `$` at the start is reserved for the system's own modules.
pub(crate) fn check_module_id(id: &str) -> Result<(), String> {
    rules::module_id(id).map_err(|violation| in_words(&violation))?;
    if id.starts_with('$') {
        Err(format!(
            "the module id '{id}' is reserved for system modules"
        ))
    } else {
        Ok(())
    }
}

/// As [`check_device_id`], for configurations.
pub(crate) fn check_configuration_id(id: &str) -> Result<(), String> {
    rules::configuration_id(id).map_err(|violation| in_words(&violation))
}

/// Checks the length of a status reason.
pub(crate) fn check_status_reason(reason: Option<&str>) -> Result<(), String> {
    if reason.is_some_and(|reason| reason.chars().count() > MAX_STATUS_REASON_CHARS) {
        Err(format!(
            "statusReason has more than {MAX_STATUS_REASON_CHARS} characters"
        ))
    } else {
        Ok(())
    }
}

/// Checks the type of authentication, and the keys or thumbprints that belong to it.
pub(crate) fn check_authentication(asked: &Authentication) -> Result<(), String> {
    first_error(&rules::authentication(asked))
}

/// Checks a section of a twin as text.
pub(crate) fn check_section(section: Section, text: &JsonObject) -> Result<(), String> {
    first_error(&rules::twin_section(section, text))
}

fn first_error(violations: &[Violation]) -> Result<(), String> {
    match violations
        .iter()
        .find(|violation| violation.severity == Severity::Error)
    {
        Some(violation) => Err(in_words(violation)),
        None => Ok(()),
    }
}

/// Checks a section and gives its text.
pub(crate) fn checked_text(section: Section, map: &Map<String, Value>) -> Result<String, String> {
    let text = serde_json::to_string(map).map_err(|error| error.to_string())?;
    let object = JsonObject::new(&text).map_err(|error| error.to_string())?;
    check_section(section, &object)?;
    Ok(text)
}

fn in_words(violation: &Violation) -> String {
    format!("{} {}", violation.field, violation.message)
}
