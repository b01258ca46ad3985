//! A session while it is open: bytes both ways, the terminal's modes and size, signals.

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use super::input::Input;
use super::keys::Keys;
use super::signals::{self, Asked, Named, Signals};
use crate::engine::{EngineStream, OutputChunk, OutputStream, Session, SessionInput, TerminalSize};
use crate::env::Environment;
use crate::failure::Failure;
use crate::ui;
use crate::ui::terminal::{self, Raw};

/// How the streams of this program are connected.
pub(super) struct Wiring {
    /// This program's terminal is the process's terminal.
    pub is_tty: bool,
    /// The process reads this program's standard input.
    pub takes_input: bool,
    /// The end of the input is passed on. Engines end the whole session then where the container's standard input was not
    /// opened for one reader alone.
    pub passes_end: bool,
    /// The keys that end the session.
    pub keys: Keys,
    /// The session panics after its first output ([`is_to_panic`]).
    pub is_to_panic: bool,
}

/// Returns whether a test wants the session to panic, to see that the terminal is given back. A program that was built for
/// use never does.
pub(super) fn is_to_panic(environment: &Environment) -> bool {
    cfg!(debug_assertions) && environment.get("INCEPTION_TEST_PANIC").is_some()
}

/// The process at the other end.
#[async_trait(?Send)]
pub(super) trait Far {
    /// Sets the size of its terminal. A process that has ended has none.
    async fn resize(&self, size: TerminalSize);

    /// Hands a signal on. Returns whether it was taken; a signal that was not ends the session.
    async fn signal(&self, signal: Named) -> bool;

    /// Does what is due some time after a signal; waits for ever where nothing is.
    async fn overdue(&self) {
        std::future::pending().await
    }
}

/// How a session came to its end.
pub(super) enum Over<T> {
    /// The process has ended.
    Ended(T),
    /// The keys were pressed: the process goes on.
    Detached,
    /// A signal that the process does not get.
    Signal(Named),
}

/// Passes bytes, sizes and signals on until the output has ended and then `end` is known. The terminal is raw meanwhile, and
/// given back when all output is written.
pub(super) async fn pass<T>(
    session: Session,
    wiring: Wiring,
    signals: &mut Signals,
    far: &dyn Far,
    end: impl Future<Output = Result<T, Failure>>,
) -> Result<Over<T>, Failure> {
    let Session { input, output } = session;
    let mut raw = Modes::begin(wiring.is_tty)?;
    let (resized, printed) = (Notify::new(), Notify::new());
    let sizing = size(wiring.is_tty, far, &resized);
    let is_to_panic = wiring.is_to_panic;
    let feeding = feed(input, wiring);
    let end = async {
        print(output, is_to_panic).await?;
        // A process may go on without its output, or the connection is lost: the keys are the user's again.
        printed.notify_one();
        end.await
    };
    tokio::pin!(end, feeding, sizing);
    let over = loop {
        tokio::select! {
            biased;
            ended = &mut end => break Over::Ended(ended?),
            asked = signals.next() => match asked {
                Asked::End(signal) if far.signal(signal).await => {}
                Asked::End(signal) => break Over::Signal(signal),
                Asked::Resize => resized.notify_one(),
                Asked::Stop => {
                    raw.give_back();
                    signals::stop();
                    raw.take()?;
                    resized.notify_one();
                }
                Asked::GoOn => {
                    raw.give_back();
                    raw.take()?;
                    resized.notify_one();
                }
            },
            result = &mut feeding => {
                result?;
                break Over::Detached;
            }
            () = &mut sizing => {}
            () = printed.notified() => raw.end(),
            () = far.overdue() => {}
            failure = ui::failed() => return Err(failure),
        }
    };
    tokio::select! {
        () = ui::written() => {}
        // Nobody reads.
        _ = signals.next() => {}
    }
    Ok(over)
}

/// The modes of the terminal, where the session has one.
struct Modes {
    is_tty: bool,
    raw: Option<Raw>,
}

impl Modes {
    fn begin(is_tty: bool) -> Result<Self, Failure> {
        let mut modes = Self { is_tty, raw: None };
        modes.take()?;
        Ok(modes)
    }

    fn take(&mut self) -> Result<(), Failure> {
        if self.is_tty {
            let raw = Raw::begin().map_err(|error| anyhow::anyhow!("cannot set the modes of the terminal: {error}"))?;
            self.raw = Some(raw);
        }
        Ok(())
    }

    fn give_back(&mut self) {
        self.raw = None;
    }

    /// Gives the modes back for good.
    fn end(&mut self) {
        *self = Self { is_tty: false, raw: None };
    }
}

/// Prints the output as it comes, to its end.
async fn print(mut output: EngineStream<OutputChunk>, is_to_panic: bool) -> Result<(), Failure> {
    while let Some(piece) = output.next().await {
        let OutputChunk { stream, bytes } = piece?;
        ui::pass(stream == OutputStream::Stderr, bytes.to_vec()).await;
        assert!(!is_to_panic, "a test has asked for this");
    }
    Ok(())
}

/// Passes standard input on. Returns when the keys that end the session were pressed.
async fn feed(mut input: SessionInput, wiring: Wiring) -> Result<(), Failure> {
    let Wiring { is_tty, takes_input, passes_end, mut keys, .. } = wiring;
    if takes_input {
        let mut stdin = Input::begin().map_err(|error| anyhow::anyhow!("cannot read standard input: {error}"))?;
        while let Some(piece) = stdin.next().await {
            let (piece, is_over) = if is_tty { keys.press(&piece) } else { (piece, false) };
            // A process that has ended takes nothing any more; its end is about to be told.
            if input.write_all(&piece).await.is_err() {
                return std::future::pending().await;
            }
            if is_over {
                return Ok(());
            }
        }
        if passes_end {
            let _ = input.shutdown().await;
        }
    }
    // The session ends when both of its halves are dropped.
    std::future::pending().await
}

/// Gives the process's terminal the size of this program's, now and whenever it has changed.
async fn size(is_tty: bool, far: &dyn Far, resized: &Notify) {
    loop {
        if let Some(size) = first_size(is_tty) {
            far.resize(size).await;
        }
        resized.notified().await;
    }
}

/// Returns the size of this program's terminal, where it is the process's.
pub(super) fn first_size(is_tty: bool) -> Option<TerminalSize> {
    let (columns, rows) = if is_tty { terminal::input_size()? } else { return None };
    Some(TerminalSize { rows, columns })
}
