//! The streams of a one-off container: opened by the step that starts the container, and passed on while its hooks run.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::engine::{Ending, Session as Streams};
use crate::exec::{Interrupt, Outcome, Output, Signal};
use crate::failure::Failure;
use crate::model::ContainerId;

/// How long hooks may take to notice that their container has ended.
const MOMENT: Duration = Duration::from_secs(1);

/// A container with its streams.
pub(super) struct Open {
    pub id: ContainerId,
    pub streams: Streams,
    /// The end of the container; `None` where the engine has not taken the wait.
    pub ending: Option<Ending>,
}

/// What has been opened so far.
#[derive(Default)]
pub(super) struct Opening(Option<Open>);

/// What comes first.
pub(super) enum Begun {
    /// The container runs, and its hooks go on.
    Container(Open),
    /// The whole run has ended.
    All(Result<Outcome, Failure>),
}

impl Begun {
    /// Returns the end of the whole run; a run whose hooks go on has not failed.
    pub(super) fn result(self) -> Result<Outcome, Failure> {
        match self {
            Begun::Container(_) => Ok(Outcome::default()),
            Begun::All(result) => result,
        }
    }
}

impl Opening {
    /// Waits for the start of the container beside the run that starts it.
    pub(super) async fn beside(
        &mut self,
        receiver: &mut UnboundedReceiver<Output>,
        run: impl Future<Output = Result<Outcome, Failure>>,
    ) -> Begun {
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                Some(output) = receiver.recv() => if let Some(open) = self.take(output) {
                    return Begun::Container(open);
                },
                result = &mut run => return Begun::All(result),
            }
        }
    }

    /// Takes a message of the run. Returns the container once it runs.
    fn take(&mut self, output: Output) -> Option<Open> {
        match output {
            Output::Opened { container, session, ending, .. } => {
                self.0 = Some(Open { id: container, streams: session, ending });
                None
            }
            Output::Begun { is_started: true, .. } => self.0.take(),
            Output::Begun { is_started: false, .. } | Output::Planned(_) => None,
        }
    }

    /// Returns what the run has opened, once it has ended.
    pub(super) fn opened(mut self, receiver: &mut UnboundedReceiver<Output>) -> Option<Open> {
        while let Ok(output) = receiver.try_recv() {
            if let Some(open) = self.take(output) {
                return Some(open);
            }
        }
        self.0
    }
}

/// A session that may go on.
pub(super) enum Passing<'a, T> {
    Over(T),
    GoesOn(Pin<Box<dyn Future<Output = T> + 'a>>),
}

/// Passes a session on until the hooks of its container have ended. The hooks end with the container; where the session ends
/// and the container goes on, they are given up.
pub(super) async fn beside<'a, T>(
    mut session: Pin<Box<dyn Future<Output = T> + 'a>>,
    hooks: impl Future<Output = Result<Outcome, Failure>>,
    interrupt: &Interrupt,
) -> (Passing<'a, T>, Result<Outcome, Failure>) {
    tokio::pin!(hooks);
    tokio::select! {
        biased;
        over = &mut session => {
            let hooks = match tokio::time::timeout(MOMENT, &mut hooks).await {
                Ok(hooks) => hooks,
                Err(_) => {
                    interrupt.send(Signal::Terminate);
                    hooks.await
                }
            };
            (Passing::Over(over), hooks)
        }
        hooks = &mut hooks => (Passing::GoesOn(session), hooks),
    }
}

impl<T> Passing<'_, T> {
    /// Waits for the end of the session.
    pub(super) async fn end(self) -> T {
        match self {
            Passing::Over(over) => over,
            Passing::GoesOn(session) => session.await,
        }
    }
}
