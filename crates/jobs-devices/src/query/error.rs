use std::fmt;

/// Why a text is not a query, with the place.
///
/// The message names the line and column, what stands there, what could stand there instead and, for mistakes
/// that people bring from other SQL dialects, what to write in this one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    position: usize,
    line: usize,
    column: usize,
    found: String,
    expected: String,
    hint: Option<String>,
    doubtful: bool,
}

/// How much of the offending text a message quotes, in characters.
const QUOTED: usize = 40;

impl ParseError {
    pub(crate) fn new(source: &str, position: usize, found: &str, expected: &str) -> Self {
        let position = position.min(source.len());
        let before = source.get(..position).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        ParseError {
            position,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            found: shorten(found),
            expected: expected.to_owned(),
            hint: None,
            doubtful: false,
        }
    }

    /// Says what to write instead. What another dialect knows, the service may know too.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self.doubtful()
    }

    /// A bound or a table of this parser that the service need not share.
    pub(crate) fn doubtful(mut self) -> Self {
        self.doubtful = true;
        self
    }

    /// Wrong in every dialect, although there is a hint.
    pub(crate) fn certain(mut self) -> Self {
        self.doubtful = false;
        self
    }

    /// Whether the text is no query in any dialect of the language: it breaks off, a string does not end, brackets do not match, or
    /// values follow each other without an operator.
    ///
    /// Otherwise the service may take what this parser refuses: functions, operators and tests of other dialects, and what exceeds a
    /// bound of this parser.
    ///
    /// ```
    /// use jobs_devices::query::parse_condition;
    /// assert!(parse_condition("bad bad").unwrap_err().is_certain());
    /// assert!(!parse_condition("REVERSE(deviceId) = 'a'").unwrap_err().is_certain());
    /// ```
    pub fn is_certain(&self) -> bool {
        !self.doubtful
    }

    /// Byte offset of the offending text from the start of the query.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Line of the offending text, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column of the offending text in its line, in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What stands at the position: a token, or `end of the query`.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What could stand there.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: found {}, expected {}",
            self.line, self.column, self.found, self.expected
        )?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
