//! Edge devices and their children: who stands in whose scope.

use std::collections::HashSet;

use rusqlite::OptionalExtension as _;
use rusqlite::types::ValueRef;

use super::column;
use super::identity::Identity;
use super::rejection::{RowRejection, Trouble};
use super::store::Writing;

const SCOPE: &str = "ms-azure-iot-edge://";

/// An edge device has a scope of its own, made by the hub, and may have parents; any other device carries the scope of its
/// parent. The scope of another device in an edge device's `deviceScope` sets no parent (public reports).
pub(crate) fn set_scopes(
    device: &mut Identity,
    scope: Option<String>,
    parents: Vec<String>,
    writing: &Writing<'_>,
) -> Result<(), Trouble> {
    let scope = scope.filter(|text| !(device.iot_edge || text.is_empty() || is_own(device, text)));
    for named in scope.iter().chain(&parents) {
        check_parent(named, device, writing)?;
    }
    if device.iot_edge {
        let own = format!("{SCOPE}{}-{}", device.device_id, device.generation_id);
        check_descent(&own, &parents, writing)?;
        device.device_scope = Some(own);
        device.parent_scopes = parents;
        return Ok(());
    }
    device.parent_scopes = if parents.is_empty() {
        scope.iter().cloned().collect()
    } else {
        parents
    };
    device.device_scope = scope.or_else(|| device.parent_scopes.first().cloned());
    Ok(())
}

/// Whether a scope that came with a device is the one that it had until now as an edge device: what a GET or an export returned
/// comes back with it.
fn is_own(device: &Identity, scope: &str) -> bool {
    names(scope, &device.device_id) && device.device_scope.as_deref() == Some(scope)
}

fn names(scope: &str, device_id: &str) -> bool {
    generation_text(scope, device_id).is_some()
}

/// The generation in the scope of this very device.
pub(crate) fn generation_in(scope: &str, device_id: &str) -> Option<i64> {
    generation_text(scope, device_id)?.parse().ok()
}

fn generation_text<'s>(scope: &'s str, device_id: &str) -> Option<&'s str> {
    let (id, generation) = scope.strip_prefix(SCOPE)?.rsplit_once('-')?;
    let is_number = !generation.is_empty() && generation.bytes().all(|byte| byte.is_ascii_digit());
    (id == device_id && is_number).then_some(generation)
}

fn check_parent(scope: &str, device: &Identity, writing: &Writing<'_>) -> Result<(), Trouble> {
    if names(scope, &device.device_id) {
        let text = format!("{} cannot be its own parent", device.device_id);
        return Err(RowRejection::new("InvalidDeviceScope", text).into());
    }
    // The service accepts any other text, for a device that no edge device has above it.
    if !scope.starts_with(SCOPE) || parents_of(scope, writing)?.is_some() {
        Ok(())
    } else {
        let rejection = RowRejection {
            may_resolve: true,
            ..RowRejection::new(
                "InvalidDeviceScope",
                format!("no edge device has the scope '{scope}'"),
            )
        };
        Err(rejection.into())
    }
}

/// No device stands above itself, through however many others.
fn check_descent(own: &str, parents: &[String], writing: &Writing<'_>) -> Result<(), Trouble> {
    let mut above = parents.to_vec();
    let mut seen = HashSet::new();
    while let Some(scope) = above.pop() {
        if scope == own {
            let text = format!("'{own}' would stand above itself");
            return Err(RowRejection::new("InvalidDeviceScope", text).into());
        }
        if seen.insert(scope.clone()) {
            above.extend(parents_of(&scope, writing)?.unwrap_or_default());
        }
    }
    Ok(())
}

/// The parents of the edge device that has this scope; nothing when none has it.
fn parents_of(scope: &str, writing: &Writing<'_>) -> rusqlite::Result<Option<Vec<String>>> {
    let sql = "SELECT parent_scopes FROM identities WHERE iot_edge = 1 AND device_scope = ?1";
    let mut statement = writing.connection().prepare_cached(sql)?;
    let found = statement.query_row([scope], |row| match row.get_ref(0)? {
        ValueRef::Null => Ok(Vec::new()),
        _ => column::decoded(row, 0, scope),
    });
    found.optional()
}
