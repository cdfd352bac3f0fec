//! Files that hold one secret on one line: a connection string or a container URI.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::{Failure, plain};
use crate::input;
use crate::redact;
use crate::settings::{Secret, Stdin};

/// Connection strings and container URIs are short; a longer file is not one of them.
const LONGEST: u64 = 64 * 1024;

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
    let is_stdin = path == Path::new("-");
    if is_stdin {
        stdin.take(option)?;
    }
    let file = path.to_owned();
    let text = input::aside(move || {
        let mut text = String::new();
        let most = LONGEST + 1;
        if is_stdin {
            io::stdin().lock().take(most).read_to_string(&mut text)?;
        } else {
            File::open(file)?.take(most).read_to_string(&mut text)?;
        }
        Ok(text)
    });
    let origin = origin_of(path);
    let text = text.await.map_err(|error| {
        Failure::usage(format_args!(
            "cannot read the {what} from {origin} ({option}): {}",
            plain(&error)
        ))
    })?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::usage(format_args!(
            "{origin} is too long to hold a {what} ({option})"
        )));
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

/// Somebody who types the secret itself where a file name belongs gets told so, without seeing it again.
fn refuse_secret_as_name(path: &Path, option: &str, what: &str) -> Result<(), Failure> {
    if !redact::is_secret(&path.to_string_lossy()) {
        return Ok(());
    }
    Err(Failure::secret_as_name(format_args!(
        "cannot read the {what} ({option})"
    )))
}
