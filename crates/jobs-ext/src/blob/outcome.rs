//! What finished jobs left in their containers.

use std::path::Path;

use jobs_devices::{Configuration, ImportError, Row};

use super::Records;
use crate::error::{Error, Result};
use crate::export::ExportOutcome;
use crate::import::{CONFIG_ERRORS_BLOB, IMPORT_ERRORS_BLOB, ImportOutcome};

impl ExportOutcome {
    /// The exported identities as a stream. The sentence that heads an export without keys is at [`Records::notice`].
    ///
    /// # Errors
    /// When the container cannot be opened or the blob not read.
    pub async fn devices(&self) -> Result<Records<Row>> {
        self.client
            .container(self.container())?
            .read(self.blob())
            .await
    }

    /// The exported configurations as a stream.
    ///
    /// # Errors
    /// Configuration when they were not part of the export; else as [`devices`](Self::devices).
    pub async fn configurations(&self) -> Result<Records<Configuration>> {
        let blob = self.configurations_blob().ok_or_else(|| {
            Error::configuration(
                "configurations were not part of this export: ask for them in its options",
            )
        })?;
        self.client.container(self.container())?.read(blob).await
    }

    /// Copies the exported device file as it is to a local file, readable by its owner alone, and gives its size.
    ///
    /// # Errors
    /// As [`BlobContainer::download`](super::BlobContainer::download).
    pub async fn download(&self, file: impl AsRef<Path>) -> Result<u64> {
        self.client
            .container(self.container())?
            .download(self.blob(), file)
            .await
    }
}

impl ImportOutcome {
    /// The rows that the service rejected, as a stream: `importErrors.log`. Empty when there was none; no log counts as an empty one.
    ///
    /// # Errors
    /// When the container cannot be opened or the log not read.
    pub async fn rejected(&self) -> Result<Records<ImportError>> {
        self.client
            .container(self.container())?
            .read_log(IMPORT_ERRORS_BLOB)
            .await
    }

    /// The configurations that the service rejected, as a stream: `importConfigErrors.log`.
    ///
    /// # Errors
    /// As [`rejected`](Self::rejected).
    pub async fn rejected_configurations(&self) -> Result<Records<ImportError>> {
        self.client
            .container(self.container())?
            .read_log(CONFIG_ERRORS_BLOB)
            .await
    }
}
