//! Storage errors, classified as the hub's are, with their secrets masked.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};

use crate::container::ContainerUri;
use crate::error::{Error, ErrorKind};

const REFUSED: &str = "the signature or the identity must allow this, be unexpired, and pass the storage account's firewall";
const MISSING: &str = "check the blob's name and the container; names are case-sensitive";

const FOLDER: &str =
    "this process and the hub both need to read and write the folder; a blob is a plain file in it";

pub(super) fn read(
    error: object_store::Error,
    operation: &str,
    name: &str,
    uri: &ContainerUri,
) -> Error {
    use object_store::Error as Storage;
    if let Some(folder) = uri.folder() {
        let done = match operation {
            "upload blob" => "written",
            "list blobs" => "listed",
            _ => "read",
        };
        let cause = system_words(&error);
        let mut out = Error::new(
            ErrorKind::File,
            format!(
                "{name} in the folder {} cannot be {done}: {cause}",
                folder.display()
            ),
        );
        out.detail_mut().hint = Some(FOLDER);
        return out;
    }
    let (kind, hint) = match &error {
        Storage::NotFound { .. } => (ErrorKind::ContainerRejected, Some(MISSING)),
        Storage::PermissionDenied { .. } | Storage::Unauthenticated { .. } => {
            (ErrorKind::ContainerRejected, Some(REFUSED))
        }
        Storage::Precondition { .. } | Storage::AlreadyExists { .. } => (ErrorKind::Conflict, None),
        Storage::InvalidPath { .. } => (ErrorKind::Configuration, None),
        other => by_cause(other),
    };
    if matches!(kind, ErrorKind::Transport | ErrorKind::Timeout) {
        let message = format!(
            "blob {name}: no answer from the storage at {}",
            uri.location()
        );
        return Error::new(kind, message).with_source(system_words(&error));
    }
    let place = uri.location();
    let mut out = match answer(&error) {
        Some(said) => Error::new(
            kind,
            format!("blob {name}: the storage at {place} answered {said}"),
        ),
        None => Error::new(kind, format!("blob {name} of container {place}")).with_source(error),
    };
    out.detail_mut().hint = hint;
    out
}

/// What the storage answered, out of the text that holds it: the status, and the code and the first line of its XML.
fn answer(error: &object_store::Error) -> Option<String> {
    const STATUS: &str = "status code: ";
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if let Some((_, answer)) = text.split_once(STATUS) {
            let (status, body) = answer.split_once(':').unwrap_or((answer, ""));
            let element = |name: &str| {
                let (_, rest) = body.split_once(&format!("<{name}>"))?;
                let (inner, _) = rest.split_once('<')?;
                inner.lines().next().map(str::trim).map(str::to_owned)
            };
            let said: Vec<String> = ["Code", "Message"]
                .iter()
                .filter_map(|n| element(n))
                .collect();
            return Some(match said.is_empty() {
                true => status.trim().to_owned(),
                false => format!("{} ({})", status.trim(), said.join(": ")),
            });
        }
        next = cause.source();
    }
    None
}

/// What the system said about a file, without the words of the libraries around it.
pub(super) fn system_words(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let text = last.to_string();
    let short = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = short.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

pub(super) fn missing(name: &str, uri: &ContainerUri) -> Error {
    let mut error = Error::new(
        ErrorKind::ContainerRejected,
        format!("there is no blob {name} in container {uri}"),
    );
    error.detail_mut().hint = Some(MISSING);
    error
}

/// Generic errors hold the connection's failure, or the status in their text alone.
fn by_cause(error: &object_store::Error) -> (ErrorKind, Option<&'static str>) {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(http) = cause.downcast_ref::<HttpError>() {
            let kind = match http.kind() {
                HttpErrorKind::Timeout => ErrorKind::Timeout,
                HttpErrorKind::Decode => ErrorKind::Decode,
                _ => ErrorKind::Transport,
            };
            return (kind, None);
        }
        if let Some(own) = cause.downcast_ref::<Error>() {
            return (own.kind(), None);
        }
        let text = cause.to_string();
        let status = text.split_once("status code: ");
        if status.is_some_and(|(_, status)| status.starts_with('4')) {
            return (ErrorKind::ContainerRejected, Some(REFUSED));
        }
        next = cause.source();
    }
    (ErrorKind::Service, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_storage_is_its_status_code_and_first_line() {
        let of = |text: &str| {
            answer(&object_store::Error::Generic {
                store: "s",
                source: text.into(),
            })
        };
        let xml = "Error performing PUT in 1s - Server returned non-2xx status code: 403 Forbidden: \
                   <?xml?><Error><Code>AuthenticationFailed</Code><Message>Not this way.\nRequestId:1</Message></Error>";
        assert_eq!(
            of(xml).as_deref(),
            Some("403 Forbidden (AuthenticationFailed: Not this way.)")
        );
        assert_eq!(
            of("status code: 404 Not Found: ").as_deref(),
            Some("404 Not Found")
        );
        assert_eq!(of("no answer"), None);
    }
}
