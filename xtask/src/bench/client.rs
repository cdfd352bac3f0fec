//! What the client costs beside the HTTP library alone.

use serde_json::Value;

use super::{Bar, cargo, output};
use crate::workspace::Workspace;
use crate::{Problem, Result};

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let mut command = cargo();
    command
        .args(["bench", "--quiet", "-p", "jobs-ext", "--bench", "client"])
        .current_dir(workspace.root());
    let text = output(&mut command)?;
    let line = String::from_utf8_lossy(&text);
    let numbers: Value = line
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| Problem::new("the benchmark of jobs-ext printed no numbers"))?;
    let number = |name: &str| {
        numbers[name]
            .as_f64()
            .ok_or_else(|| Problem::new(format!("the benchmark of jobs-ext printed no {name}")))
    };
    let ratio = number("ratio")?;
    let overhead = number("sequentialMicros")? - number("bareSequentialMicros")?;
    let memory = number("waitingMebibytes")?;
    let looks = number("looksPerWaiter")?;
    Ok(vec![
        Bar {
            what: "`get`, 64 in flight, to the HTTP library alone",
            measured: format!(
                "{ratio:.2} ({:.0} to {:.0} calls/s)",
                number("callsPerSecond")?,
                number("bareCallsPerSecond")?
            ),
            wanted: ">= 0.8".into(),
            kept: ratio >= 0.8,
        },
        Bar {
            what: "`get`, 64 in flight: processor time of the client",
            measured: format!(
                "{:.1} µs to {:.1} µs a call",
                number("processorMicros")?,
                number("bareProcessorMicros")?
            ),
            wanted: "told".into(),
            kept: true,
        },
        Bar {
            what: "`get`, one after the other: cost of the client",
            measured: format!(
                "{overhead:.1} µs of {:.1} µs a call",
                number("sequentialMicros")?
            ),
            wanted: "told".into(),
            kept: true,
        },
        Bar {
            what: "waiting on 10,000 jobs: memory above idle",
            measured: format!("{memory:.0} MiB"),
            wanted: "<= 100 MiB".into(),
            kept: memory <= 100.0,
        },
        Bar {
            what: "looks of each in 11 s at one in 4 s",
            measured: format!("{looks:.2}"),
            wanted: "<= 3".into(),
            kept: looks <= 3.0,
        },
    ])
}
