//! What finished jobs left in their containers.

use std::path::Path;

use jobs_devices::{Configuration, ImportError, Row};

use super::origin::Origin;
use super::{BlobContainer, BlobReader, Records, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::export::ExportOutcome;
use crate::jobs::import::{CONFIG_ERRORS_BLOB, IMPORT_ERRORS_BLOB, ImportOutcome};

const LOG_MISSING: &str = "the service writes this log for every import, even if it stays empty: name the container that the import was told to write it to";
const LOG_FOREIGN: &str = "the log of this import may be in another container, or a later import may have replaced it; compare the hub's devices with the imported file";
const EXPORT_FOREIGN: &str = "name the blob that the export was told to write";

impl ExportOutcome {
    /// The exported identities as a stream. The sentence that heads an export without keys is at [`Records::notice`].
    ///
    /// # Errors
    /// When the container cannot be opened or the blob not read; [`UnknownOutcome`](ErrorKind::UnknownOutcome) when the blob's name was not
    /// given for a job that was created elsewhere, and `devices.txt` is not from this job.
    pub async fn devices(&self) -> Result<Records<Row>> {
        let container = self.client.container(self.container())?;
        self.check(&container).await?;
        let name = self.blob();
        match container.open_exported("read blob", name).await? {
            Some(blob) => blob.records().await,
            None => Err(failure::missing(name, container.uri())),
        }
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
    /// As [`devices`](Self::devices) and [`BlobContainer::download`](super::BlobContainer::download).
    pub async fn download(&self, file: impl AsRef<Path>) -> Result<u64> {
        let container = self.client.container(self.container())?;
        self.check(&container).await?;
        container
            .download_exported(self.blob(), file.as_ref())
            .await
    }

    /// Checks that a blob whose name is a guess was written by this job.
    async fn check(&self, container: &BlobContainer) -> Result<()> {
        if !self.guessed {
            return Ok(());
        }
        let name = self.blob();
        let Some(found) = container.properties(name).await? else {
            return Err(failure::missing(name, container.uri()));
        };
        let origin = Origin {
            client: &self.client,
            job: self.job(),
            created: self.created,
            guessed: true,
        };
        let in_folder = container.uri().folder().is_some();
        match origin.check(&found, in_folder).await? {
            None => Ok(()),
            Some(foreign) => {
                let message = format!(
                    "it is not known where its rows are: {name} in {} {}",
                    container.uri(),
                    foreign.reason()
                );
                Err(unknown(&message, EXPORT_FOREIGN, self.job()))
            }
        }
    }
}

impl ImportOutcome {
    /// The rows that the service rejected, as a stream: `importErrors.log`. The log of an import that rejected no row is empty.
    ///
    /// # Errors
    /// When the container cannot be opened or the log not read; [`UnknownOutcome`](ErrorKind::UnknownOutcome) when there is no log, it is from
    /// another import, or it has content but no row.
    pub async fn rejected(&self) -> Result<Records<ImportError>> {
        self.error_log().await?.records().await
    }

    /// The configurations that the service rejected, as a stream: `importConfigErrors.log`. Empty when no configurations were imported.
    ///
    /// # Errors
    /// As [`rejected`](Self::rejected).
    pub async fn rejected_configurations(&self) -> Result<Records<ImportError>> {
        match self.configuration_error_log().await? {
            Some(log) => log.records().await,
            None => Ok(Records::empty(CONFIG_ERRORS_BLOB)),
        }
    }

    /// Opens `importErrors.log`, to copy its bytes besides reading its rows.
    ///
    /// # Errors
    /// When the container cannot be opened or the log not read; [`UnknownOutcome`](ErrorKind::UnknownOutcome) when there is no log or it is from
    /// another import.
    pub async fn error_log(&self) -> Result<BlobReader> {
        self.log(IMPORT_ERRORS_BLOB).await
    }

    /// Opens `importConfigErrors.log`; none when no configurations were imported, for which the service writes no such log.
    ///
    /// # Errors
    /// As [`error_log`](Self::error_log).
    pub async fn configuration_error_log(&self) -> Result<Option<BlobReader>> {
        if !self.with_configurations {
            return Ok(None);
        }
        self.log(CONFIG_ERRORS_BLOB).await.map(Some)
    }

    async fn log(&self, name: &str) -> Result<BlobReader> {
        let container = self.client.container(self.container())?;
        let Some(log) = container.open(name).await? else {
            let message = format!("there is no {name} in {}", container.uri());
            return Err(unknown(&message, LOG_MISSING, self.job()));
        };
        let origin = Origin {
            client: &self.client,
            job: self.job(),
            created: self.created,
            guessed: false,
        };
        let in_folder = container.uri().folder().is_some();
        match origin.check(log.properties(), in_folder).await? {
            None => Ok(log.into_log()),
            Some(foreign) => {
                let message = format!("{name} in {} {}", container.uri(), foreign.reason());
                Err(unknown(&message, LOG_FOREIGN, self.job()))
            }
        }
    }
}

fn unknown(message: &str, hint: &'static str, job: &crate::Job) -> Error {
    let mut error = Error::new(ErrorKind::UnknownOutcome, message);
    error.detail_mut().hint = Some(hint);
    error.with_operation("read the result of job", Some(job.id()))
}
