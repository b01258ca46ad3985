//! What a run prints and asks, as a port: the terminal for the program, a record for the simulator.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::diag::Diagnostic;
use crate::event::{Event, Listener};
use crate::model::Sources;
use crate::plan::Plan;
use crate::settings::Context;
use crate::ui;

/// Where messages of a run go, and where answers come from.
#[async_trait(?Send)]
pub trait Console {
    /// Prints whole lines.
    fn tell(&self, words: &str);

    /// Shows diagnostics; `sources` are the texts that their places are in.
    fn diagnostics(&self, list: &[Diagnostic], sources: &Sources);

    /// Returns the listener that shows the progress of a plan that runs.
    fn listener(&self) -> Box<dyn Listener>;

    /// Shows the steps of a plan in a dry run.
    fn dry_run(&self, plan: &Plan);

    /// Prints that there is nothing to do.
    fn nothing(&self, words: &str);

    /// Returns whether the user can be asked.
    fn is_interactive(&self) -> bool;

    /// Asks a question. Without a user to ask, the answer is no.
    async fn confirm(&self, question: &'static str) -> bool;
}

/// The program's own console: standard error, in the format of the settings, and standard input.
pub struct Terminal<'a>(pub &'a Context);

#[async_trait(?Send)]
impl Console for Terminal<'_> {
    fn tell(&self, words: &str) {
        ui::tell(words);
    }

    fn diagnostics(&self, list: &[Diagnostic], sources: &Sources) {
        ui::diagnostics(self.0, list, sources);
    }

    fn listener(&self) -> Box<dyn Listener> {
        ui::progress::listener(self.0)
    }

    fn dry_run(&self, plan: &Plan) {
        ui::progress::dry_run(self.0, plan);
    }

    fn nothing(&self, words: &str) {
        ui::progress::say(self.0, words);
    }

    fn is_interactive(&self) -> bool {
        ui::is_interactive()
    }

    async fn confirm(&self, question: &'static str) -> bool {
        aside(move || ui::confirm(question)).await
    }
}

/// A console whose progress can be ended while its run goes on: from then on the terminal belongs to a session.
pub(in crate::app) struct UntilSession<'a> {
    console: &'a dyn Console,
    listener: Arc<Mutex<Option<Box<dyn Listener>>>>,
}

impl<'a> UntilSession<'a> {
    pub(in crate::app) fn new(console: &'a dyn Console) -> Self {
        Self { console, listener: Arc::default() }
    }

    /// Ends the progress that is shown. A live view draws its last frame.
    pub(in crate::app) fn end_progress(&self) {
        drop(lock(&self.listener).take());
    }
}

type Shared = Mutex<Option<Box<dyn Listener>>>;

/// A panic in a holder of the lock leaves the listener usable.
fn lock(shared: &Shared) -> MutexGuard<'_, Option<Box<dyn Listener>>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes events on to the listener of an [`UntilSession`]. The view ends with the run.
struct Passing(Arc<Shared>);

impl Listener for Passing {
    fn on_event(&mut self, event: &Event) {
        if let Some(listener) = &mut *lock(&self.0) {
            listener.on_event(event);
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        drop(lock(&self.0).take());
    }
}

#[async_trait(?Send)]
impl Console for UntilSession<'_> {
    fn tell(&self, words: &str) {
        self.console.tell(words);
    }

    fn diagnostics(&self, list: &[Diagnostic], sources: &Sources) {
        self.console.diagnostics(list, sources);
    }

    fn listener(&self) -> Box<dyn Listener> {
        *lock(&self.listener) = Some(self.console.listener());
        Box::new(Passing(Arc::clone(&self.listener)))
    }

    fn dry_run(&self, plan: &Plan) {
        self.console.dry_run(plan);
    }

    fn nothing(&self, words: &str) {
        self.console.nothing(words);
    }

    fn is_interactive(&self) -> bool {
        self.console.is_interactive()
    }

    async fn confirm(&self, question: &'static str) -> bool {
        self.console.confirm(question).await
    }
}

/// Reads an answer on its own thread, because a read of standard input cannot be cancelled, and signals must be noticed
/// meanwhile.
pub(super) async fn aside(read: impl FnOnce() -> bool + Send + 'static) -> bool {
    // A thread that panicked has not answered yes.
    tokio::task::spawn_blocking(read).await.unwrap_or(false)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A console for tests that ignores everything.
    pub struct Silent;

    #[async_trait(?Send)]
    impl Console for Silent {
        fn tell(&self, _: &str) {}

        fn diagnostics(&self, _: &[Diagnostic], _: &Sources) {}

        fn listener(&self) -> Box<dyn Listener> {
            Box::new(|_: &Event| {})
        }

        fn dry_run(&self, _: &Plan) {}

        fn nothing(&self, _: &str) {}

        fn is_interactive(&self) -> bool {
            false
        }

        async fn confirm(&self, _: &'static str) -> bool {
            false
        }
    }
}
