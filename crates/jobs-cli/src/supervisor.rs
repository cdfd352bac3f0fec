//! Runs the command on a thread of its own, and ends the process at a signal or at the time limit whatever that thread does.
//!
//! A command opens and reads files, and some of them block for as long as somebody else likes: a FIFO without a writer, a
//! terminal, a stale network drive. So the thread that watches for signals and for the time limit runs nothing else, and
//! does not wait for the command when it is blocked. A new command cannot forget this, because it has no other way to run.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{oneshot, watch};

use crate::args::Command;
use crate::commands;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::signals::Signals;

/// How long a stopped command may take to remove what it left unfinished. A command that is blocked takes all of it.
const GRACE: Duration = Duration::from_millis(500);

/// The stack that the main thread of a process usually has.
const STACK: usize = 8 * 1024 * 1024;

/// Tells a command to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    requested: watch::Sender<bool>,
    by_itself: AtomicBool,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            requested: watch::Sender::new(false),
            by_itself: AtomicBool::new(false),
        }
    }
}

impl Stop {
    /// From now on the command ends by itself once [`requested`](Self::requested) returns, and its outcome counts.
    pub(crate) fn command_ends_by_itself(&self) {
        self.by_itself.store(true, Ordering::SeqCst);
    }

    /// Waits for a signal or the time limit.
    pub(crate) async fn requested(&self) {
        // The sender lives as long as `self`, so the only end of the wait is a request.
        let _ = self.requested.subscribe().wait_for(|stop| *stop).await;
    }

    fn request(&self) {
        self.requested.send_replace(true);
    }

    fn ends_by_itself(&self) -> bool {
        self.by_itself.load(Ordering::SeqCst)
    }

    /// Waits until the command is to be dropped.
    async fn drops_command(&self) {
        self.requested().await;
        if self.ends_by_itself() {
            std::future::pending().await
        }
    }
}

/// Why a command is stopped.
enum Reason {
    Signal,
    Limit(Duration),
}

/// Runs a command until it ends, a signal arrives or the time limit is reached, whichever comes first.
pub(crate) fn run(context: Context, command: Command) -> Outcome {
    let cannot_start = |error| Failure::usage(format_args!("cannot start: {error}"));
    let watching = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot_start)?;
    let context = Arc::new(context);
    let outcome = watching.block_on(async {
        // The handlers are installed before anything else happens, so that no signal is lost.
        let signals = Signals::install()
            .map_err(|error| Failure::usage(format_args!("cannot handle signals: {error}")))?;
        // The limit on the whole command starts before that of a request, so it is also reached first.
        let limit = pin!(limit(context.limit));
        let (sender, outcome) = oneshot::channel();
        let shared = Arc::clone(&context);
        let work = move || {
            // Nobody receives it when the process ends before the command.
            let _ = sender.send(run_to_end(&shared, command));
        };
        let thread = thread::Builder::new()
            .name("command".to_owned())
            .stack_size(STACK)
            .spawn(work)
            .map_err(cannot_start)?;
        match watch(&context, signals, limit, outcome).await {
            Some(outcome) => outcome,
            // The command ended without an outcome: it panicked, and said so.
            None => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => Err(Failure::work("the command ended without a result")),
            },
        }
    });
    outcome.map_err(|failure| context.complete(failure))
}

async fn watch(
    context: &Context,
    mut signals: Signals,
    limit: impl Future<Output = Duration>,
    mut outcome: oneshot::Receiver<Outcome>,
) -> Option<Outcome> {
    let reason = tokio::select! {
        biased;
        () = signals.next() => Reason::Signal,
        length = limit => Reason::Limit(length),
        outcome = &mut outcome => return outcome.ok(),
    };
    context.stop.request();
    if context.stop.ends_by_itself() {
        tokio::select! {
            outcome = &mut outcome => return outcome.ok(),
            // A second signal does not wait.
            () = signals.next() => {}
        }
    } else {
        let _ = tokio::time::timeout(GRACE, outcome).await;
    }
    Some(Err(match reason {
        Reason::Signal => context.job.interrupted(),
        Reason::Limit(length) => context.job.timed_out(length),
    }))
}

/// Runs the command on this thread. When it is stopped it is dropped, which removes what it left unfinished.
fn run_to_end(context: &Context, command: Command) -> Outcome {
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format_args!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            () = context.stop.drops_command() => Err(context.job.interrupted()),
            outcome = Box::pin(commands::run(context, command)) => outcome,
        }
    });
    // A thread that is blocked in a read must not delay the end.
    runtime.shutdown_background();
    outcome
}

/// Waits for the end of the time that the whole command may take, and returns that time.
async fn limit(length: Option<Duration>) -> Duration {
    match length {
        Some(length) => {
            tokio::time::sleep(length).await;
            length
        }
        None => std::future::pending().await,
    }
}
