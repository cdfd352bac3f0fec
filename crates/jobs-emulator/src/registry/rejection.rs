//! Why a row is rejected.

use jobs_devices::ImportError;

use crate::envelope::{ServiceError, number_of};

/// Why a row was refused, in the terms of `importErrors.log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowRejection {
    /// The symbolic name, as bulk responses carry it.
    pub(crate) code: &'static str,
    /// The text.
    pub(crate) status: String,
    /// The refusal may go away when later rows of the file have been applied.
    pub(crate) may_resolve: bool,
}

impl RowRejection {
    pub(crate) fn new(code: &'static str, status: impl Into<String>) -> Self {
        Self {
            code,
            status: status.into(),
            may_resolve: false,
        }
    }

    /// The number that goes with the name.
    pub(crate) fn number(&self) -> u32 {
        number_of(self.code).unwrap_or(400_000)
    }

    pub(super) fn argument(text: impl Into<String>) -> Self {
        Self::new("ArgumentInvalid", text)
    }
}

/// Either a refusal of the row, or a failure of the hub itself.
pub(crate) enum Trouble {
    Row(RowRejection),
    Hub(ServiceError),
}

impl From<RowRejection> for Trouble {
    fn from(rejection: RowRejection) -> Self {
        Self::Row(rejection)
    }
}

impl From<ServiceError> for Trouble {
    fn from(error: ServiceError) -> Self {
        // A quota is the row's misfortune; anything else is the hub's.
        if error.code == "IotHubQuotaExceeded" {
            Self::Row(RowRejection::new(error.code, error.text))
        } else {
            Self::Hub(error)
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Hub(error.into())
    }
}

/// Number of `DeserializationError`.
const UNREADABLE: i64 = 400_012;
/// Bytes of a line that an error repeats.
const MAX_QUOTED: usize = 64 * 1024;

/// A line that cannot be read, as the service reports it: without an id, the line repeated. `kind`: what it should be.
pub(crate) fn unreadable(kind: &str, raw: &[u8], why: &str) -> ImportError {
    let shown = &raw[..raw.len().min(MAX_QUOTED)];
    let text = format!(
        "Invalid {kind} format in line: {}. {why}",
        String::from_utf8_lossy(shown)
    );
    ImportError::unreadable(UNREADABLE, text)
}
