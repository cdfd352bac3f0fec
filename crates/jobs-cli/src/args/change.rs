//! The options of every command that changes a hub.

use clap::Args;

const HEADING: &str = "Change options";

/// How a change to a hub is limited and confirmed.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct ChangeArgs {
    /// Show what would be sent, and change nothing
    #[arg(long, help_heading = HEADING, overrides_with = "dry_run")]
    pub(crate) dry_run: bool,
    /// Answer yes to the question that is asked before a dangerous change; needed where there is no terminal to ask on
    #[arg(long, help_heading = HEADING, overrides_with = "yes")]
    pub(crate) yes: bool,
    /// Change nothing if more than N identities would be touched, or if their number is unknown; --yes does not lift this limit
    #[arg(long, value_name = "N", help_heading = HEADING)]
    pub(crate) max_devices: Option<u64>,
}
