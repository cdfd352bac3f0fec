//! `cargo xtask conformance`: the vendor's own clients, as they are released, against the local hub.
//!
//! Everything is installed at pinned versions into `target/conformance`: a client that cannot
//! be installed fails the run. The client programs are in `tests/conformance`; each prints one JSON line per case.

mod hub;
mod install;
mod port;
mod process;
mod suite;

use std::io::{self, Write};
use std::path::PathBuf;

use hub::{BlobService, Hub};
use install::Tools;
pub(crate) use install::python;
use port::Route;
use suite::{Language, Suite, Tally};

use crate::Result;
use crate::problem::Outcome;
use crate::workspace::Workspace;

/// What a caller may choose.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Run only the suites whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Test this hub binary instead of building `iothub-jobs`.
    #[arg(long, value_name = "FILE")]
    hub_binary: Option<PathBuf>,
    /// Do not listen on port 443: the clients that know only that port reach the hub another way.
    #[arg(long)]
    no_port_443: bool,
}

/// The folders of a run.
struct Places {
    /// Root of the workspace.
    workspace: PathBuf,
    /// Client programs, requirements and lock file.
    scripts: PathBuf,
    /// Where everything is installed.
    installed: PathBuf,
}

impl Places {
    fn of(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            workspace: workspace.root().to_path_buf(),
            scripts: workspace.path("tests/conformance"),
            installed: crate::programs::target(workspace)?.join("conformance"),
        })
    }
}

const SUITES: &[Suite] = &[
    Suite {
        name: "python devices",
        program: "python_devices.py",
        language: Language::Python,
    },
    Suite {
        name: "python jobs",
        program: "python_jobs.py",
        language: Language::Python,
    },
    Suite {
        name: "javascript devices",
        program: "javascript_devices.cjs",
        language: Language::JavaScript,
    },
    Suite {
        name: "javascript jobs",
        program: "javascript_jobs.cjs",
        language: Language::JavaScript,
    },
    Suite {
        name: "java devices",
        program: "Devices",
        language: Language::Java,
    },
    Suite {
        name: "java jobs",
        program: "Jobs",
        language: Language::Java,
    },
    Suite {
        name: "az request shapes",
        program: "az_requests.py",
        language: Language::Python,
    },
    Suite {
        name: "page in a browser",
        program: "page.cjs",
        language: Language::Browser,
    },
];

/// Installs, starts the hub and the storage emulator, runs every suite and prints `N passed, N failed`.
///
/// # Errors
/// When something cannot be installed or started. Failed cases are not an error: the exit code of the outcome reports them.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let places = Places::of(workspace)?;
    let tools = Tools::install(&places)?;
    let binary = match &args.hub_binary {
        Some(file) => file.clone(),
        None => hub::build(&places)?,
    };
    let blobs = BlobService::start(&tools, &places)?;
    let hub = Hub::start(&binary, &places)?;
    let route = Route::open(hub.port()?, args.no_port_443)?;
    say(match route {
        Route::Forwarder => {
            "The JavaScript and Java clients reach the hub through a forwarder on 127.0.0.1:443."
        }
        Route::Proxy(_) => {
            "Port 443 is not used: javascript_port.cjs splits host and port, and Java has a proxy."
        }
    });
    say(
        "az: its IoT extension is published in no registry reached here; its request shapes are replayed instead.",
    );

    let mut total = Tally::default();
    for suite in SUITES.iter().filter(|suite| {
        args.only
            .as_ref()
            .is_none_or(|text| suite.name.contains(text))
    }) {
        say(&format!("\n{}", suite.name));
        total += suite.run(&places, &tools, &hub, &blobs, &route)?;
    }
    total += Tally::one(hub.stop_cleanly());
    Ok(Outcome {
        text: format!("\n{} passed, {} failed\n", total.passed, total.failed),
        code: u8::from(total.failed > 0),
    })
}

/// The vendor's clients, installed.
pub(crate) struct Clients {
    /// Interpreter of a virtual environment that holds the Python client.
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
    /// Folder of the JavaScript client and what it needs.
    pub(crate) node_modules: PathBuf,
}

/// Installs the vendor's clients where a run of the suites would, unless they are there.
pub(crate) fn clients(workspace: &Workspace) -> Result<Clients> {
    Clients::install(&Places::of(workspace)?)
}

/// One line for the person who runs it. A closed pipe does not stop the run.
fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}
