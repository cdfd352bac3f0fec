//! The options of every command that changes a hub.

use clap::Args;

/// How a change to a hub is limited and confirmed.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Change options")]
pub(crate) struct ChangeArgs {
    /// Show what would be sent, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Answer yes to the question that is asked before a dangerous change; needed where there is no terminal to ask on
    #[arg(long)]
    pub(crate) yes: bool,
    /// Change nothing if more than N identities would be touched, or if their number is unknown; --yes does not lift this limit
    #[arg(long, value_name = "N")]
    pub(crate) max_devices: Option<u64>,
}
