//! Edge devices and their children: who stands in whose scope.

use super::change::RowRefusal;
use super::identity::Identity;
use super::store::Writing;

const SCOPE: &str = "ms-azure-iot-edge://";

/// An edge device has a scope of its own and may have parents; any other device
/// carries the scope of its parent.
pub(crate) fn set_scopes(
    device: &mut Identity,
    scope: Option<String>,
    parents: Vec<String>,
    writing: &Writing<'_>,
) -> Result<(), RowRefusal> {
    let scope = scope.filter(|text| !text.is_empty());
    if !device.iot_edge {
        for named in scope.iter().chain(&parents) {
            check_scope(named, writing)?;
        }
        device.parent_scopes = if parents.is_empty() {
            scope.iter().cloned().collect()
        } else {
            parents
        };
        device.device_scope = scope.or_else(|| device.parent_scopes.first().cloned());
        return Ok(());
    }
    for named in &parents {
        check_scope(named, writing)?;
    }
    device.parent_scopes = parents;
    // A row that was exported brings the device's own scope along: keeping it keeps the links of its children.
    let own = scope
        .as_deref()
        .and_then(|text| text.strip_prefix(SCOPE))
        .and_then(|rest| {
            let (id, generation) = rest.rsplit_once('-')?;
            (id == device.device_id).then(|| generation.parse::<i64>().ok())?
        });
    match (own, scope) {
        (Some(generation), _) => device.generation_id = generation,
        // The scope of another edge device names a parent.
        (None, Some(named)) => {
            check_scope(&named, writing)?;
            if !device.parent_scopes.contains(&named) {
                device.parent_scopes.push(named);
            }
        }
        (None, None) => {}
    }
    device.device_scope = Some(format!(
        "{SCOPE}{}-{}",
        device.device_id, device.generation_id
    ));
    Ok(())
}

fn check_scope(scope: &str, writing: &Writing<'_>) -> Result<(), RowRefusal> {
    let known = writing
        .connection()
        .prepare_cached("SELECT 1 FROM identities WHERE iot_edge = 1 AND device_scope = ?1")
        .and_then(|mut statement| statement.exists([scope]))
        .unwrap_or(false);
    if known {
        Ok(())
    } else {
        let may_resolve = scope.starts_with(SCOPE);
        Err(RowRefusal {
            may_resolve,
            ..RowRefusal::new(
                "InvalidDeviceScope",
                format!("no edge device has the scope '{scope}'"),
            )
        })
    }
}
