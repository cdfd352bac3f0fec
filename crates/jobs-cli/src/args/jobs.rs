//! Commands that talk to a hub about jobs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::change::ChangeArgs;
use crate::duration;

/// Show one job
///
/// Asks for an import/export job first and for a scheduled job when there is none of that id; a note on standard error says
/// which of the two answered. A job that failed is still an answer: the exit code is 0.
#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    /// Id of the job
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Stay and print each change until the job ends
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// List the jobs of the hub: import/export jobs and scheduled jobs
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only jobs of this type, for example export
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Only jobs with this status, for example running
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
}

/// Export all identities of the hub to a blob, and wait until it is done
#[derive(Args, Debug)]
#[command(after_help = CONTAINER_HELP)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) container: ContainerArgs,
    /// Name of the blob to write [default: devices.txt]
    #[arg(long, value_name = "NAME")]
    pub(crate) blob: Option<String>,
    /// Export the devices' keys too
    #[arg(long)]
    pub(crate) include_keys: bool,
    /// Export configurations too, to the blob configurations.txt
    #[arg(long)]
    pub(crate) configurations: bool,
    /// How the hub signs in to the storage account: sas, system or user:RESOURCE-ID
    #[arg(long, value_name = "HOW", default_value = "sas", value_parser = StorageAuthArg::parse)]
    pub(crate) storage_auth: StorageAuthArg,
    /// Wait up to this long for another import or export to end: a hub runs one at a time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) wait_for_slot: Option<Duration>,
    /// Return as soon as the hub has accepted the job
    #[arg(long, conflicts_with = "download")]
    pub(crate) no_wait: bool,
    /// Copy the exported rows to FILE when the job is done (mode 0600; `-` is standard output, with nothing else on it)
    #[arg(long, value_name = "FILE")]
    pub(crate) download: Option<PathBuf>,
    /// Delete the exported blob once its rows are in the file of --download
    #[arg(long, requires = "download")]
    pub(crate) delete_blob: bool,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// Import identities, wait, and print the rows that the hub rejected
///
/// The rows are checked first, as `devices check --for import` does it, and counted by import mode. One line on standard error
/// says what will happen to which hub. A row that would give an existing device new keys stops the import, unless
/// --regenerate-keys is given. Deletions, new keys and a changed kind of authentication need a confirmation.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportArgs {
    /// Device file to upload first (`-` is standard input); without it, --blob names a blob that is in the container already
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) container: ContainerArgs,
    /// Container for the error log [default: the input container]
    #[arg(long, value_name = "URI", conflicts_with = "output_container_file")]
    pub(crate) output_container: Option<String>,
    /// File that holds the URI of the container for the error log
    #[arg(long, value_name = "FILE")]
    pub(crate) output_container_file: Option<PathBuf>,
    /// Name of the blob that the hub reads; FILE is uploaded under this name [default with FILE: a new name, import-TIME-RANDOM.txt]
    #[arg(long, value_name = "NAME")]
    pub(crate) blob: Option<String>,
    /// Keep the uploaded blob, which is deleted otherwise once the job has ended (a blob named with --blob is always kept)
    #[arg(long)]
    pub(crate) keep_blob: bool,
    /// Let rows without keys give existing devices new keys; these devices cannot connect until they have the new ones
    #[arg(long, overrides_with = "regenerate_keys")]
    pub(crate) regenerate_keys: bool,
    /// Skip the check of the rows; import modes and keys are counted all the same
    #[arg(long, overrides_with = "no_check")]
    pub(crate) no_check: bool,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// Import configurations too, from the blob configurations.txt
    #[arg(long)]
    pub(crate) configurations: bool,
    /// How the hub signs in to the storage account: sas, system or user:RESOURCE-ID
    #[arg(long, value_name = "HOW", default_value = "sas", value_parser = StorageAuthArg::parse)]
    pub(crate) storage_auth: StorageAuthArg,
    /// Wait up to this long for another import or export to end: a hub runs one at a time
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) wait_for_slot: Option<Duration>,
    /// Return as soon as the hub has accepted the job
    #[arg(long, conflicts_with = "rejects")]
    pub(crate) no_wait: bool,
    /// Write the log of rejected rows to FILE as it is, keys in quoted rows included (mode 0600; `-` is standard output, with nothing else on it)
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// Wait until a job ends
///
/// Exit code 0 when it completed, 1 when it failed, was cancelled, or failed on devices. Ctrl-C stops the waiting, not the job.
/// With the container that the job writes to, an import or export that was begun elsewhere is finished as its own command would:
/// rejected rows are shown and exit 1, exported rows are downloaded.
#[derive(Args, Debug)]
pub(crate) struct WaitArgs {
    /// Id of the job
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) container: ContainerArgs,
    /// Of an import: the container of its error log, where it is another one
    #[arg(long, value_name = "FILE")]
    pub(crate) output_container_file: Option<PathBuf>,
    /// Of an import: the blob that was uploaded for it, which is deleted once the job has ended
    #[arg(long, value_name = "NAME", conflicts_with_all = ["blob", "download"])]
    pub(crate) input_blob: Option<String>,
    /// Name of the exported blob [default: as the hub tells, else devices.txt]
    #[arg(long, value_name = "NAME", requires = "download")]
    pub(crate) blob: Option<String>,
    /// Of an import: write the log of rejected rows to FILE as it is, keys in quoted rows included (mode 0600; `-` is standard output)
    #[arg(long, value_name = "FILE", conflicts_with = "download")]
    pub(crate) rejects: Option<PathBuf>,
    /// Of an export: copy the exported rows to FILE (mode 0600; `-` is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) download: Option<PathBuf>,
    /// Of an export: delete the exported blob once its rows are in the file of --download
    #[arg(long, requires = "download")]
    pub(crate) delete_blob: bool,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// Cancel a job
