//! What the client costs compared with the HTTP library alone.

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
    let polls = number("looksPerWaiter")?;
    Ok(vec![
        Bar::at_least(
            "`get`, 64 in flight, to the HTTP library alone",
            ratio,
            0.8,
            format!(
                "{ratio:.2} ({:.0} to {:.0} calls/s)",
                number("callsPerSecond")?,
                number("bareCallsPerSecond")?
            ),
        ),
        Bar::reported(
            "`get`, 64 in flight: processor time of the client",
            format!(
                "{:.1} µs to {:.1} µs a call",
                number("processorMicros")?,
                number("bareProcessorMicros")?
            ),
        ),
        Bar::reported(
            "`get`, one after the other: cost of the client",
            format!(
                "{overhead:.1} µs of {:.1} µs a call",
                number("sequentialMicros")?
            ),
        ),
        Bar::at_most(
            "waiting on 10,000 jobs: MiB above idle",
            memory,
            100.0,
            format!("{memory:.0}"),
        ),
        Bar::at_most(
            "polls of each in 11 s at one in 4 s",
            polls,
            3.0,
            format!("{polls:.2}"),
        ),
    ])
}
