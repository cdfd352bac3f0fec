//! Files that hold one secret on one line: a connection string or a container URI.

use std::path::Path;

use crate::failure::Failure;
use crate::input;
use crate::redact;
use crate::settings::{Secret, Stdin};

/// Where a secret comes from, for messages to say.
pub(crate) fn origin_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Reads the one line of a file that holds a secret.
pub(crate) async fn read(
    path: &Path,
    option: &str,
    what: &str,
    stdin: &Stdin,
) -> Result<Secret, Failure> {
    refuse_secret_as_name(path, option, what)?;
    let origin = origin_of(path);
    let input = input::secret(option, what);
    let text = input.read_text_or_stdin(path, stdin).await?;
    if let Some(secret) = of_azure_cli(&text) {
        return Ok(secret);
    }
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(Secret::new(line)),
        (None, _) => Err(Failure::usage(format_args!(
            "{origin} is empty; it should hold a {what} ({option})"
        ))),
        (Some(_), Some(_)) => Err(Failure::usage(format_args!(
            "{origin} has more than one line; it should hold one {what} ({option})"
        ))),
    }
}

/// The connection string in what `az iot hub connection-string show` prints: an object with that one member.
pub(crate) fn of_azure_cli(text: &str) -> Option<Secret> {
    let printed: serde_json::Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    Some(Secret::new(printed.get("connectionString")?.as_str()?))
}

/// Somebody who types the secret itself where a file name belongs gets told so, without seeing it again.
fn refuse_secret_as_name(path: &Path, option: &str, what: &str) -> Result<(), Failure> {
    if !redact::is_secret(&path.to_string_lossy()) {
        return Ok(());
    }
    Err(Failure::secret_as_name(format_args!(
        "cannot read the {what} ({option})"
    )))
}
