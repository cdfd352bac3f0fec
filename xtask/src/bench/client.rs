//! What the client costs beside the HTTP library alone.

use super::Bar;
use crate::Result;
use crate::programs::{Numbers, cargo};
use crate::workspace::Workspace;

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Bar>> {
    let mut command = cargo();
    command
        .args(["bench", "--quiet", "-p", "jobs-ext", "--bench", "client"])
        .current_dir(workspace.root());
    let numbers = Numbers::printed_by(&mut command)?;
    let number = |name| numbers.get(name);
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
        Bar::told(
            "`get`, 64 in flight: processor time of the client",
            format!(
                "{:.1} µs to {:.1} µs a call",
                number("processorMicros")?,
                number("bareProcessorMicros")?
            ),
        ),
        Bar::told(
            "`get`, one after the other: cost of the client",
            format!(
                "{overhead:.1} µs of {:.1} µs a call",
                number("sequentialMicros")?
            ),
        ),
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
