//! Content that is applied to one edge device: the desired properties of its modules.

use serde_json::{Map, Value};

use super::authentication::Authentication;
use super::change::{check_room, insert};
use super::configuration_rules::is_desired;
use super::identity::Identity;
use super::store::Writing;
use super::twin;
use super::twin_parts::{TwinParts, TwinTexts};
use crate::envelope::{HubResult, ServiceError};

/// Sets the desired properties of the modules that the content names, and adds those that are missing. All of it, or nothing:
/// the caller's transaction ends with an error.
pub(crate) fn apply(
    writing: &mut Writing<'_>,
    edge: &Identity,
    modules: &Map<String, Value>,
) -> HubResult<()> {
    for (module_id, content) in modules {
        let invalid = |reason: &str| {
            ServiceError::configuration_content(format!("module '{module_id}': {reason}"))
        };
        let content = content
            .as_object()
            .ok_or_else(|| invalid("the content is not an object"))?;
        let desired = desired_of(content).map_err(|reason| invalid(&reason))?;
        let parts = TwinParts {
            desired: Some(desired),
            ..TwinParts::default()
        };
        let texts = TwinTexts::of(parts).map_err(|reason| invalid(&reason))?;
        match Identity::find(writing.connection(), &edge.device_id, module_id)? {
            Some(mut module) => {
                twin::replace(&mut module.twin, texts, writing.now);
                module.update(writing.connection())?;
            }
            None => {
                super::rules::check_module_id(module_id).map_err(ServiceError::argument)?;
                writing.check_quota()?;
                check_room(writing, &edge.device_id)?;
                let mut module = Identity::new(&edge.device_id, module_id, writing.now);
                module.managed_by = Some("iotEdge".to_owned());
                module.authentication = Authentication::generated();
                twin::create(&mut module.twin, texts);
                insert(writing, &module)?;
            }
        }
    }
    Ok(())
}

/// `properties.desired` with all properties, or `properties.desired.a.b` with one.
fn desired_of(content: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut desired = Map::new();
    for (name, value) in content {
        if !is_desired(name) {
            return Err(format!("'{name}' is not a name of desired properties"));
        }
        let path = name.strip_prefix("properties.desired.");
        let Some(path) = path else {
            let Value::Object(all) = value else {
                return Err("properties.desired is not an object".to_owned());
            };
            desired.extend(all.clone());
            continue;
        };
        let mut place = &mut desired;
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                place.insert(step.to_owned(), value.clone());
                break;
            }
            let inner = place
                .entry(step)
                .or_insert_with(|| Value::Object(Map::new()));
            place = inner
                .as_object_mut()
                .ok_or_else(|| format!("'{name}' is below a value"))?;
        }
    }
    Ok(desired)
}
