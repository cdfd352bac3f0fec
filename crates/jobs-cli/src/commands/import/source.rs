//! Where the rows of an import come from.

use std::path::{Path, PathBuf};

use jobs_ext::{ImportOptions, JobsClient};
use tempfile::TempPath;

use super::plan::Planned;
use crate::args::jobs::ImportArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::input_file::{InputFile, Settled, refuse_without_rows};
use crate::{hub, outfile};

/// The rows of an import, where they can be read before it.
pub(super) enum Source {
    /// A file that will be uploaded.
    File { file: Settled, name: String },
    /// A blob that is in the container already; its rows are copied here to be counted.
    Blob { copy: TempPath, name: String },
    /// A blob that only the hub can open.
    Closed { name: String },
}

impl Source {
    pub(super) async fn of(
        context: &Context,
        client: &JobsClient,
        args: &ImportArgs,
        options: &ImportOptions,
    ) -> Result<Self, Failure> {
        if let Some(path) = &args.file {
            let name = match path.to_str() {
                Some("-") => "standard input".to_owned(),
                _ => path.display().to_string(),
            };
            let file = InputFile::look_at(context, path)?.settle().await?;
            return Ok(Self::File { file, name });
        }
        let blob = options.blob_name();
        let container = options.input_container();
        if !hub::can_open(client, container) {
            let name = blob.to_owned();
            return Ok(Self::Closed { name });
        }
        let name = format!("blob {blob}");
        let copy = outfile::scratch()?.into_temp_path();
        client.container(container)?.download(blob, &copy).await?;
        refuse_without_rows(&copy, &name, None)?;
        Ok(Self::Blob { copy, name })
    }

    /// Checks and counts the rows.
    pub(super) async fn plan(
        &self,
        context: &Context,
        client: &JobsClient,
        args: &ImportArgs,
    ) -> Result<Planned, Failure> {
        let (path, name): (&Path, _) = match self {
            Self::File { file, name } => (file.as_ref(), name),
            Self::Blob { copy, name } => (copy, name),
            Self::Closed { name } => return Ok(Planned::unknown(client, name)),
        };
        Planned::of_file(context, client, args, path, name).await
    }

    /// The file to upload, if the rows are not in the container yet.
    pub(super) fn to_upload(&self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::File { file, .. } => {
                file.refuse_changed()?;
                Ok(Some(file.as_ref().to_owned()))
            }
            _ => Ok(None),
        }
    }
}
