//! The lines of `importErrors.log` and `importConfigErrors.log`: one for every line of an import that failed.

use std::fmt;

use serde::de::IgnoredAny;

use crate::{
    field::{FromText, Misfit, members, string},
    json::kind_of,
    members::Members,
    text::{ObjectWriter, push_string},
};

/// Why one row of an import failed. A file of these with no line means that every row was taken.
///
/// ```
/// use jobs_devices::ImportError;
/// let error: ImportError = r#"{"deviceId":"d1","errorCode":404001,"errorStatus":"d1"}"#.parse()?;
/// assert_eq!((error.device_id.as_deref(), error.error_code), (Some("d1"), 404_001));
/// # Ok::<(), jobs_devices::Misfit>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ImportError {
    /// The device; absent when the line could not be read.
    pub device_id: Option<String>,
    /// The module, if the row was one.
    pub module_id: Option<String>,
    /// The configuration, in `importConfigErrors.log`.
    pub configuration_id: Option<String>,
    /// The service's code: 409001 exists, 404001 not found, 400012 not readable, 403002 quota, 412001 version differs.
    pub error_code: i64,
    /// The service's words. For code 400012 these quote the line, keys included: show [`ImportError::summary`] to people.
    pub error_status: String,
    /// Members this crate does not know, in their order.
    pub extra: Members,
}

impl ImportError {
    /// An error about a device.
    pub fn new(
        device_id: impl Into<String>,
        error_code: i64,
        error_status: impl Into<String>,
    ) -> Self {
        Self {
            device_id: Some(device_id.into()),
            error_code,
            error_status: error_status.into(),
            ..Self::default()
        }
    }

    /// An error about a line that could not be read, so that no device is known.
    pub fn unreadable(error_code: i64, error_status: impl Into<String>) -> Self {
        Self {
            error_code,
            error_status: error_status.into(),
            ..Self::default()
        }
    }

    /// The service's words without any line that they quote, which may hold keys. Where the line's end cannot be told, because it is no
    /// whole JSON document, nothing behind its beginning is given.
    pub fn summary(&self) -> String {
        let text = &self.error_status;
        let Some(from) = quotation(text) else {
            return text.clone();
        };
        let (words, line) = text.split_at(from);
        format!("{words}(line not shown){}", behind_document(line))
    }

    /// Who the error is about: the configuration, or the device, with its module after a `/`.
    pub fn subject(&self) -> Option<String> {
        let Some(device) = &self.device_id else {
            return self.configuration_id.clone();
        };
        Some(
            self.module_id
                .as_ref()
                .map_or_else(|| device.clone(), |module| format!("{device}/{module}")),
        )
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::begin(out);
        for (name, value) in [
            ("deviceId", &self.device_id),
            ("moduleId", &self.module_id),
            ("configurationId", &self.configuration_id),
        ] {
            if let Some(value) = value {
                push_string(object.name(name), value);
            }
        }
        object
            .name("errorCode")
            .extend_from_slice(self.error_code.to_string().as_bytes());
        push_string(object.name("errorStatus"), &self.error_status);
        self.extra.write(&mut object);
        object.end();
    }
}

/// What the service puts before a line that it could not read.
const QUOTES: &str = "in line:";

/// Where a text begins to quote a line: behind the words that announce one, or at an object.
fn quotation(text: &str) -> Option<usize> {
    let announced = text.to_ascii_lowercase().find(QUOTES).map(|at| {
        let line = at + QUOTES.len();
        line + usize::from(text[line..].starts_with(' '))
    });
    // The brace of an escaped character (`\u{1b}`) opens no object.
    let object = text
        .match_indices('{')
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with("\\u"));
    match (announced, object) {
        (Some(announced), Some(object)) => Some(announced.min(object)),
        (announced, object) => announced.or(object),
    }
}

/// What stands behind a whole JSON document and the full stop after it; nothing when the text does not begin so, and nothing of words
/// about a key, for they may quote its value.
fn behind_document(text: &str) -> &str {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match documents.next() {
        Some(Ok(_)) => {
            let rest = &text[documents.byte_offset()..];
            let of_key = rest.to_ascii_lowercase().contains("key");
            if rest.starts_with(". ") && !of_key {
                rest
            } else {
                ""
            }
        }
        _ => "",
    }
}

/// A code is a number on the wire; one official client types it as a string.
fn code(raw: &str) -> Result<i64, Misfit> {
    raw.trim_matches('"')
        .parse()
        .map_err(|_| Misfit::expected("a whole number", kind_of(raw)).within("errorCode"))
}

fn optional(name: &str, raw: &str) -> Result<Option<String>, Misfit> {
    if raw == "null" {
        Ok(None)
    } else {
        string(raw)
            .map(|text| Some(text.into_owned()))
            .map_err(|misfit| misfit.within(name))
    }
}

impl FromText for ImportError {
    fn from_text(raw: &str) -> Result<Self, Misfit> {
        let (mut error, mut seen) = (Self::default(), false);
        members(raw, |name, value| {
            match name.to_ascii_lowercase().as_str() {
                "deviceid" => error.device_id = optional("deviceId", value)?,
                "moduleid" => error.module_id = optional("moduleId", value)?,
                "configurationid" => error.configuration_id = optional("configurationId", value)?,
                "errorstatus" => {
                    error.error_status = optional("errorStatus", value)?.unwrap_or_default()
                }
                "errorcode" => {
                    error.error_code = code(value)?;
                    seen = true;
                }
                _ => error.extra.push(&name, value)?,
            }
            Ok(())
        })?;
        if seen {
            Ok(error)
        } else {
            Err(Misfit {
                path: "errorCode".to_owned(),
                message: "missing; every line of an error log has one".to_owned(),
            })
        }
    }
}

impl fmt::Debug for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportError")
            .field("device_id", &self.device_id)
            .field("module_id", &self.module_id)
            .field("configuration_id", &self.configuration_id)
            .field("error_code", &self.error_code)
            .field("error_status", &self.summary())
            .field("extra", &self.extra)
            .finish()
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject() {
            Some(subject) => write!(f, "{subject}: {} {}", self.error_code, self.summary()),
            None => write!(f, "{} {}", self.error_code, self.summary()),
        }
    }
}
