//! One program, run to its end: its own seconds, and the peak memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::{Problem, Result};

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) rows: u64,
    pub(super) seconds: f64,
    /// Peak resident memory in MiB; 0 where the system does not report it.
    pub(super) memory: u64,
}

/// What a program prints about itself.
#[derive(Deserialize)]
struct Printed {
    rows: u64,
    seconds: f64,
}

/// Short programs run again until this much was measured: one bad moment of the machine is a large part of their time.
pub(super) const AT_LEAST: Duration = Duration::from_secs(4);

/// Runs the command `times` times and returns the fastest; `quiet` for a program that does not measure itself.
pub(super) fn best(times: u32, quiet: bool, make: impl Fn() -> Command) -> Result<Taken> {
    let mut best = once(&mut make(), quiet)?;
    let (mut runs, mut measured) = (1, best.seconds);
    while runs < times || (times > 1 && measured < AT_LEAST.as_secs_f64()) {
        let taken = once(&mut make(), quiet)?;
        (runs, measured) = (runs + 1, measured + taken.seconds);
        if taken.seconds < best.seconds {
            best = taken;
        }
    }
    Ok(best)
}

fn once(command: &mut Command, quiet: bool) -> Result<Taken> {
    let name = format!("{:?}", command.get_program());
    let failed = |cause: &dyn std::fmt::Display| Problem::new(format!("{name}: {cause}"));
    let started = Instant::now();
    command
        .stdin(Stdio::null())
        .stdout(if quiet { Stdio::null() } else { Stdio::piped() })
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|cause| failed(&cause))?;
    let memory = watch(&mut child).map_err(|cause| failed(&cause))?;
    let seconds = started.elapsed().as_secs_f64();
    let output = child.wait_with_output().map_err(|cause| failed(&cause))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    if quiet {
        return Ok(Taken {
            rows: 0,
            seconds,
            memory,
        });
    }
    let printed: Printed =
        serde_json::from_slice(&output.stdout).map_err(|cause| failed(&cause))?;
    Ok(Taken {
        rows: printed.rows,
        seconds: printed.seconds,
        memory,
    })
}

/// Waits for the end and returns the peak memory. The kernel keeps the peak, so the last reading counts.
fn watch(child: &mut Child) -> std::io::Result<u64> {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut most = 0;
    while child.try_wait()?.is_none() {
        most = most.max(peak(&status).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(most)
}

fn peak(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kib| kib.div_ceil(1024))
}
