//! Files that are not device files: how every command reports them.

use std::path::Path;

use jobs_devices::format::FileFormat;

use crate::failure::Failure;

/// The failure for an input of another format. `command` is what a pipe passes the device file to: `devices stats -`.
pub(crate) fn not_a_device_file(
    name: &str,
    path: Option<&Path>,
    format: FileFormat,
    command: &str,
) -> Failure {
    let path = path.map(Path::to_string_lossy);
    Failure::usage(format_args!(
        "{name} is {}, not a device file",
        format.name()
    ))
    .hint(format.hint(path.as_deref(), command))
}
