//! The blob that the file of an import goes into, and its end.

use std::path::Path;

use jobs_ext::{ContainerUri, ImportOptions, Job, JobsClient};

use crate::args::jobs::{ContainerArgs, ImportArgs};
use crate::context::{Context, WaitOptions};
use crate::failure::Failure;

/// The blob that a file was uploaded to for one import, and that is deleted once nothing reads it any more.
#[derive(Debug)]
pub(crate) struct Upload {
    container: ContainerUri,
    name: String,
}

impl Upload {
    /// The upload of this command, if it has to be deleted: a name that the user chose is the user's own.
    pub(super) fn of(args: &ImportArgs, options: &ImportOptions) -> Option<Self> {
        let is_own = args.file.is_some() && args.blob.is_none() && !args.keep_blob;
        is_own.then(|| Self {
            container: options.input_container().clone(),
            name: options.blob_name().to_owned(),
        })
    }

    /// The upload of an import that another command started. Only a blob that was uploaded for this job is deleted: its name has to be one
    /// that `import` makes, and the one that the hub reports for the job, where it reports one.
    pub(crate) fn named(container: ContainerUri, name: &str, job: &Job) -> Result<Self, Failure> {
        if !ImportOptions::is_unique_blob(name) {
            return Err(Failure::usage(format_args!(
                "--input-blob {name}: not the name of an upload, import-TIME-RANDOM.txt; a blob that you named yourself is not deleted"
            ))
            .hint("leave --input-blob out to wait without deleting a blob"));
        }
        let own = job
            .import_export()
            .and_then(|model| model.input_blob_name.as_deref());
        match own {
            Some(own) if own != name => Err(Failure::usage(format_args!(
                "--input-blob {name}: job {} reads blob {own}; another job may read the one that is named",
                job.id()
            ))),
            _ => Ok(Self {
                container,
                name: name.to_owned(),
            }),
        }
    }

    /// Deletes the blob. A failure is a warning that names it: the import itself is not changed by it.
    pub(crate) async fn delete(&self, context: &Context, client: &JobsClient) {
        let deleted = match client.container(&self.container) {
            Ok(container) => container.delete(&self.name).await,
            Err(error) => Err(error),
        };
        if let Err(error) = deleted {
            context.printer.warn(format_args!(
                "the uploaded blob {} may still be in {}, with the keys of its rows: {}",
                self.name,
                self.container,
                error.message()
            ));
        }
    }
}

/// The options with which `wait` finishes an import as `import` would: it reads the log, and deletes the upload.
/// `output` names the container of the log, if that is another one, by a URI or a file.
pub(crate) fn wait_options(
    input: &ContainerArgs,
    output: (Option<&str>, Option<&Path>),
    upload: Option<&Upload>,
) -> WaitOptions {
    let (uri, file) = (input.container.as_deref(), input.container_file.as_deref());
    let options = [
        container_option("--container", uri, file),
        upload.map(|upload| format!("--input-blob {}", upload.name)),
        output_option(output.0, output.1),
    ];
    WaitOptions {
        text: options.into_iter().flatten().collect::<Vec<_>>().join(" "),
        with_upload: upload.is_some(),
    }
}

/// The option that names a container as these arguments do; none where the environment names it, which it does for the next command too.
fn container_option(option: &str, uri: Option<&str>, file: Option<&Path>) -> Option<String> {
    match (uri, file) {
        (_, Some(path)) => Some(format!(
            "{option}-file {}",
            shell_word(&path.display().to_string())
        )),
        // Arguments are no place for a signature.
        (Some(uri), None) if uri.contains('?') => Some(format!("{option}-file FILE")),
        (Some(uri), None) => Some(format!("{option} {}", shell_word(uri))),
        (None, None) => None,
    }
}

/// The same for the container of the log, which `wait` takes from a file alone.
fn output_option(uri: Option<&str>, file: Option<&Path>) -> Option<String> {
    match (uri, file) {
        (Some(_), None) => Some("--output-container-file FILE".to_owned()),
        _ => container_option("--output-container", uri, file),
    }
}

/// A text as one word of a shell's command line.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_named_again_as_it_was_named() {
        let text = |text: &str| Some(text.to_owned());
        for (uri, file, option) in [
            (None, Some("my c.uri"), text("--container-file 'my c.uri'")),
            (None, Some("-"), text("--container-file -")),
            (
                Some("file:///tmp/box"),
                None,
                text("--container file:///tmp/box"),
            ),
            (
                Some("https://a/c?sig=planted"),
                None,
                text("--container-file FILE"),
            ),
            (None, None, None),
        ] {
            let found = container_option("--container", uri, file.map(Path::new));
            assert_eq!(found, option);
        }
    }

    #[test]
    fn a_path_is_one_word_of_a_command_line() {
        for (text, word) in [
            ("box/c.uri", "box/c.uri"),
            ("my file", "'my file'"),
            ("it's", "'it'\\''s'"),
            ("a;b", "'a;b'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
