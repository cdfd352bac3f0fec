//! The demo's last word.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::fleet::Fleet;
use super::story::Story;
use crate::args::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// How many differences are shown; the rest are counted.
const MOST_SHOWN: usize = 10;

/// What the comparison of all rows found.
#[derive(Debug, Default)]
pub(super) struct Check {
    /// Rows of ours that came back.
    pub(super) rows: u64,
    /// Members compared in them.
    pub(super) members: u64,
    /// Rows that the hub itself made: the system modules of edge devices.
    pub(super) made_by_hub: u64,
    /// What is not as it should be.
    pub(super) differences: Vec<String>,
}

/// Everything in a few lines.
pub(super) struct Summary<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) rejected: u64,
    pub(super) check: Check,
    pub(super) took: Duration,
}

impl Summary<'_> {
    /// Shows it; anything that differs makes the demo fail.
    pub(super) fn show(&self, context: &Context, story: &mut Story) -> Outcome {
        let differences = &self.check.differences;
        story.step("Summary")?;
        story.detail(format_args!("{:>7}  rows sent", self.fleet.lines.len()))?;
        story.detail(format_args!(
            "{:>7}  rejected, each for the reason it was made with",
            self.rejected
        ))?;
        story.detail(format_args!(
            "{:>7}  exported and compared in all {} members",
            self.check.rows, self.check.members
        ))?;
        if self.check.made_by_hub > 0 {
            story.detail(format_args!(
                "{:>7}  more rows that the hub made itself: $edgeAgent and $edgeHub",
                self.check.made_by_hub
            ))?;
        }
        story.detail(format_args!("{:>7}  differences", differences.len()))?;
        story.detail(format_args!("{:>7.1}  seconds", self.took.as_secs_f64()))?;
        if context.printer.format != Format::Table {
            context.printer.json(json!({
                "sent": self.fleet.lines.len(),
                "rejected": self.rejected,
                "compared": self.check.rows,
                "membersCompared": self.check.members,
                "madeByHub": self.check.made_by_hub,
                "differences": differences,
                "seconds": self.took.as_secs_f64(),
            }))?;
        }
        if differences.is_empty() {
            story.say("")?;
            story.say("Everything came back as it was sent. Next: `iothub-jobs emulator`, and your own code against it.")?;
            return Ok(Exit::Done);
        }
        for difference in differences.iter().take(MOST_SHOWN) {
            context.printer.warn(difference);
        }
        if differences.len() > MOST_SHOWN {
            context.printer.note(format_args!(
                "and {} more differences",
                differences.len() - MOST_SHOWN
            ));
        }
        Err(Failure::work(format_args!(
            "{} differences between what was sent and what came back",
            differences.len()
        )))
    }
}

/// A folder as a `file:///` URI.
pub(super) fn file_uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    let text = path.to_string_lossy().replace('\\', "/");
    if !text.starts_with('/') {
        uri.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_a_uri() {
        assert_eq!(
            file_uri(Path::new("/tmp/a b/ü%")),
            "file:///tmp/a%20b/%C3%BC%25"
        );
    }
}
