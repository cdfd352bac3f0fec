//! Folders as `file:///` URIs, both ways.

use std::path::{Path, PathBuf};

use super::bad;
use crate::auth::sas;
use crate::error::Result;

/// The URI of a folder: its path with everything encoded that a URI gives a meaning of its own.
pub(super) fn uri_of(path: &Path) -> Result<String> {
    if !path.is_absolute() {
        return Err(bad(format_args!(
            "needs an absolute folder, not {}",
            path.display()
        )));
    }
    let text = path
        .to_str()
        .ok_or_else(|| bad("cannot carry a folder whose path is no text (UTF-8)"))?;
    #[cfg(windows)]
    let text = format!("/{}", text.replace('\\', "/"));
    let parts: Vec<String> = text.split('/').map(encoded).collect();
    Ok(format!("file://{}", parts.join("/")))
}

/// The colon of a drive stays.
fn encoded(part: &str) -> String {
    let parts: Vec<String> = part.split(':').map(sas::encode).collect();
    parts.join(":")
}

/// The folder of what follows `file://`.
pub(super) fn path_of(rest: &str) -> Result<PathBuf> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(bad(
            "with file: needs three slashes and an absolute folder: file:///folder",
        ));
    }
    if path.contains(['?', '#']) {
        return Err(bad("with file: takes no query"));
    }
    let path = sas::decode(path);
    #[cfg(windows)]
    let path = path.trim_start_matches('/').to_owned();
    if path.contains('\0') {
        return Err(bad("with file: holds a character that no path has"));
    }
    Ok(path.into())
}
