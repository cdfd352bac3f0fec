//! `doctor`.

use clap::Args;

use super::jobs::{ContainerArgs, StorageAuthArg};

/// Look for what would make a job fail, and say how to cure it
///
/// Looks at the credential, the clock, the hub's job slot and, when a container is named, at what its signature allows and at its
/// blob. Nothing is changed anywhere. The exit code is the highest among the findings.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) container: ContainerArgs,
    /// Look at this blob as the input of an import, for example devices.txt
    #[arg(long, value_name = "NAME")]
    pub(crate) blob: Option<String>,
    /// How the hub will sign in to the storage account: sas, system or user:RESOURCE-ID
    #[arg(long, value_name = "HOW", default_value = "sas", value_parser = StorageAuthArg::parse)]
    pub(crate) storage_auth: StorageAuthArg,
}
