//! The end of the program: the queues are written, and errors of standard output decide the exit code.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::print::{ERR, OUT, tell_surely};
use super::queue::{Fault, Queue, Stream};
use crate::failure::Exit;

/// How long readers have after a signal. A stopped reader must not keep the program alive.
const AFTER_SIGNAL: Duration = Duration::from_secs(2);
/// Nearly every reader takes the rest within this time. Only after it the program listens for signals.
const QUICK: Duration = Duration::from_millis(50);

static IS_HURRIED: AtomicBool = AtomicBool::new(false);

/// Notes that a signal ended the command: [`close()`] then waits for readers for two seconds at most.
pub(in crate::ui) fn hurry() {
    IS_HURRIED.store(true, Ordering::Relaxed);
}

/// Writes what is still in the queues; the last call of the program. Returns the exit code: the command's, unless
/// standard output could not be written (1, with a message) or a signal came meanwhile. A closed pipe is no error.
///
/// Without a signal, this waits as long as the reader takes (`config | less`). A signal ends the wait at once: there is
/// nothing left to clean up.
pub fn close(exit: Exit) -> Exit {
    if let Err(signal) = flush() {
        return signal;
    }
    let is_hurried = IS_HURRIED.load(Ordering::Relaxed);
    match OUT.get().and_then(|out| out.queue.fault(Stream::Out)) {
        // A command that was ended by a closed pipe already has exit code 0 (`failed`); other commands have done their
        // work.
        None | Some(Fault::Closed) => exit,
        Some(Fault::Failed(cause)) => {
            // The reader must not take half a document for a whole one.
            tell_surely(format!("error: cannot write to standard output: {cause}\n"));
            match flush() {
                Err(signal) => signal,
                Ok(()) => {
                    if is_hurried {
                        exit
                    } else {
                        Exit::FAILURE
                    }
                }
            }
        }
    }
}

/// Waits until all queues are written. The error is the exit code of a signal that came meanwhile.
fn flush() -> Result<(), Exit> {
    let queues: Vec<&Queue> = [&OUT, &ERR].into_iter().filter_map(|one| one.get()).map(|one| &*one.queue).collect();
    queues.iter().for_each(|queue| queue.note_dropped());
    if queues.iter().all(|queue| queue.wait(Some(QUICK))) {
        return Ok(());
    }
    let limit = IS_HURRIED.load(Ordering::Relaxed).then_some(AFTER_SIGNAL);
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(drained(&queues, limit)),
        Err(_) => {
            for queue in &queues {
                queue.wait(limit);
            }
            Ok(())
        }
    }
}

async fn drained(queues: &[&Queue], limit: Option<Duration>) -> Result<(), Exit> {
    let all = async {
        for queue in queues {
            queue.drained().await;
        }
    };
    tokio::select! {
        biased;
        () = all => Ok(()),
        () = received(SignalKind::interrupt()) => Err(Exit::INTERRUPTED),
        () = received(SignalKind::terminate()) => Err(Exit::TERMINATED),
        () = tokio::time::sleep(limit.unwrap_or_default()), if limit.is_some() => Ok(()),
    }
}

/// Waits for a signal; for ever if the system does not let the program listen.
async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    }
}
