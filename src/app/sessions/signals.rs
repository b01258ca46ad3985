//! The signals of a session.

#![expect(clippy::disallowed_methods, reason = "asks the system which signals are ignored")]

use std::collections::VecDeque;
use std::io;
use std::task::Poll;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{self, SignalKind};

use crate::failure::Exit;

/// What a signal asks of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end, or to hand the signal on to the process.
    End(Named),
    /// To heed the terminal's new size.
    Resize,
    /// To stop until the shell lets this program go on.
    Stop,
    /// To take the terminal over again: this program was stopped in a way that it could not notice.
    GoOn,
}

/// A signal that ends a program which does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name without `SIG`.
    pub name: &'static str,
    /// Its number.
    pub number: i32,
}

impl Named {
    /// Returns the exit code of a program that the signal has ended.
    pub(super) fn exit(self) -> Exit {
        Exit(u8::try_from(128 + self.number).unwrap_or(1))
    }

    /// Returns whether people send the signal by a key, and may send it often.
    pub(super) fn is_key(self) -> bool {
        matches!(self.name, "INT" | "QUIT")
    }

    /// Returns whether the signal asks a program to end.
    pub(super) fn asks_to_end(self) -> bool {
        !matches!(self.name, "USR1" | "USR2")
    }
}

const ENDING: [(&str, Signal); 6] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("TERM", Signal::TERM),
    ("QUIT", Signal::QUIT),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
];

/// The signals that this program gets from now on.
pub(super) struct Signals {
    heeded: Vec<(Asked, unix::Signal)>,
    /// Signals that came before there was a session that could heed them.
    put_back: VecDeque<Asked>,
}

impl Signals {
    /// Listens. A signal that is ignored stays ignored: `nohup` wants that.
    pub(super) fn listen() -> io::Result<Self> {
        let ignored = ignored();
        let ending = ENDING.map(|(name, signal)| (Asked::End(Named { name, number: signal.as_raw() }), signal));
        let others = [(Asked::Resize, Signal::WINCH), (Asked::Stop, Signal::TSTP), (Asked::GoOn, Signal::CONT)];
        let heeded = ending.into_iter().chain(others);
        let heeded = heeded.filter(|(_, signal)| ignored & (1 << (signal.as_raw() - 1)) == 0);
        let all: io::Result<Vec<_>> =
            heeded.map(|(asked, signal)| Ok((asked, unix::signal(SignalKind::from_raw(signal.as_raw()))?))).collect();
        Ok(Self { heeded: all?, put_back: VecDeque::new() })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> Asked {
        if let Some(asked) = self.put_back.pop_front() {
            return asked;
        }
        std::future::poll_fn(|context| {
            for (asked, signal) in &mut self.heeded {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*asked);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Lets the next session heed a signal.
    pub(super) fn put_back(&mut self, asked: Asked) {
        self.put_back.push_back(asked);
    }
}

/// Stops this program until the shell lets it go on.
pub(super) fn stop() {
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Returns the signals that this program was started with as ignored ones, a bit for each; none where the system does not
/// tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
