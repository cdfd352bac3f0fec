//! Reading and writing with every core, the order of lines kept, memory flat.
//!
//! The file is cut at line breaks into chunks of [`CHUNK_BYTES`]. Workers take turns to read the next chunk, work on it on their own, and hand in
//! what they made of it; the caller takes the results in the order of the file. At most a few chunks and results exist at any time, so a slow
//! caller holds the workers back. [`write_rows`] goes the other way.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    num::NonZeroUsize,
    ops::ControlFlow,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use crate::{
    line::{BadLine, Cause, Entry, Item, Options, Place, Scratch, classify},
    row::RowRef,
};

mod write;

pub use self::write::{write_rows, write_rows_with};

/// How much of the file one chunk has, but for the line that crosses its end: fits the second-level cache beside what is made of it.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// How much of a line that is too long is kept, to tell it by.
const START_OF_LONG_LINE: usize = 256;

/// How many results may wait for one before them, for each worker.
const RESULTS_PER_WORKER: u64 = 4;

/// Some lines of a file, in a row.
#[derive(Debug)]
pub struct Chunk<'b> {
    bytes: &'b [u8],
    place: ChunkPlace,
    options: &'b Options,
    scratch: &'b mut Scratch,
    stopped: &'b mut bool,
}

/// Where a chunk stands.
#[derive(Debug, Clone, Copy)]
struct ChunkPlace {
    sequence: u64,
    /// Lines before it.
    lines: u64,
    offset: u64,
    /// The length of the line that it is, when that is too long to be kept.
    long: Option<u64>,
}

impl Chunk<'_> {
    /// The offset of its first byte in the file.
    pub fn offset(&self) -> u64 {
        self.place.offset
    }

    /// How many bytes of the file it stands for.
    pub fn len(&self) -> u64 {
        self.place.long.unwrap_or(self.bytes.len() as u64)
    }

    /// Whether it has no bytes, which no chunk has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with every line that is not blank, and gives the number of lines.
    pub fn for_each(self, mut each: impl FnMut(Entry<RowRef<'_>>)) -> u64 {
        let (options, scratch, place) = (self.options, self.scratch, self.place);
        if let Some(len) = place.long {
            let cause = Cause::TooLong {
                limit: options.max_line as u64,
            };
            let item = Item::Bad(BadLine::cut(cause, self.bytes, len));
            each(Entry {
                line: place.lines + 1,
                offset: place.offset,
                item,
            });
            *self.stopped = options.strict;
            return 1;
        }
        let (mut rest, mut number, mut offset) = (self.bytes, place.lines, place.offset);
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
            number += 1;
            let at = Place {
                number,
                last: end.is_none(),
            };
            if let Some(item) = item(line, at, options, scratch) {
                *self.stopped |= options.strict && matches!(item, Item::Bad(_));
                each(Entry {
                    line: number,
                    offset,
                    item,
                });
                if *self.stopped {
                    break;
                }
            }
            offset += line.len() as u64 + 1;
            rest = behind.get(1..).unwrap_or_default();
        }
        number - place.lines
    }
}

/// What one line is. One that came whole with its chunk can still be too long to be a row.
fn item<'b>(
    line: &'b [u8],
    at: Place,
    options: &Options,
    scratch: &mut Scratch,
) -> Option<Item<RowRef<'b>>> {
    if line.len() > options.max_line {
        let start = &line[..line.len().min(START_OF_LONG_LINE)];
        let cause = Cause::TooLong {
            limit: options.max_line as u64,
        };
        return Some(Item::Bad(BadLine::cut(cause, start, line.len() as u64)));
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    classify(line, at, options.strict, |text| {
        RowRef::parse(text, scratch)
    })
}

