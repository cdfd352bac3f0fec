//! Reading and writing with every core, the order of lines kept, memory flat.
//!
//! The file is cut at line breaks into chunks of [`CHUNK_BYTES`]. Workers take turns to read the next chunk, work on it on their own, and hand in
//! what they made of it. The caller is one of them, and between its own chunks takes the results in the order of the file: a thread that only
//! took results would be woken for every chunk, and take the core from a worker each time. At most a few chunks and results exist at any
//! time, so a slow caller holds the workers back. A chunk with a line that is longer than usual is alone: nothing is
//! read behind it before its result was taken, so that memory stays flat however many workers there are. [`write_rows`] goes the other way.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    num::NonZeroUsize,
    ops::ControlFlow,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use self::{
    chunk::Worker,
    source::{Next, Source},
};
use crate::line::Options;

mod chunk;
mod source;
mod write;

pub use self::{
    chunk::Chunk,
    write::{write_rows, write_rows_with},
};

/// How much of the file one chunk has, but for the line that crosses its end: fits the second-level cache beside what is made of it.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// How many results may wait for one before them, for each worker.
const RESULTS_PER_WORKER: u64 = 4;

/// More workers than this only hold more memory: so many read faster than files are delivered.
const MOST_WORKERS: usize = 16;

/// Reads `source` to its end, lets `work` make something of each chunk on any thread, and gives the results to `take` on this thread in
/// the order of the file. `take` can break off. With strict [`Options`] the chunk with the first bad line is the last.
///
/// What `work` gives should own little: rows that are dropped on another thread than made them take twice as long, for the threads
/// then wait for each other's memory.
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
    for_each_chunk_with(workers.min(MOST_WORKERS), source, options, work, take)
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
    let mut worker = Worker::new(options);
    let mut first = source.next(&mut worker.lines);
    // A file of one chunk is read before another thread has started.
    if workers <= 1 || source.is_over() {
        while let Some(place) = first.map_err(|(_, error)| error)? {
            let (result, stopped) = worker.run(place, &work);
            if take(result).is_break() || stopped {
                break;
            }
            if place.is_alone() {
                worker.shrink();
                source.is_held = false;
            }
            first = source.next(&mut worker.lines);
        }
        return Ok(());
    }
    let shared = Shared {
        source: Mutex::new(source),
        readable: Condvar::new(),
        turn: Mutex::new(Turn::default()),
        more: Condvar::new(),
        window: RESULTS_PER_WORKER * workers as u64,
    };
    let (results, inbox) = mpsc::channel();
    thread::scope(|scope| {
        let release = Release(&shared);
        for _ in 1..workers {
            let (results, shared, work) = (results.clone(), &shared, &work);
            scope.spawn(move || shared.work(options, work, &results));
        }
        drop(results);
        let outcome = shared.work_and_take(worker, first, &work, &inbox, &mut take);
        drop(release);
        outcome
    })
}

struct Shared<R> {
    source: Mutex<Source<R>>,
    /// The source may be read again after a chunk that was alone.
    readable: Condvar,
    turn: Mutex<Turn>,
    more: Condvar,
    /// How far a result may be ahead of the one taken last.
    window: u64,
}

#[derive(Default)]
struct Turn {
    /// How many results were taken.
    taken: u64,
    /// No more will be.
    over: bool,
    /// How many workers wait for that to grow.
    waiting: usize,
}

/// What became of a chunk.
struct Made<T> {
    result: T,
    /// It is the last one wanted.
    stopped: bool,
    /// Nothing is read before the result was taken.
    alone: bool,
}

type Done<T> = io::Result<Made<T>>;
type Results<T> = mpsc::Sender<(u64, Done<T>)>;

