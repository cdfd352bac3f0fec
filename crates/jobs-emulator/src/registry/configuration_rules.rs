//! What the service accepts as the target condition and the content of a configuration (live tests of a third party).

use jobs_devices::query::{Expr, Path, Segment, module_condition, parse_condition};
use serde_json::{Map, Value};

use crate::envelope::{HubResult, ServiceError};

/// The kinds of content. A configuration has one of them.
const KINDS: [&str; 3] = ["deviceContent", "moduleContent", "modulesContent"];

/// Checks the target condition and the content of a configuration.
pub(crate) fn check(members: &Map<String, Value>) -> HubResult<()> {
    let condition = members.get("targetCondition").and_then(Value::as_str);
    let condition = condition.unwrap_or_default().trim();
    check_target(condition).map_err(|reason| {
        ServiceError::configuration_condition(format!("the target condition {reason}"))
    })?;
    match members.get("content") {
        Some(Value::Object(content)) => check_content(content, condition),
        _ => Ok(()),
    }
}

/// A language of its own, narrower than that of queries: comparisons, joined by AND, OR and NOT.
fn check_target(condition: &str) -> Result<(), String> {
    if matches!(condition, "" | "*") {
        return Ok(());
    }
    let (is_over_modules, text) = match module_condition(condition) {
        Some(text) => (true, text),
        None => (false, condition),
    };
    let condition = parse_condition(text).map_err(|error| format!("cannot be read: {error}"))?;
    condition
        .expr()
        .map_or(Ok(()), |expr| check_part(expr, is_over_modules))
}

fn check_part(part: &Expr, is_over_modules: bool) -> Result<(), String> {
    match part {
        Expr::And(parts) | Expr::Or(parts) => parts
            .iter()
            .try_for_each(|part| check_part(part, is_over_modules)),
        Expr::Not(part) => check_part(part, is_over_modules),
        Expr::Compare { left, right, .. } => {
            [left, right]
                .into_iter()
                .try_for_each(|side| match side.as_ref() {
                    Expr::Literal(_) => Ok(()),
                    Expr::Path(path) if is_target(path, is_over_modules) => Ok(()),
                    other => Err(format!("has `{other}`, which it cannot use")),
                })
        }
        other => Err(format!("has `{other}`, which is not a comparison")),
    }
}

/// Whether a condition can compare this member.
fn is_target(path: &Path, is_over_modules: bool) -> bool {
    let is_reported = |step: &Segment| matches!(step, Segment::Key(name) if name.eq_ignore_ascii_case("reported"));
    match (path.root(), path.rest()) {
        ("deviceId", []) => true,
        ("moduleId", []) => is_over_modules,
        ("tags", [_, ..]) => true,
        ("properties", [side, _, ..]) => is_reported(side),
        _ => false,
    }
}

fn check_content(content: &Map<String, Value>, condition: &str) -> HubResult<()> {
    let invalid = |text: String| Err(ServiceError::configuration_content(text));
    let mut kinds = KINDS.into_iter().filter_map(|kind| {
        let inside = content.get(kind)?.as_object()?;
        (!inside.is_empty()).then_some((kind, inside))
    });
    let Some((kind, inside)) = kinds.next() else {
        return Ok(());
    };
    if let Some((other, _)) = kinds.next() {
        return invalid(format!(
            "content has {kind} and {other}; one of them is allowed"
        ));
    }
    match kind {
        "modulesContent" if !inside.contains_key("$edgeAgent") => {
            return invalid("modulesContent has no $edgeAgent".to_owned());
        }
        "moduleContent" if !condition.is_empty() && module_condition(condition).is_none() => {
            return invalid(
                "moduleContent needs a target condition FROM devices.modules WHERE …".to_owned(),
            );
        }
        _ => {}
    }
    let odd = inside.keys().find(|name| !is_desired(name));
    match odd.filter(|_| kind != "modulesContent") {
        Some(name) => invalid(format!(
            "{kind} has '{name}'; names are properties.desired or start with properties.desired."
        )),
        None => Ok(()),
    }
}

/// Whether a name of a content is that of desired properties.
pub(crate) fn is_desired(name: &str) -> bool {
    name == "properties.desired" || name.starts_with("properties.desired.")
}
