//! Limits on ids and twins: the rules of device files, in the words of a refusal.

use jobs_devices::JsonObject;
use jobs_devices::rules::{self, Section, Severity, Violation};
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

/// Checks a section of a twin as text.
pub(crate) fn check_section(section: Section, text: &JsonObject) -> Result<(), String> {
    let violations = rules::twin_section(section, text);
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

pub(crate) fn in_words(violation: &Violation) -> String {
    format!("{} {}", violation.field, violation.message)
}
