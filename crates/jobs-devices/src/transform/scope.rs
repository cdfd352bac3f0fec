//! The scopes that tie edge devices and their children together.

use crate::Row;

/// How every scope of an edge device begins; the device's id, a hyphen and its generation follow.
pub(crate) const SCOPE_PREFIX: &str = "ms-azure-iot-edge://";

/// The id and the generation that a scope names.
pub(crate) fn parse_scope(scope: &str) -> Option<(&str, &str)> {
    scope.strip_prefix(SCOPE_PREFIX)?.rsplit_once('-')
}

/// The id that a scope names, where it has the form of a scope that the hub makes: the prefix, an id, a hyphen, digits.
pub(crate) fn edge_of_scope(scope: &str) -> Option<&str> {
    let (id, generation) = parse_scope(scope)?;
    let digits = !generation.is_empty() && generation.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(id)
}

/// The scope that is the row's own: that of an edge device which names itself.
pub(crate) fn own_scope(row: &Row) -> Option<&str> {
    let scope = row.device_scope.as_deref()?;
    let names_itself = parse_scope(scope).is_some_and(|(id, _)| id == row.id);
    (row.is_edge() && row.module_id.is_none() && names_itself).then_some(scope)
}

/// The scope of the row's parent: of a child its `deviceScope`, of a nested edge device the first of `parentScopes`.
pub(crate) fn parent_scope(row: &Row) -> Option<&str> {
    if row.module_id.is_some() {
        return None;
    }
    let first_parent = row.parent_scopes.as_ref().and_then(|scopes| scopes.first());
    match own_scope(row) {
        Some(_) => first_parent.map(String::as_str),
        None => row
            .device_scope
            .as_deref()
            .or(first_parent.map(String::as_str)),
    }
}