#[derive(Args, Debug)]
pub(crate) struct CancelArgs {
    /// Id of the job
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Stay until the job has ended
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// The container that a job works on.
#[derive(Args, Debug)]
pub(crate) struct ContainerArgs {
    /// Container URI; one with a signature belongs into --container-file or IOTHUB_CONTAINER_URI
    #[arg(long, value_name = "URI", conflicts_with = "container_file")]
    pub(crate) container: Option<String>,
    /// File that holds the container URI (`-` reads it from standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) container_file: Option<PathBuf>,
}

impl ContainerArgs {
    /// Whether an option names a container.
    pub(crate) fn is_named(&self) -> bool {
        self.container.is_some() || self.container_file.is_some()
    }
}

/// How often to ask while waiting.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PollArgs {
    /// Longest pause between two questions to the hub while waiting
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) poll_interval: Option<Duration>,
    /// How long to go on waiting for a job while the hub throttles, fails or cannot be reached, such as 30m [default: until the tries of one question are spent]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) patience: Option<Duration>,
}

/// How the hub signs in to storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StorageAuthArg {
    /// By the signature in the container URI.
    Sas,
    /// As the hub's own identity.
    System,
    /// As this user-assigned identity of the hub.
    User(String),
}

impl StorageAuthArg {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "sas" => Ok(Self::Sas),
            None if text == "system" => Ok(Self::System),
            Some(("user", id)) if !id.trim().is_empty() => Ok(Self::User(id.to_owned())),
            Some(("user", _)) => {
                Err("after `user:` comes the resource id of the identity".to_owned())
            }
            _ => Err("write sas, system or user:RESOURCE-ID".to_owned()),
        }
    }
}

macro_rules! container_help {
    () => {
        "\
A container is an https URI with its SAS, a path-style URI of a storage emulator, or, on the local hub only, file:///folder. \
Every local user can read arguments and shells cut them at `&`: prefer --container-file or the environment variable \
IOTHUB_CONTAINER_URI for a URI with a signature."
    };
}

/// What the help of `export` says about containers.
const CONTAINER_HELP: &str = container_help!();

const IMPORT_HELP: &str = concat!(
    "Examples:\n  \
     iothub-jobs import devices.txt --container-file container.uri --dry-run\n  \
     iothub-jobs import devices.txt --container-file container.uri --rejects rejects.jsonl\n  \
     iothub-jobs import --blob devices.txt --container-file container.uri\n\n",
    container_help!()
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_auth_has_three_forms() {
        assert_eq!(StorageAuthArg::parse("sas"), Ok(StorageAuthArg::Sas));
        assert_eq!(StorageAuthArg::parse("system"), Ok(StorageAuthArg::System));
        assert_eq!(
            StorageAuthArg::parse("user:/subscriptions/1/x"),
            Ok(StorageAuthArg::User("/subscriptions/1/x".to_owned()))
        );
        for wrong in ["", "SAS", "user", "user:", "key", "system:x"] {
            assert!(StorageAuthArg::parse(wrong).is_err(), "{wrong}");
        }
    }
}
