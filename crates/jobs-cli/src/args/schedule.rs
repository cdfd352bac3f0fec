//! Commands about scheduled jobs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use super::change::ChangeArgs;
use super::jobs::{CancelArgs, ListArgs, PollArgs};
use crate::duration;

/// Scheduled jobs: update twins or call a method on many devices
#[derive(Subcommand, Debug)]
pub(crate) enum ScheduleCommand {
    Twin(ScheduleTwinArgs),
    Method(ScheduleMethodArgs),
    Get(ScheduleGetArgs),
    /// List scheduled jobs
    List(ListArgs),
    /// Cancel a scheduled job that does not run yet
    Cancel(CancelArgs),
}

/// Update the tags and desired properties of many devices
#[derive(Args, Debug)]
#[command(after_help = TWIN_HELP)]
#[command(group = ArgGroup::new("change").args(["tags", "tag_texts", "desired", "desired_texts", "patch"]).required(true).multiple(true))]
pub(crate) struct ScheduleTwinArgs {
    #[command(flatten)]
    pub(crate) job: ScheduleArgs,
    /// Tag to set; VALUE is JSON, or a text when it is not JSON or a number whose digits would change, such as 3.10; null deletes
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(crate) tags: Vec<String>,
    /// Tag to set to a text, whatever VALUE looks like
    #[arg(long = "tag-text", value_name = "NAME=VALUE")]
    pub(crate) tag_texts: Vec<String>,
    /// Desired property to set; VALUE as with --tag
    #[arg(long = "desired", value_name = "NAME=VALUE")]
    pub(crate) desired: Vec<String>,
    /// Desired property to set to a text, whatever VALUE looks like
    #[arg(long = "desired-text", value_name = "NAME=VALUE")]
    pub(crate) desired_texts: Vec<String>,
    /// File with a patch: {"tags":{…},"properties":{"desired":{…}}} (`-` is standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tags", "tag_texts", "desired", "desired_texts"])]
    pub(crate) patch: Option<PathBuf>,
}

/// Call a method on many devices
#[derive(Args, Debug)]
#[command(
    after_help = "Example: iothub-jobs schedule method --where \"tags.site = 'a'\" --name reboot --payload '{\"delay\":5}'"
)]
pub(crate) struct ScheduleMethodArgs {
    #[command(flatten)]
    pub(crate) job: ScheduleArgs,
    /// Name of the method
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Argument of the method, as JSON
    #[arg(long, value_name = "JSON", conflicts_with = "payload_file")]
    pub(crate) payload: Option<String>,
    /// File with the argument of the method, as JSON (`-` is standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) payload_file: Option<PathBuf>,
    /// How long each device may take to answer
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) response_timeout: Option<Duration>,
    /// How long to wait for a device that is not connected
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) connect_timeout: Option<Duration>,
}

/// What every scheduled job has.
#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    /// Id of the new job: up to 64 letters, digits and hyphens [default: one is made]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Which devices, in the hub's query language without the word WHERE; '*' is all (quoted, or a shell puts file names there)
    #[arg(long = "where", value_name = "COND")]
    pub(crate) condition: String,
    /// Send the condition although this program cannot read it
    #[arg(long)]
    pub(crate) force_condition: bool,
    /// When to start: 2030-01-31T08:00:00Z, or in local time 2030-01-31T08:00, or the next 22:00 [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "after")]
    pub(crate) start: Option<String>,
    /// Begin after this time, for example 2h
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) after: Option<Duration>,
    /// How long the job may run [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    pub(crate) max_execution: Option<Duration>,
    /// Return as soon as the hub has accepted the job
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    #[command(flatten)]
    pub(crate) poll: PollArgs,
}

/// Show one scheduled job
#[derive(Args, Debug)]
pub(crate) struct ScheduleGetArgs {
    /// Id of the job
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

const TWIN_HELP: &str = "Example: iothub-jobs schedule twin --where \"tags.site = 'a'\" --desired interval=30 --tag checked=true";