impl<R: Read> Shared<R> {
    fn work<T>(&self, options: &Options, work: &impl Fn(Chunk<'_>) -> T, results: &Results<T>) {
        // A panic in `work` must not leave the others waiting for its result.
        let release = Release(self);
        let mut worker = Worker::new(options);
        while let Some(chunk) = self.next(&mut worker) {
            let Some((sequence, done)) = made_of(chunk, &mut worker, work) else {
                break;
            };
            let last = done.is_err();
            if !self.wait_for_turn(sequence) || results.send((sequence, done)).is_err() || last {
                break;
            }
        }
        if !thread::panicking() {
            std::mem::forget(release);
        }
    }

    /// Works as the others do, and takes all results in the order of the file.
    fn work_and_take<T>(
        &self,
        mut worker: Worker<'_>,
        first: Next,
        work: &impl Fn(Chunk<'_>) -> T,
        inbox: &mpsc::Receiver<(u64, Done<T>)>,
        take: &mut impl FnMut(T) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let (mut early, mut next) = (BTreeMap::new(), 0);
        let (mut first, mut source_is_over) = (Some(first), false);
        loop {
            early.extend(inbox.try_iter());
            while let Some(done) = early.remove(&next) {
                let made = done?;
                if take(made.result).is_break() || made.stopped {
                    return Ok(());
                }
                next += 1;
                self.tell(|turn| turn.taken = next);
                if made.alone {
                    self.read_on();
                }
            }
            if source_is_over || early.len() as u64 >= self.window {
                let Ok((sequence, done)) = inbox.recv() else {
                    return Ok(());
                };
                early.insert(sequence, done);
                continue;
            }
            let chunk = first.take().or_else(|| self.next_unless_alone(&mut worker));
            let Some(chunk) = chunk else {
                // Another worker has the chunk that is alone, or had it a moment ago.
                let Ok((sequence, done)) = inbox.recv() else {
                    return Ok(());
                };
                early.insert(sequence, done);
                continue;
            };
            if let Some((sequence, done)) = made_of(chunk, &mut worker, work) {
                source_is_over = done.is_err();
                early.insert(sequence, done);
            } else {
                source_is_over = true;
            }
        }
    }
}

impl<R: Read> Shared<R> {
    /// Reads the next chunk, once it may be read. `None` when no more results are taken.
    fn next(&self, worker: &mut Worker<'_>) -> Option<Next> {
        let mut source = lock(&self.source);
        while source.is_held {
            if source.is_abandoned {
                return None;
            }
            let woken = self.readable.wait(source);
            source = woken.unwrap_or_else(PoisonError::into_inner);
        }
        Some(source.next(&mut worker.lines))
    }

    /// As [`next`](Self::next), for the one who takes the results and so must not wait for them to be taken.
    fn next_unless_alone(&self, worker: &mut Worker<'_>) -> Option<Next> {
        let mut source = lock(&self.source);
        (!source.is_held).then(|| source.next(&mut worker.lines))
    }

    /// Lets the source be read again.
    fn read_on(&self) {
        lock(&self.source).is_held = false;
        self.readable.notify_all();
    }
}

/// What became of a chunk that was read; nothing when there was none.
fn made_of<T>(
    chunk: Next,
    worker: &mut Worker<'_>,
    work: &impl Fn(Chunk<'_>) -> T,
) -> Option<(u64, Done<T>)> {
    match chunk {
        Ok(None) => None,
        Ok(Some(place)) => {
            let alone = place.is_alone();
            let (result, stopped) = worker.run(place, work);
            if alone {
                worker.shrink();
            }
            let made = Made {
                result,
                stopped,
                alone,
            };
            Some((place.sequence, Ok(made)))
        }
        Err((sequence, error)) => Some((sequence, Err(error))),
    }
}

impl<R> Shared<R> {
    /// Waits until a result is not too far ahead. `false` when no more results are taken.
    fn wait_for_turn(&self, sequence: u64) -> bool {
        let mut turn = lock(&self.turn);
        while !turn.over && sequence >= turn.taken + self.window {
            turn.waiting += 1;
            turn = self.more.wait(turn).unwrap_or_else(PoisonError::into_inner);
            turn.waiting -= 1;
        }
        !turn.over
    }

    fn tell(&self, change: impl FnOnce(&mut Turn)) {
        let mut turn = lock(&self.turn);
        change(&mut turn);
        // Waking nobody costs a system call too.
        if turn.waiting > 0 {
            self.more.notify_all();
        }
    }
}

/// Lets every waiting worker go when dropped.
struct Release<'s, R>(&'s Shared<R>);

impl<R> Drop for Release<'_, R> {
    fn drop(&mut self) {
        self.0.tell(|turn| turn.over = true);
        lock(&self.0.source).is_abandoned = true;
        self.0.readable.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
