//! The demo's voice.

use std::fmt::Display;
use std::time::Instant;

use crate::args::Format;
use crate::failure::Failure;
use crate::printer::Printer;

/// Tells the demo step by step: on standard output, or on standard error when the reader wants a document there.
pub(super) struct Story {
    printer: Printer,
    step: u32,
    pub(super) started: Instant,
}

impl Story {
    pub(super) fn new(printer: &Printer) -> Self {
        Self {
            printer: printer.clone(),
            step: 0,
            started: Instant::now(),
        }
    }

    /// One line of the story.
    pub(super) fn say(&self, line: impl Display) -> Result<(), Failure> {
        if self.printer.format == Format::Table {
            self.printer.line(&line.to_string())
        } else {
            self.printer.note(line);
            Ok(())
        }
    }

    /// The heading of the next step.
    pub(super) fn step(&mut self, title: &str) -> Result<(), Failure> {
        self.step += 1;
        self.say("")?;
        self.say(format_args!("{}. {title}", self.step))
    }

    /// What goes over the wire in this step.
    pub(super) fn call(&self, request: impl Display) -> Result<(), Failure> {
        self.say(format_args!("   api      {request}"))
    }

    /// What to type to do the same.
    pub(super) fn command(&self, command: impl Display) -> Result<(), Failure> {
        self.say(format_args!("   command  {command}"))
    }

    /// What an application would write to do the same.
    pub(super) fn code(&self, code: impl Display) -> Result<(), Failure> {
        self.say(format_args!("   rust     {code}"))
    }

    /// A detail below a step.
    pub(super) fn detail(&self, text: impl Display) -> Result<(), Failure> {
        self.say(format_args!("   {text}"))
    }
}
