//! Storage errors, classified as the hub's are, with their secrets masked.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};

use super::response::WrongResponse;
use super::service::NoContainer;
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
    if let Some(wrong) = caused::<WrongResponse>(&error) {
        return wrong_response(wrong, name, uri);
    }
    if let Some(folder) = uri.folder() {
        let done = match operation {
            "upload blob" => "written",
            "list blobs" => "listed",
            "delete blob" => "deleted",
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
    if let Some(NoContainer(code)) = caused(&error) {
        return no_container(uri, code);
    }
    let said = answer(&error);
    let status = said.as_ref().and_then(|said| said.status);
    let (kind, hint) = match &error {
        Storage::NotFound { .. } => (ErrorKind::ContainerRejected, Some(MISSING)),
        Storage::PermissionDenied { .. } | Storage::Unauthenticated { .. } => {
            (ErrorKind::ContainerRejected, Some(REFUSED))
        }
        Storage::Precondition { .. } | Storage::AlreadyExists { .. } => (ErrorKind::Conflict, None),
        Storage::InvalidPath { .. } => (ErrorKind::Configuration, None),
        other => status.map_or_else(|| by_cause(other), by_status),
    };
    if matches!(kind, ErrorKind::Transport | ErrorKind::Timeout) && said.is_none() {
        let message = format!(
            "blob {name}: no answer from the storage at {}",
            uri.location()
        );
        return Error::new(kind, message).with_source(system_words(&error));
    }
    match said {
        Some(said) => rejection(said, kind, hint, name, uri),
        None => {
            let message = format!("blob {name} of container {}", uri.location());
            let mut out = Error::new(kind, message).with_source(error);
            out.detail_mut().hint = hint;
            out
        }
    }
}

/// A request of this crate's own that got no response, or one that cannot be used.
pub(super) fn unanswered(
    error: HttpError,
    operation: &str,
    name: &str,
    uri: &ContainerUri,
) -> Error {
    let error = object_store::Error::Generic {
        store: "storage",
        source: Box::new(error),
    };
    read(error, operation, name, uri)
}

/// A request of this crate's own that the storage answered with an error.
pub(super) fn answered(
    status: reqwest::StatusCode,
    body: &[u8],
    name: &str,
    uri: &ContainerUri,
) -> Error {
    let said = Answered::read(&status.to_string(), &String::from_utf8_lossy(body));
    let (kind, hint) = by_status(status.as_u16());
    rejection(said, kind, hint, name, uri)
}

fn rejection(
    said: Answered,
    kind: ErrorKind,
    hint: Option<&'static str>,
    name: &str,
    uri: &ContainerUri,
) -> Error {
    let place = uri.location();
    let message = format!(
        "blob {name}: the storage at {place} answered: {}",
        said.text
    );
    let mut out = Error::new(kind, message);
    let detail = out.detail_mut();
    detail.hint = hint;
    detail.status = said.status;
    detail.code = said.code;
    out
}

fn wrong_response(wrong: &WrongResponse, name: &str, uri: &ContainerUri) -> Error {
    let message = match uri.folder() {
        Some(folder) => format!("{name} in the folder {}: {wrong}", folder.display()),
        None => format!(
            "blob {name}: invalid response from {}: {wrong}",
            uri.location()
        ),
    };
    let mut out = Error::new(ErrorKind::Decode, message);
    if uri.folder().is_none() {
        out.detail_mut().hint = Some(
            "a proxy or a sign-in page may have sent the response in the storage's place, or the blob was being replaced; try again, then check the URI and the proxy",
        );
    }
    out
}

fn no_container(uri: &ContainerUri, code: &str) -> Error {
    let mut out = Error::new(
        ErrorKind::ContainerRejected,
        format!("there is no container {}", uri.location()),
    );
    let detail = out.detail_mut();
    detail.code = Some(code.to_owned());
    detail.hint = Some("create the container, or correct its name in the URI");
    out
}

/// What the storage answered.
struct Answered {
    status: Option<u16>,
    code: Option<String>,
    /// The first line of the XML's message; the status line where there is none.
    text: String,
}

impl Answered {
    /// Reads a status line such as `403 Forbidden`, and the XML that came with it.
    fn read(status: &str, body: &str) -> Self {
        let element = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>"))?;
            let (inner, _) = rest.split_once('<')?;
            inner.lines().next().map(str::trim).map(str::to_owned)
        };
        let code = element("Code");
        let text = element("Message").filter(|_| code.is_some());
        Self {
            status: status.split(' ').next().and_then(|s| s.parse().ok()),
            code: code.map(|code| crate::redact::clean(&code, 80)),
            text: text.unwrap_or_else(|| status.trim().to_owned()),
        }
    }
}

/// What the storage answered, out of the text that holds it: its library keeps the types to itself.
fn answer(error: &object_store::Error) -> Option<Answered> {
    const STATUS: &str = "status code: ";
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if let Some((_, answer)) = text.split_once(STATUS) {
            let (status, body) = answer.split_once(':').unwrap_or((answer, ""));
            return Some(Answered::read(status, body));
        }
        next = cause.source();
    }
    None
}

/// The first of an error's causes that is of a type.
fn caused<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// The kind of an answer that the library has no kind for.
fn by_status(status: u16) -> (ErrorKind, Option<&'static str>) {
    match status {
        408 => (ErrorKind::Timeout, None),
        409 | 412 => (ErrorKind::Conflict, None),
        429 => (ErrorKind::Throttled, None),
        400..500 => (ErrorKind::ContainerRejected, Some(REFUSED)),
        _ => (ErrorKind::Service, None),
    }
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

/// Errors without an answer hold the connection's failure, or one of this crate's own.
fn by_cause(error: &object_store::Error) -> (ErrorKind, Option<&'static str>) {
    if let Some(own) = caused::<Error>(error) {
        return (own.kind(), None);
    }
    let kind = match caused::<HttpError>(error).map(HttpError::kind) {
        Some(HttpErrorKind::Timeout) => ErrorKind::Timeout,
        Some(HttpErrorKind::Decode) => ErrorKind::Decode,
        Some(_) => ErrorKind::Transport,
        None => ErrorKind::Service,
    };
    (kind, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_storage_is_its_status_code_and_first_line() {
        let of = |text: &str| {
            let error = object_store::Error::Generic {
                store: "s",
                source: text.into(),
            };
            answer(&error).map(|said| (said.status, said.text))
        };
        let xml = "Error performing PUT in 1s - Server returned non-2xx status code: 403 Forbidden: \
                   <?xml?><Error><Code>AuthenticationFailed</Code><Message>Not this way.\nRequestId:1</Message></Error>";
        assert_eq!(of(xml), Some((Some(403), "Not this way.".to_owned())));
        assert_eq!(
            of("status code: 404 Not Found: "),
            Some((Some(404), "404 Not Found".to_owned()))
        );
        assert_eq!(of("no answer"), None);
    }
}
