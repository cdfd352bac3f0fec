//! Limits on ids and twins.

use serde_json::{Map, Value};

/// Bytes of JSON that `tags` may hold.
pub(crate) const MAX_TAGS: usize = 8 * 1024;
/// Bytes of JSON that the desired, or the reported, properties may hold.
pub(crate) const MAX_PROPERTIES: usize = 32 * 1024;
const MAX_STRING: usize = 4 * 1024;
const MAX_KEY: usize = 1024;
const MAX_DEPTH: usize = 10;
const MAX_INTEGER: i64 = (1 << 52) - 1;
/// Modules that one device may have.
pub(crate) const MAX_MODULES: i64 = 50;

/// 1 to 128 characters of the service's set; case matters.
pub(crate) fn check_device_id(id: &str) -> Result<(), String> {
    check_id("device id", id)
}

/// As a device id; `$` at the start is reserved for the system's own modules.
pub(crate) fn check_module_id(id: &str) -> Result<(), String> {
    check_id("module id", id)?;
    if id.starts_with('$') {
        Err(format!("module id '{id}' is reserved for system modules"))
    } else {
        Ok(())
    }
}

fn check_id(what: &str, id: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-:.+%_#*?!(),=@;$'".contains(&byte);
    if id.is_empty() || id.len() > 128 {
        return Err(format!("a {what} has 1 to 128 characters"));
    }
    match id.bytes().position(|byte| !allowed(byte)) {
        None => Ok(()),
        Some(at) => Err(format!(
            "the {what} has a character that is not allowed, at position {}",
            at + 1
        )),
    }
}

/// Checks a section of a twin. With `patch`, a null deletes and may stand.
pub(crate) fn check_section(
    name: &str,
    section: &Map<String, Value>,
    limit: usize,
) -> Result<(), String> {
    check_map(name, section, 1)?;
    let size = size_of_map(section);
    if size > limit {
        Err(format!("{name} holds {size} bytes; {limit} are allowed"))
    } else {
        Ok(())
    }
}

fn check_map(name: &str, map: &Map<String, Value>, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{name} is nested deeper than {MAX_DEPTH} levels"));
    }
    for (key, value) in map {
        check_key(name, key)?;
        check_value(name, value, depth)?;
    }
    Ok(())
}

fn check_key(name: &str, key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(format!("a key in {name} has 1 to {MAX_KEY} bytes"));
    }
    if key
        .chars()
        .any(|c| c.is_control() || matches!(c, '.' | '$' | '#' | ' '))
    {
        return Err(format!(
            "the key '{key}' in {name} holds one of . $ # space or a control character"
        ));
    }
    Ok(())
}

fn check_value(name: &str, value: &Value, depth: usize) -> Result<(), String> {
    match value {
        Value::Object(map) => check_map(name, map, depth + 1),
        Value::Array(items) if depth < MAX_DEPTH => items
            .iter()
            .try_for_each(|item| check_value(name, item, depth + 1)),
        Value::Array(_) => Err(format!("{name} is nested deeper than {MAX_DEPTH} levels")),
        Value::String(text) if text.len() > MAX_STRING => Err(format!(
            "a string in {name} has more than {MAX_STRING} bytes"
        )),
        Value::Number(number)
            if (number.is_i64() || number.is_u64())
                && !number.as_i64().is_some_and(|n| n.abs() <= MAX_INTEGER) =>
        {
            Err(format!("an integer in {name} lies outside of ±(2^52 - 1)"))
        }
        _ => Ok(()),
    }
}

/// Size as compact JSON, near enough for a limit: escapes are not counted.
fn size_of_map(map: &Map<String, Value>) -> usize {
    2 + map
        .iter()
        .map(|(key, value)| key.len() + 4 + size_of(value))
        .sum::<usize>()
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| size_of(item) + 1).sum::<usize>(),
        Value::Object(map) => size_of_map(map),
    }
}
