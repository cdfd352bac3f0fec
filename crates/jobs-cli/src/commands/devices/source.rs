//! The inputs of the device-file commands.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jobs_devices::format::{self, FileFormat};
use jobs_devices::transform::{Format, Passed};
use serde_json::Value;

use crate::context::Context;
use crate::failure::{Failure, plain};
use crate::printer::counted;
use crate::recognize::not_a_device_file;
use crate::{outfile, streams};

/// Something to read device rows from.
pub(super) struct Source {
    pub(super) read: Box<dyn Read + Send>,
    pub(super) name: String,
    pub(super) size: Option<u64>,
    /// None for standard input.
    path: Option<PathBuf>,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(context: &Context, path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            context.stdin.take("FILE")?;
            streams::refuse_stdin_is_stdout()?;
            return Ok(Self {
                read: Box::new(io::stdin()),
                name: "standard input".to_owned(),
                size: None,
                path: None,
            });
        }
        let file: File = outfile::open(path)?;
        let size = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len());
        Ok(Self {
            read: Box::new(file),
            name: path.display().to_string(),
            size,
            path: Some(path.to_owned()),
        })
    }

    /// An empty source, for commands that have no input or open their inputs themselves.
    pub(super) fn nothing(name: &str, size: Option<u64>) -> Self {
        Self {
            read: Box::new(io::empty()),
            name: name.to_owned(),
            size,
            path: None,
        }
    }

    /// Recognizes what the file is by its first bytes. Blocks until they can be read.
    pub(super) fn recognize(self) -> Result<(Input, Box<dyn Read + Send>), Failure> {
        let (start, read) = format::start(self.read).map_err(|error| {
            Failure::usage(format_args!("cannot read {}: {}", self.name, plain(&error)))
        })?;
        let input = Input {
            name: self.name,
            path: self.path,
            format: format::recognize(&start),
            may_start_with_row: matches!(start.trim_ascii().first(), None | Some(b'{' | 0xef)),
            is_one_line: !start.trim_ascii().contains(&b'\r'),
            converts: None,
        };
        Ok((input, Box::new(read)))
    }

    /// As [`recognize`](Self::recognize), for a command that reads device files alone.
    pub(super) fn rows(self, command: &str) -> Result<(Input, Box<dyn Read + Send>), Failure> {
        let (input, read) = self.recognize()?;
        match input.format.is_certain() {
            true => Err(input.is_another_format(command)),
            false => Ok((input, read)),
        }
    }
}

/// What is known of an input before its rows are read.
pub(super) struct Input {
    pub(super) name: String,
    path: Option<PathBuf>,
    pub(super) format: FileFormat,
    /// An object or nothing starts it, so that it may be a device file whatever its name is.
    pub(super) may_start_with_row: bool,
    /// No carriage return separates lines.
    is_one_line: bool,
    /// The form that the command reads the file in, if it is not that of a device file.
    converts: Option<Format>,
}

impl Input {
    pub(super) fn is_another_format(&self, command: &str) -> Failure {
        not_a_device_file(&self.name, self.path.as_deref(), self.format, command)
    }

    /// Notes in which form the command reads the file.
    pub(super) fn read_as(&mut self, form: Format) {
        self.converts = Some(form).filter(|form| *form != Format::Lines);
    }

    /// Rejects an input without rows that is of another format than the command reads.
    pub(super) fn refuse_format(&self, lines: Lines, command: &str) -> Result<(), Failure> {
        if self.converts.is_some()
            || lines.rows > 0
            || self.format.may_be_device_file()
            || self.is_notice(lines)
        {
            return Ok(());
        }
        Err(self.is_another_format(command))
    }

    /// Rejects an input that has content and no row, unless all of it is one line of plain text.
    pub(super) fn refuse_without_rows(&self, lines: Lines, command: &str) -> Result<(), Failure> {
        self.refuse_format(lines, command)?;
        self.refuse_no_row(lines, None)
    }

    /// As [`refuse_without_rows`](Self::refuse_without_rows), once the format is known. `reason` is the first problem that was found.
    pub(super) fn refuse_no_row(
        &self,
        lines: Lines,
        reason: Option<String>,
    ) -> Result<(), Failure> {
        let others = lines.bad + lines.notices;
        if let Some(form) = self.converts {
            return self.refuse_converted(form, lines, reason);
        }
        if lines.rows > 0 || others == 0 || self.is_notice(lines) {
            return Ok(());
        }
        let are = if others == 1 {
            "is not a row"
        } else {
            "are not rows"
        };
        let found = counted(others, "line");
        let file = self
            .path
            .as_ref()
            .map_or("FILE".into(), |path| path.to_string_lossy());
        Err(
            Failure::usage(format_args!("{} has no row: {found} {are}", self.name)).hint(
                format_args!("`iothub-jobs devices check {file}` names the problem of each line"),
            ),
        )
    }

    /// As [`refuse_no_row`](Self::refuse_no_row), for a table or an array that is converted.
    fn refuse_converted(
        &self,
        form: Format,
        lines: Lines,
        reason: Option<String>,
    ) -> Result<(), Failure> {
        if lines.rows > 0 {
            return Ok(());
        }
        let empty = match form {
            Format::Json => "the array is empty",
            _ => "the table has a header and nothing below it",
        };
        let reason = reason.unwrap_or_else(|| empty.to_owned());
        let more = match lines.bad {
            0 | 1 => String::new(),
            bad => format!(" (the first of {bad} that cannot be read)"),
        };
        let name = &self.name;
        Err(Failure::usage(format_args!(
            "{name} has no row: {reason}{more}"
        )))
    }

    /// The export without keys of a hub without devices is one such line.
    fn is_notice(&self, lines: Lines) -> bool {
        // A sentence with commas may look like the head of a table, but not of one with a column of ids.
        let is_text = matches!(
            self.format,
            FileFormat::Unknown | FileFormat::TableWithoutId { .. }
        );
        lines.bad == 0 && lines.notices == 1 && is_text && self.is_one_line
    }
}

/// How many lines of each kind were read.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub(super) rows: u64,
    pub(super) bad: u64,
    pub(super) notices: u64,
}

impl Lines {
    pub(super) fn of_report(report: &Value) -> Self {
        let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        Self {
            rows: count("rows"),
            bad: count("badLines"),
            notices: count("notices"),
        }
    }
}

impl From<&Passed> for Lines {
    fn from(passed: &Passed) -> Self {
        Self {
            rows: passed.rows,
            bad: passed.bad_lines,
            notices: passed.notices,
        }
    }
}
