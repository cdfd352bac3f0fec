//! `cargo xtask bench`: numbers next to those of peers, taken in the same run on the same machine, and compared with bars.

mod build;
mod client;
mod devices;
mod hub;
mod install;
mod instructions;
mod measure;
mod peers;

use std::path::PathBuf;

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result};

/// What a caller may choose.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run only this one; all when absent.
    #[arg(value_enum)]
    name: Option<Name>,
    #[command(flatten)]
    devices: devices::Args,
    #[command(flatten)]
    instructions: instructions::Args,
}

/// One variant per measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Clean build of an application on jobs-ext, compared with one on `azure_iot_hub`.
    Build,
    /// Device files: read, write, check, filter and diff, compared with `DuckDB`, Python, Node.js and jq.
    Devices,
    /// Instructions that the inner loops over device rows take, compared with the recorded ones.
    Instructions,
    /// `get`, compared with the HTTP library alone and with the vendor's clients, and waiting for many jobs at once.
    Client,
    /// A million rows imported into and exported from the local hub, compared with `DuckDB` loading the same file.
    Hub,
}

/// A number and the bar it must keep.
struct Bar {
    what: &'static str,
    measured: String,
    wanted: String,
    kept: bool,
}

impl Bar {
    /// A number without a bar.
    fn reported(what: &'static str, measured: String) -> Self {
        Self {
            what,
            measured,
            wanted: "none".into(),
            kept: true,
        }
    }

    fn at_least(what: &'static str, value: f64, least: f64, measured: String) -> Self {
        Self {
            what,
            measured,
            wanted: format!(">= {least}"),
            kept: value >= least,
        }
    }

    fn at_most(what: &'static str, value: f64, most: f64, measured: String) -> Self {
        Self {
            what,
            measured,
            wanted: format!("<= {most}"),
            kept: value <= most,
        }
    }
}

/// Measures, prints a table, and fails when a bar is not kept.
///
/// # Errors
/// When something cannot be built or run.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let wanted = |name: Name| args.name.is_none_or(|only| only == name);
    let (mut bars, mut report) = (Vec::new(), String::new());
    if wanted(Name::Devices) {
        bars.extend(devices::measure(workspace, &args.devices, &mut report)?);
    }
    if wanted(Name::Instructions) {
        let args = &args.instructions;
        bars.extend(instructions::measure(workspace, args, &mut report)?);
    }
    if wanted(Name::Client) {
        bars.extend(client::measure(workspace)?);
        bars.extend(peers::measure(workspace)?);
    }
    if wanted(Name::Hub) {
        bars.extend(hub::measure(workspace)?);
    }
    if wanted(Name::Build) {
        bars.extend(build::measure(workspace)?);
    }
    let mut text = report;
    text.push_str("| What | Measured | Bar | |\n|---|---|---|---|\n");
    for bar in &bars {
        let verdict = if bar.kept { "kept" } else { "MISSED" };
        text.push_str(&format!(
            "| {} | {} | {} | {verdict} |\n",
            bar.what, bar.measured, bar.wanted
        ));
    }
    let code = u8::from(bars.iter().any(|bar| !bar.kept));
    Ok(Outcome { text, code })
}

/// The folders of a run.
struct Places {
    workspace: PathBuf,
    /// Where peers and data are.
    home: PathBuf,
}

impl Places {
    fn of(workspace: &Workspace) -> Result<Self> {
        let home = crate::programs::target(workspace)?.join("bench");
        std::fs::create_dir_all(&home).map_err(Problem::of(&home))?;
        Ok(Self {
            workspace: workspace.root().to_path_buf(),
            home,
        })
    }
}