/// Reads `source` to its end, lets `work` make something of each chunk on any thread, and gives the results to `take` on this thread in
/// the order of the file. `take` can break off. With strict [`Options`] the chunk with the first bad line is the last.
///
/// ```
/// use std::ops::ControlFlow;
/// use jobs_devices::{Item, Options, parallel};
/// let file = b"{\"id\":\"a\"}\n{\"id\":\"b\"}\n";
/// let mut ids = Vec::new();
/// parallel::for_each_chunk(&file[..], &Options::new(), |chunk| {
///     let mut found = Vec::new();
///     chunk.for_each(|entry| if let Item::Row(row) = entry.item { found.push(row.id().into_owned()) });
///     found
/// }, |found| {
///     ids.extend(found);
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(ids, ["a", "b"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// That of the source, after everything before it was taken.
pub fn for_each_chunk<R: Read + Send, T: Send>(
    source: R,
    options: &Options,
    work: impl Fn(Chunk<'_>) -> T + Sync,
    take: impl FnMut(T) -> ControlFlow<()>,
) -> io::Result<()> {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    for_each_chunk_with(workers, source, options, work, take)
}

/// [`for_each_chunk`] with a number of workers; with one, everything is done on this thread.
///
/// # Errors
/// As [`for_each_chunk`].
pub fn for_each_chunk_with<R: Read + Send, T: Send>(
    workers: usize,
    source: R,
    options: &Options,
    work: impl Fn(Chunk<'_>) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut source = Source::new(source, options.max_line);
    if workers <= 1 {
        let mut worker = Worker::new(options);
        while let Some(place) = source.next(&mut worker.bytes).map_err(|(_, error)| error)? {
            let (result, stopped) = worker.run(place, &work);
            if take(result).is_break() || stopped {
                break;
            }
        }
        return Ok(());
    }
    let shared = Shared {
        source: Mutex::new(source),
        taken: Mutex::new(0),
        more: Condvar::new(),
        window: RESULTS_PER_WORKER * workers as u64,
    };
    let (results, inbox) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (results, shared, work) = (results.clone(), &shared, &work);
            scope.spawn(move || shared.work(options, work, &results));
        }
        drop(results);
        let release = Release(&shared);
        let outcome = in_order(&inbox, &shared, &mut take);
        drop(release);
        outcome
    })
}

/// Takes results in the order of the file.
fn in_order<R, T>(
    inbox: &mpsc::Receiver<(u64, io::Result<(T, bool)>)>,
    shared: &Shared<R>,
    take: &mut impl FnMut(T) -> ControlFlow<()>,
) -> io::Result<()> {
    let (mut early, mut next) = (BTreeMap::new(), 0);
    while let Ok((sequence, result)) = inbox.recv() {
        early.insert(sequence, result);
        while let Some(result) = early.remove(&next) {
            let (result, stopped) = result?;
            if take(result).is_break() || stopped {
                return Ok(());
            }
            next += 1;
            shared.taken(next);
        }
    }
    Ok(())
}

/// What one thread works with.
struct Worker<'o> {
    bytes: Vec<u8>,
    scratch: Scratch,
    options: &'o Options,
}

impl<'o> Worker<'o> {
    fn new(options: &'o Options) -> Self {
        Self {
            bytes: Vec::new(),
            scratch: Scratch::new(),
            options,
        }
    }

