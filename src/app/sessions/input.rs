//! Standard input, read by a thread of its own.
//!
//! The thread waits until there is something to read, and reads only then. So a session that has ended leaves what comes
//! later to the next reader, such as the rest of a script that the shell reads from the same pipe.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

/// How much is read at once.
const PIECE: usize = 32 * 1024;
/// So many pieces may wait for the engine to take them.
const WAITING: usize = 4;

/// Standard input while it is read; dropping it ends the reading.
pub(super) struct Input {
    pieces: mpsc::Receiver<Vec<u8>>,
    /// Closed when the input is dropped: that wakes the thread.
    _wake: PipeWriter,
}

impl Input {
    /// Begins to read.
    pub(super) fn begin() -> io::Result<Self> {
        let (woken, wake) = io::pipe()?;
        let (sender, pieces) = mpsc::channel(WAITING);
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || read(&woken, &sender))?;
        Ok(Self { pieces, _wake: wake })
    }

    /// Returns what was read next; `None` at the end of the input.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        self.pieces.recv().await
    }
}

fn read(woken: &PipeReader, sender: &mpsc::Sender<Vec<u8>>) {
    let stdin = io::stdin();
    let mut buffer = vec![0; PIECE];
    loop {
        let mut both = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) if !both[1].revents().is_empty() => return,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        if both[0].revents().is_empty() {
            continue;
        }
        match rustix::io::read(stdin.as_fd(), &mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
            // Another program that shares the terminal or the pipe has told it not to block.
            Err(Errno::INTR | Errno::AGAIN) => {}
            // A terminal that is gone has no more input.
            Err(_) => return,
        }
    }
}
