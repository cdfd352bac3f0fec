//! `importErrors.log`: one JSON object a line for every row that was refused.

use std::io::{self, BufWriter, Write as _};

use jobs_devices::ImportError;

use crate::registry::RowRejection;
use crate::storage::{BlobWriter, Container, StorageError};

/// Name of the log about devices, fixed by the service.
pub(super) const DEVICE_LOG: &str = "importErrors.log";
/// Name of the log about configurations.
pub(super) const CONFIGURATION_LOG: &str = "importConfigErrors.log";

/// A log being written. It appears when finished, empty if nothing went wrong.
pub(super) struct ErrorLog {
    blob: BufWriter<Box<dyn BlobWriter>>,
    line: Vec<u8>,
}

impl ErrorLog {
    pub(super) fn start(container: &Container, name: &str) -> Result<Self, StorageError> {
        Ok(Self {
            blob: BufWriter::new(container.write(name)?),
            line: Vec::new(),
        })
    }

    pub(super) fn note(&mut self, error: &ImportError) -> io::Result<()> {
        self.line.clear();
        error.write_line(&mut self.line);
        self.line.push(b'\n');
        self.blob.write_all(&self.line)
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.blob
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .finish()
    }
}

/// A row that was refused.
pub(super) fn refused(device_id: &str, module_id: &str, rejection: &RowRejection) -> ImportError {
    let mut error = ImportError::new(
        device_id,
        i64::from(rejection.number()),
        rejection.status.clone(),
    );
    error.module_id = (!module_id.is_empty()).then(|| module_id.to_owned());
    error
}