    fn run<T>(&mut self, place: ChunkPlace, work: &impl Fn(Chunk<'_>) -> T) -> (T, bool) {
        let mut stopped = false;
        let chunk = Chunk {
            bytes: &self.bytes,
            place,
            options: self.options,
            scratch: &mut self.scratch,
            stopped: &mut stopped,
        };
        (work(chunk), stopped)
    }
}

struct Shared<R> {
    source: Mutex<Source<R>>,
    /// How many results were taken; `u64::MAX` when no more will be.
    taken: Mutex<u64>,
    more: Condvar,
    /// How far a result may be ahead of the one taken last.
    window: u64,
}

type Results<T> = mpsc::Sender<(u64, io::Result<(T, bool)>)>;

impl<R: Read> Shared<R> {
    fn work<T>(&self, options: &Options, work: &impl Fn(Chunk<'_>) -> T, results: &Results<T>) {
        // A panic in `work` must not leave the others waiting for its result.
        let release = Release(self);
        let mut worker = Worker::new(options);
        loop {
            let place = match lock(&self.source).next(&mut worker.bytes) {
                Ok(Some(place)) => place,
                Ok(None) => break,
                Err((sequence, error)) => {
                    // Nobody listens only when all is over.
                    let _ = results.send((sequence, Err(error)));
                    break;
                }
            };
            let result = worker.run(place, work);
            if !self.wait_for_turn(place.sequence)
                || results.send((place.sequence, Ok(result))).is_err()
            {
                break;
            }
        }
        if !thread::panicking() {
            std::mem::forget(release);
        }
    }
}

impl<R> Shared<R> {
    /// Waits until a result is not too far ahead. `false` when no more results are taken.
    fn wait_for_turn(&self, sequence: u64) -> bool {
        let mut taken = lock(&self.taken);
        while *taken != u64::MAX && sequence >= *taken + self.window {
            taken = self
                .more
                .wait(taken)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *taken != u64::MAX
    }

    fn taken(&self, count: u64) {
        *lock(&self.taken) = count;
        self.more.notify_all();
    }
}

/// Lets every waiting worker go when dropped.
struct Release<'s, R>(&'s Shared<R>);

impl<R> Drop for Release<'_, R> {
    fn drop(&mut self) {
        self.0.taken(u64::MAX);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cuts what it reads into chunks that end at a line break.
struct Source<R> {
    read: R,
    /// The start of the line that the last chunk cut.
    carry: Vec<u8>,
    sequence: u64,
    lines: u64,
    offset: u64,
    over: bool,
    max_line: usize,
}

impl<R: Read> Source<R> {
    fn new(read: R, max_line: usize) -> Self {
        Self {
            read,
            carry: Vec::new(),
            sequence: 0,
            lines: 0,
            offset: 0,
            over: false,
            max_line,
        }
    }

    /// Puts the next chunk into `bytes`. An error comes with the number its chunk would have had, once.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<ChunkPlace>, (u64, io::Error)> {
        bytes.clear();
        bytes.append(&mut self.carry);
        let failed = |error| (self.sequence, error);
        let (long, len) = match Self::fill(&mut self.read, &mut self.over, self.max_line, bytes)
            .map_err(failed)?
        {
            Cut::At(end) => {
                self.carry.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                (None, end as u64)
            }
            Cut::End => (None, bytes.len() as u64),
            Cut::Long => {
                let (line, with_break) = self
                    .skip_line(bytes)
                    .map_err(|error| (self.sequence, error))?;
                (Some(line), with_break)
            }
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let place = ChunkPlace {
            sequence: self.sequence,
            lines: self.lines,
            offset: self.offset,
            long,
        };
        self.sequence += 1;
        self.lines += if long.is_some() {
            1
        } else {
            memchr::memchr_iter(b'\n', bytes).count() as u64
        };
        self.offset += len;
        Ok(Some(place))
    }

    /// Reads a chunk, and on until there is a line break.
    fn fill(
        read: &mut R,
        over: &mut bool,
        max_line: usize,
        bytes: &mut Vec<u8>,
    ) -> io::Result<Cut> {
        let mut end = memchr::memrchr(b'\n', bytes).map(|at| at + 1);
        loop {
            if *over {
                return Ok(Cut::End);
            }
            let held = bytes.len();
            *over = !read_chunk(read, bytes).inspect_err(|_| *over = true)?;
            end = memchr::memrchr(b'\n', &bytes[held..])
                .map(|at| held + at + 1)
                .or(end);
            match end {
                // The last line may have no line break.
                _ if *over => return Ok(Cut::End),
                Some(end) => return Ok(Cut::At(end)),
                None if bytes.len() > max_line.max(START_OF_LONG_LINE) => return Ok(Cut::Long),
                None => {}
            }
        }
    }

    /// Drops the rest of a line that is too long, all but its start; gives its length without and with the line break.
    fn skip_line(&mut self, bytes: &mut Vec<u8>) -> io::Result<(u64, u64)> {
        let mut len = bytes.len() as u64;
        bytes.truncate(START_OF_LONG_LINE);
        let mut next = Vec::new();
        while !self.over {
            next.clear();
            self.over = !read_chunk(&mut self.read, &mut next).inspect_err(|_| self.over = true)?;
            if let Some(at) = memchr::memchr(b'\n', &next) {
                self.carry.extend_from_slice(&next[at + 1..]);
                return Ok((len + at as u64, len + at as u64 + 1));
            }
            len += next.len() as u64;
        }
        Ok((len, len))
    }
}

/// Where a chunk ends.
enum Cut {
    /// Behind a line break.
    At(usize),
    /// At the end of the source.
    End,
    /// Within a line that is too long to be kept.
    Long,
}

/// Appends a chunk. `false` when the source is over.
fn read_chunk(read: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    // With a little room to spare, or reading would make room for more before it finds that there is no more.
    bytes.reserve(CHUNK_BYTES + 64);
    let count = read.take(CHUNK_BYTES as u64).read_to_end(bytes)?;
    Ok(count == CHUNK_BYTES)
}
