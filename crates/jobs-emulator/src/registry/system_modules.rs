//! The modules that every edge device has: they come and go with its being one.

use super::identity::{Identity, delete_module};
use super::store::Writing;
use crate::envelope::HubResult;

/// Their ids.
pub(super) const NAMES: [&str; 2] = ["$edgeAgent", "$edgeHub"];

/// Adds the system modules to a device that became an edge device, and takes them from one that no longer is. To be called
/// before the device is written: there may be no room for the modules.
pub(crate) fn follow(
    writing: &mut Writing<'_>,
    device: &Identity,
    had_edge: bool,
) -> HubResult<()> {
    match (had_edge, device.iot_edge) {
        (false, true) => insert(writing, device),
        (true, false) => {
            for name in NAMES {
                delete_module(writing, &device.device_id, name)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Adds those of the modules that are missing; when there is no room for them, none.
pub(super) fn insert(writing: &mut Writing<'_>, edge: &Identity) -> HubResult<()> {
    let mut missing = Vec::new();
    for name in NAMES {
        if !Identity::exists(writing.connection(), &edge.device_id, name)? {
            missing.push(name);
        }
    }
    writing.check_quota_for(missing.len())?;
    for name in missing {
        let module = Identity {
            generation_id: edge.generation_id,
            managed_by: Some("iotEdge".to_owned()),
            ..Identity::new(&edge.device_id, name, writing.now)
        };
        module.insert(writing.connection())?;
        writing.populate(1);
    }
    Ok(())
}
