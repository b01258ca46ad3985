//! Signals as values: after the first signal no step begins and the run cleans up; the second signal ends the run at
//! once.

use tokio::sync::watch;

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// The signals received so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Received {
    first: Option<Signal>,
    count: u32,
}

/// A handle to the signals of this run; clones see the same signals.
#[derive(Clone, Debug)]
pub struct Interrupt {
    receiver: watch::Receiver<Received>,
    // Keeps the channel open while no task listens for signals.
    sender: std::sync::Arc<watch::Sender<Received>>,
}

impl Default for Interrupt {
    fn default() -> Self {
        let (sender, receiver) = watch::channel(Received::default());
        Self { receiver, sender: sender.into() }
    }
}

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on. SIGURG is how a plugin of docker learns that docker is to end
    /// (`cli/about/plugin.rs`): it counts as SIGINT where no signal has come before.
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = Self::default();
        let handle = interrupt.clone();
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let mut docker = signal(SignalKind::from_raw(rustix::process::Signal::URG.as_raw()))?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = int.recv() => handle.send(Signal::Interrupt),
                    Some(()) = term.recv() => handle.send(Signal::Terminate),
                    Some(()) = docker.recv() => {
                        if handle.received().is_none() {
                            handle.send(Signal::Interrupt);
                        }
                    }
                    else => return,
                }
            }
        });
        Ok(interrupt)
    }

    /// Acts as if a signal had been received.
    pub fn send(&self, signal: Signal) {
        self.sender.send_modify(|received| {
            received.first.get_or_insert(signal);
            received.count += 1;
        });
    }

    /// Returns the first signal; `None` before any signal.
    pub fn received(&self) -> Option<Signal> {
        self.receiver.borrow().first
    }

    /// Returns whether a second signal was received.
    pub fn is_urgent(&self) -> bool {
        self.receiver.borrow().count > 1
    }

    /// Waits for the first signal.
    pub async fn first(&self) -> Signal {
        let mut receiver = self.receiver.clone();
        match receiver.wait_for(|received| received.first.is_some()).await {
            Ok(received) => received.first.unwrap_or(Signal::Interrupt),
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits for the second signal.
    pub async fn second(&self) {
        let mut receiver = self.receiver.clone();
        if receiver.wait_for(|received| received.count > 1).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
