//! Writing with every core: rows become text on all of them, and lines reach the sink in order.

use std::{
    borrow::Borrow,
    io::{self, Write},
    num::NonZeroUsize,
    sync::{Condvar, Mutex, PoisonError},
    thread,
};

use super::{CHUNK_BYTES, lock};
use crate::{Field, Json, JsonObject, Members, Row, Writer};

/// Most rows that one worker takes at a time.
const MOST_ROWS: usize = 4096;

/// Writes rows, one a line, and gives the sink back: what [`Writer`] writes, with the text of the rows made on every core.
///
/// Rows can be owned or borrowed. Each worker holds about [`CHUNK_BYTES`] of rows and of text, and no row is asked for
/// before a worker is free to take it, so memory stays flat whatever the number of rows.
///
/// ```
/// use jobs_devices::{Row, parallel};
/// let rows = (0..3).map(|number| Row::new(format!("d{number}")));
/// let file = parallel::write_rows(Vec::new(), rows)?;
/// assert_eq!(file, b"{\"id\":\"d0\"}\n{\"id\":\"d1\"}\n{\"id\":\"d2\"}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of the sink; then some of the rows before may have reached it, and none behind.
pub fn write_rows<W: Write + Send, I>(sink: W, rows: I) -> io::Result<W>
where
    I: IntoIterator<Item: Borrow<Row> + Send, IntoIter: Send>,
{
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    write_rows_with(workers, sink, rows)
}

/// [`write_rows`] with a number of workers; with one, everything is done on this thread.
///
/// # Errors
/// As [`write_rows`].
pub fn write_rows_with<W: Write + Send, I>(workers: usize, sink: W, rows: I) -> io::Result<W>
where
    I: IntoIterator<Item: Borrow<Row> + Send, IntoIter: Send>,
{
    let rows = rows.into_iter();
    if workers <= 1 {
        let mut writer = Writer::new(sink);
        for row in rows {
            writer.write(row.borrow())?;
        }
        return writer.finish();
    }
    let shared = Shared {
        queue: Mutex::new(Queue { rows, batches: 0 }),
        output: Mutex::new(Output {
            sink,
            written: 0,
            stopped: false,
            outcome: Ok(()),
        }),
        turn: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|| shared.work());
        }
        shared.work();
    });
    let output = shared.output.into_inner();
    let mut output = output.unwrap_or_else(PoisonError::into_inner);
    output.outcome?;
    output.sink.flush()?;
    Ok(output.sink)
}

struct Shared<I, W> {
    queue: Mutex<Queue<I>>,
    output: Mutex<Output<W>>,
    /// Told whenever `written` or `stopped` changes.
    turn: Condvar,
}

struct Queue<I> {
    rows: I,
    /// How many were taken.
    batches: u64,
}

struct Output<W> {
    sink: W,
    /// How many batches are in the sink.
    written: u64,
    /// No more will be written: the sink failed, or a worker panicked.
    stopped: bool,
    outcome: io::Result<()>,
}

impl<I: Iterator<Item: Borrow<Row>>, W: Write> Shared<I, W> {
    fn work(&self) {
        // A panic of the iterator or the sink must not leave the others waiting for a batch that never comes.
        let _stop = StopOnPanic(self);
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        while let Some(batch) = self.take(&mut rows) {
            lines.clear();
            for row in rows.drain(..) {
                row.borrow().write_line(&mut lines);
                lines.push(b'\n');
            }
            if !self.put(batch, &lines) {
                break;
            }
        }
    }

    /// Takes the next rows, and gives the number of their batch.
    fn take(&self, rows: &mut Vec<I::Item>) -> Option<u64> {
        let mut queue = lock(&self.queue);
        let batch = queue.batches;
        queue.batches += 1;
        let mut bytes = 0;
        while bytes < CHUNK_BYTES && rows.len() < MOST_ROWS {
            let Some(row) = queue.rows.next() else { break };
            bytes += about_bytes(row.borrow());
            rows.push(row);
        }
        (!rows.is_empty()).then_some(batch)
    }

    /// Writes the lines of a batch when its turn has come. `false` when there is no more to do.
    fn put(&self, batch: u64, lines: &[u8]) -> bool {
        let mut output = lock(&self.output);
        while output.written != batch && !output.stopped {
            output = self
                .turn
                .wait(output)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if output.stopped {
            return false;
        }
        output.outcome = output.sink.write_all(lines);
        output.written += 1;
        output.stopped = output.outcome.is_err();
        self.turn.notify_all();
        !output.stopped
    }
}

/// About how long the row's line will be: all that can grow large is counted.
fn about_bytes(row: &Row) -> usize {
    const OTHER_MEMBERS: usize = 256;
    let object = |object: &Field<JsonObject>| object.as_ref().map_or(0, |it| it.as_str().len());
    let members = |members: &Members| -> usize {
        let len = |(name, value): (&str, &Json)| name.len() + value.as_str().len();
        members.iter().map(len).sum()
    };
    let twin = row.properties.as_ref().map_or(0, |twin| {
        object(&twin.desired) + object(&twin.reported) + members(&twin.extra)
    });
    let reason = row.status_reason.as_ref().map_or(0, String::len);
    OTHER_MEMBERS + row.id.len() + reason + object(&row.tags) + twin + members(&row.extra)
}

struct StopOnPanic<'s, I, W>(&'s Shared<I, W>);

impl<I, W> Drop for StopOnPanic<'_, I, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.output).stopped = true;
            self.0.turn.notify_all();
        }
    }
}
