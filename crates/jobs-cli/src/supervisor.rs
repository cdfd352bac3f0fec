//! Runs the command on a thread of its own, and ends the process at a signal or at the time limit whatever that thread does.
//!
//! A command opens and reads files, and some of them block for as long as somebody else likes: a FIFO without a writer, a
//! terminal, a stale network drive. So the thread that watches for signals and for the time limit runs nothing else, and
//! does not wait for the command when it is blocked. A new command cannot forget this, because it has no other way to run.
//! The last message is printed on another thread for the same reason: nobody may be reading standard error.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::args::Command;
use crate::commands;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::outfile;
use crate::signals::Signals;

/// How long a stopped command may take to remove what it left unfinished, and how long its last message may take. What is blocked takes
/// all of it.
const GRACE: Duration = Duration::from_millis(500);

/// How long a command that ends by itself may take to end after it was stopped.
const LONGEST_END: Duration = Duration::from_secs(20);

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

    fn is_requested(&self) -> bool {
        *self.requested.borrow()
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
    Limit,
}

/// Runs a command until it ends, a signal arrives or the time limit is reached, whichever comes first. Then `report` prints the failure,
/// if there is one.
pub(crate) fn run(
    context: Context,
    command: Command,
    report: impl FnOnce(&Failure) + Send + 'static,
) -> Exit {
    let watching = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(watching) => watching,
        Err(error) => {
            let failure = cannot_start(error);
            report(&failure);
            return failure.exit();
        }
    };
    let context = Arc::new(context);
    watching.block_on(async {
        // The limit on the whole command starts before that of a request, so it is also reached first.
        let end = context
            .limit
            .and_then(|length| Instant::now().checked_add(length));
        // The handlers are installed before anything else happens, so that no signal is lost.
        let mut signals = Signals::install();
        let outcome = match &mut signals {
            Ok(signals) => run_watched(&context, signals, end, command).await,
            Err(error) => Err(Failure::usage(format_args!(
                "cannot handle signals: {error}"
            ))),
        };
        outfile::remove_unfinished();
        let failure = match outcome {
            Ok(exit) => return exit,
            Err(failure) => context.complete(failure),
        };
        let exit = failure.exit();
        end_report(&context, signals.ok(), end, move || report(&failure)).await;
        exit
    })
}

fn cannot_start(error: io::Error) -> Failure {
    Failure::usage(format_args!("cannot start: {error}"))
}

/// Runs a command on a thread of its own.
async fn run_watched(
    context: &Arc<Context>,
    signals: &mut Signals,
    end: Option<Instant>,
    command: Command,
) -> Outcome {
    let (sender, outcome) = oneshot::channel();
    let shared = Arc::clone(context);
    let work = move || {
        // Nobody receives it when the process ends before the command.
        let _ = sender.send(run_to_end(&shared, command));
    };
    let thread = thread::Builder::new()
        .name("command".to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map_err(cannot_start)?;
    match watch(context, signals, end, outcome).await {
        Some(outcome) => outcome,
        // The command ended without an outcome: it panicked, and said so.
        None => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(Failure::work("the command ended without a result")),
        },
    }
}

async fn watch(
    context: &Context,
    signals: &mut Signals,
    end: Option<Instant>,
    mut outcome: oneshot::Receiver<Outcome>,
) -> Option<Outcome> {
    let reason = tokio::select! {
        biased;
        () = signals.next() => Reason::Signal,
        () = limit(end) => Reason::Limit,
        outcome = &mut outcome => return outcome.ok(),
    };
    context.stop.request();
    let ends_by_itself = context.stop.ends_by_itself();
    let grace = if ends_by_itself { LONGEST_END } else { GRACE };
    tokio::select! {
        outcome = &mut outcome => if ends_by_itself {
            return outcome.ok();
        },
        () = tokio::time::sleep(grace) => {}
        // A second signal does not wait.
        () = signals.next() => {}
    }
    Some(Err(match reason {
        Reason::Signal => context.job.interrupted(),
        Reason::Limit => context.job.timed_out(context.limit.unwrap_or_default()),
    }))
}

/// Waits for the last message to be written, but no longer than a signal or the time limit allows.
async fn end_report(
    context: &Context,
    signals: Option<Signals>,
    end: Option<Instant>,
    report: impl FnOnce() + Send + 'static,
) {
    let (sender, printed) = oneshot::channel();
    let printing = thread::Builder::new().spawn(move || {
        report();
        let _ = sender.send(());
    });
    if printing.is_err() {
        return;
    }
    let signal = async {
        match signals {
            Some(mut signals) => signals.next().await,
            None => std::future::pending().await,
        }
    };
    let limit = async {
        if !context.stop.is_requested() {
            limit(end).await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        _ = printed => {}
        () = signal => {}
        () = limit => {}
    }
}

/// Runs the command on this thread. When it is stopped it is dropped, which removes what it left unfinished.
fn run_to_end(context: &Context, command: Command) -> Outcome {
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(cannot_start)?;
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

/// Waits for the end of the time that the whole command may take.
async fn limit(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
