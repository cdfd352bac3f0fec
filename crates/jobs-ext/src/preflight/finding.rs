//! Findings: what was looked at, how it is, and what to do.

use std::error::Error as _;
use std::fmt;

use crate::error::{Error, ErrorKind};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; cannot be judged from here.
    Note,
    /// It may go wrong.
    Warning,
    /// It will go wrong.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    severity: Severity,
    subject: String,
    message: String,
    cure: Option<String>,
    kind: Option<ErrorKind>,
}

impl Finding {
    fn new(severity: Severity, subject: &str, message: String) -> Self {
        Self {
            severity,
            subject: subject.to_owned(),
            message,
            cure: None,
            kind: None,
        }
    }

    pub(super) fn ok(subject: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Ok, subject, message.into())
    }

    pub(super) fn note(subject: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, subject, message.into())
    }

    pub(super) fn warning(subject: &str, message: impl Into<String>, cure: &str) -> Self {
        Self {
            cure: Some(cure.to_owned()),
            ..Self::new(Severity::Warning, subject, message.into())
        }
    }

    pub(super) fn error(
        subject: &str,
        kind: ErrorKind,
        message: impl Into<String>,
        cure: &str,
    ) -> Self {
        Self {
            cure: Some(cure.to_owned()),
            kind: Some(kind),
            ..Self::new(Severity::Error, subject, message.into())
        }
    }

    pub(super) fn of_error(subject: &str, error: &Error) -> Self {
        let hint = error.hint();
        let text = error.to_string();
        let message = match hint {
            Some(hint) => text
                .trim_end_matches(hint)
                .trim_end_matches("; hint: ")
                .to_owned(),
            None => text,
        };
        let message = match last_cause(error) {
            Some(cause) if !message.contains(&cause) => format!("{message} ({cause})"),
            _ => message,
        };
        Self {
            cure: Some(
                hint.unwrap_or_else(|| general_cure(error.kind()))
                    .to_owned(),
            ),
            kind: Some(error.kind()),
            ..Self::new(Severity::Error, subject, message)
        }
    }

    /// As [`of_error`](Self::of_error); when nobody answered, where it was looked for and what the system said come first.
    pub(super) fn of_hub(endpoint: &str, error: &Error) -> Self {
        let found = Self::of_error("hub", error);
        if error.kind() != ErrorKind::Transport && error.kind() != ErrorKind::Timeout {
            return found;
        }
        let mut message = format!("{endpoint}: {}", error.message());
        if let Some(cause) = last_cause(error) {
            message = format!("{message}: {cause}");
        }
        if error.attempts() > 1 {
            message = format!("{message}; after {} attempts", error.attempts());
        }
        Self { message, ..found }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What was looked at: `hub`, `clock`, `job slot`, `input container`, `input blob`, `output container`, `storage access`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// How it is.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> Option<&str> {
        self.cure.as_deref()
    }

    /// The kind of error that a job would end in, for an error.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity, self.subject, self.message)?;
        match &self.cure {
            Some(cure) => write!(f, "; {cure}"),
            None => Ok(()),
        }
    }
}

/// The last of an error's causes, which names what the system said; without the system's number for it.
fn last_cause(error: &Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    let short = text.split(" (os error ").next().unwrap_or(&text);
    Some(short.to_owned())
}

/// What to do about errors that come without a hint of their own.
fn general_cure(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Transport | ErrorKind::Timeout => {
            "check the address, the network, the proxy and the CA; then try again"
        }
        ErrorKind::Service | ErrorKind::Throttled => "try again later",
        ErrorKind::Credential => "check the credential and the service that gives its tokens",
        _ => "change it as the message says",
    }
}

/// Everything that was looked at, in order.
#[derive(Debug, Clone, Default)]
pub struct PreflightReport {
    findings: Vec<Finding>,
}

impl PreflightReport {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The findings, good ones included.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The worst severity.
    #[must_use]
    pub fn worst(&self) -> Severity {
        self.findings
            .iter()
            .map(Finding::severity)
            .max()
            .unwrap_or(Severity::Ok)
    }

    /// Whether a job can be expected to go through: nothing found is an error.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.worst() < Severity::Error
    }
}
