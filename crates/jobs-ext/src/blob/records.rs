//! Records out of a blob, one line at a time.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jobs_devices::format::{FileFormat, recognize};
use jobs_devices::{BadLine, Entry, Feeder, Item, Options, Record, Row};

use crate::error::{Error, ErrorKind, Result};

/// The records of a blob as a stream of results. A line that cannot be read is an item of its own, and reading goes on behind it.
///
/// ```no_run
/// # async fn example(done: jobs_ext::ExportOutcome) -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::TryStreamExt;
///
/// let mut rows = done.devices().await?;
/// if let Some(notice) = rows.notice() {
///     eprintln!("the hub says: {notice}");
/// }
/// while let Some(row) = rows.try_next().await? {
///     println!("{}", row.id);
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless they are read"]
pub struct Records<T: Record = Row> {
    blob: String,
    chunks: BoxStream<'static, Result<Bytes>>,
    feeder: Feeder<T>,
    /// Read ahead so that the first notice is known.
    first: VecDeque<Result<Entry<T>>>,
    /// Whether this is an error log, in which a line of plain text is a line that cannot be read.
    log: bool,
    notices: Vec<String>,
    over: bool,
}

/// How many lines that cannot be read an error log may start with.
const UNREADABLE: usize = 16;
/// How many notices are kept; the hub writes one at most.
const NOTICES: usize = 16;

impl<T: Record> Records<T> {
    pub(super) fn empty(blob: &str) -> Self {
        Self {
            blob: blob.to_owned(),
            chunks: futures_util::stream::empty().boxed(),
            feeder: Feeder::of(Options::new()),
            first: VecDeque::new(),
            log: false,
            notices: Vec::new(),
            over: true,
        }
    }

    /// Reads up to the first record, so that a notice before it can be shown first.
    pub(super) async fn begin(
        blob: &str,
        chunks: BoxStream<'static, Result<Bytes>>,
    ) -> Result<Self> {
        let mut records = Self {
            chunks,
            over: false,
            ..Self::empty(blob)
        };
        if let Some(first) = std::future::poll_fn(|cx| records.advance(cx)).await {
            records.first.push_back(Ok(first?));
        }
        Ok(records)
    }

    /// Reads an error log, which starts with the bytes `start`, up to its first row. A log whose first lines are not rows is something
    /// else; it is read to its end then.
    pub(super) async fn begin_log(
        blob: &str,
        start: &[u8],
        chunks: BoxStream<'static, Result<Bytes>>,
    ) -> Result<Self> {
        let mut records = Self {
            chunks,
            over: false,
            log: true,
            ..Self::empty(blob)
        };
        while records.first.len() < UNREADABLE {
            let Some(entry) = std::future::poll_fn(|cx| records.advance(cx)).await else {
                break;
            };
            let entry = entry?;
            let found = matches!(entry.item, Item::Row(_));
            records.first.push_back(Ok(entry));
            if found {
                return Ok(records);
            }
        }
        if records.first.is_empty() {
            return Ok(records);
        }
        while let Some(chunk) = records.chunks.next().await {
            chunk?;
        }
        let name = match recognize(start) {
            FileFormat::Unknown => "plain text".into(),
            format => format.name(),
        };
        let message = format!("{blob} has content, but no row of an error log: it is {name}");
        let mut error = Error::new(ErrorKind::UnknownOutcome, message);
        error.detail_mut().hint =
            Some("look into the log; it does not show which rows the import rejected");
        Err(error.with_operation("read error log", None))
    }

    /// The blob's name.
    #[must_use]
    pub fn blob(&self) -> &str {
        &self.blob
    }

    /// The sentence that the hub puts before the rows of an export without keys.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notices.first().map(String::as_str)
    }

    /// Every line read so far that is words and no record.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The next entry that is no notice.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Entry<T>>>> {
        loop {
            for entry in self.feeder.by_ref() {
                match entry.item {
                    Item::Notice(_) if self.log => return Poll::Ready(Some(Ok(entry))),
                    Item::Notice(text) if self.notices.len() < NOTICES => self.notices.push(text),
                    Item::Notice(_) => {}
                    _ => return Poll::Ready(Some(Ok(entry))),
                }
            }
            if self.over {
                return Poll::Ready(None);
            }
            match ready!(self.chunks.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => self.feeder.feed(&chunk),
                Some(Err(error)) => {
                    self.over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.over = true;
                    self.feeder.finish();
                }
            }
        }
    }

    fn give(&self, entry: Entry<T>) -> Result<T, RowError> {
        match entry.item {
            Item::Row(record) => Ok(record),
            Item::Bad(bad) => Err(RowError::bad(&self.blob, entry.line, entry.offset, bad)),
            _ => Err(RowError::bad_kind(&self.blob, entry.line, entry.offset)),
        }
    }
}

impl<T: Record> Unpin for Records<T> {}

impl<T: Record> Stream for Records<T> {
    type Item = Result<T, RowError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = match this.first.pop_front() {
            Some(first) => Some(first),
            None => ready!(this.advance(cx)),
        };
        Poll::Ready(next.map(|entry| match entry {
            Ok(entry) => this.give(entry),
            Err(error) => Err(RowError::read(&this.blob, error)),
        }))
    }
}

impl<T: Record> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("blob", &self.blob)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}

/// A line that could not be read, or a blob that broke off. It names the place and never quotes the line, which may hold keys.
#[derive(Debug)]
pub struct RowError {
    blob: String,
    place: Option<(u64, u64)>,
    cause: RowCause,
}

#[derive(Debug)]
enum RowCause {
    Bad(BadLine),
    Kind,
    Read(Error),
}

impl RowError {
    fn bad(blob: &str, line: u64, offset: u64, bad: BadLine) -> Self {
        Self {
            blob: blob.to_owned(),
            place: Some((line, offset)),
            cause: RowCause::Bad(bad),
        }
    }

    fn bad_kind(blob: &str, line: u64, offset: u64) -> Self {
        Self {
            blob: blob.to_owned(),
            place: Some((line, offset)),
            cause: RowCause::Kind,
        }
    }

    fn read(blob: &str, error: Error) -> Self {
        Self {
            blob: blob.to_owned(),
            place: None,
            cause: RowCause::Read(error),
        }
    }

    /// The number of the line, counted from 1; none when the blob broke off.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.place.map(|(line, _)| line)
    }

    /// The offset of the line's first byte.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.place.map(|(_, offset)| offset)
    }

    /// The line that could not be read.
    #[must_use]
    pub fn bad_line(&self) -> Option<&BadLine> {
        match &self.cause {
            RowCause::Bad(bad) => Some(bad),
            _ => None,
        }
    }

    /// Why the blob broke off; nothing comes after it.
    #[must_use]
    pub fn read_error(&self) -> Option<&Error> {
        match &self.cause {
            RowCause::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.place) {
            (RowCause::Bad(bad), Some((line, _))) => write!(f, "{}, line {line}: {bad}", self.blob),
            (RowCause::Read(error), _) => write!(f, "{}: {error}", self.blob),
            (_, place) => {
                let line = place.map_or(0, |(line, _)| line);
                write!(f, "{}, line {line}: not a record", self.blob)
            }
        }
    }
}

impl std::error::Error for RowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // `Display` says all that the bad line or the read error says, so the chain goes on below it.
        match &self.cause {
            RowCause::Bad(bad) => bad.source(),
            RowCause::Read(error) => error.source(),
            RowCause::Kind => None,
        }
    }
}
