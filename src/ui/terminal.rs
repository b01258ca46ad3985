//! The terminal of this program: its size, raw mode, a hidden cursor, and restoring its state.
//!
//! A command that changes the terminal holds a guard, [`Raw`] or [`HiddenCursor`]. The terminal is restored when the
//! guard is dropped, when any thread panics (before the panic's message is printed), and by [`restore`] at the end of
//! the program. A program that is stopped or killed (SIGSTOP, SIGKILL) cannot restore anything.

#![expect(clippy::disallowed_methods, reason = "the terminal is restored past the writer when the program panics")]

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::termios::{self, OptionalActions, Termios};

use super::output;

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// Columns and lines, each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Characters in a line.
    pub columns: usize,
    /// Lines on the screen.
    pub lines: usize,
}

/// The size to assume where the terminal does not tell it.
pub(in crate::ui) const USUAL_SIZE: Size = Size { columns: 80, lines: 24 };

/// Returns the size of the terminal; nothing without a terminal, or if the terminal does not know its size.
pub fn size() -> Option<Size> {
    let (columns, lines) = crossterm::terminal::size().ok()?;
    (columns > 0 && lines > 0).then(|| Size { columns: columns.into(), lines: lines.into() })
}

/// The changes to undo.
struct Changes {
    /// The modes of standard input before the first [`Raw`], and how many of these guards there are.
    modes: Option<(Termios, usize)>,
    /// How many [`HiddenCursor`]s there are.
    cursors: usize,
}

static CHANGES: Mutex<Changes> = Mutex::new(Changes { modes: None, cursors: 0 });

/// A panic in a holder of the lock leaves the changes valid.
fn changes() -> MutexGuard<'static, Changes> {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raw mode of standard input: each key is read at once and not echoed, and Ctrl-C is an ordinary byte. For `exec`,
/// `run` and `attach` with a terminal: the container's terminal echoes and interprets.
///
/// Guards may be nested; the last one that is dropped restores the modes from before the first.
#[derive(Debug)]
#[must_use = "dropping the guard ends raw mode"]
pub struct Raw(());

impl Raw {
    /// Begins raw mode. Fails if standard input is no terminal.
    pub fn begin() -> io::Result<Self> {
        restore_on_panic();
        let mut changes = changes();
        if let Some((_, count)) = &mut changes.modes {
            *count += 1;
            return Ok(Self(()));
        }
        let before = termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        changes.modes = Some((before, 1));
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let mut changes = changes();
        // After [`restore`] there is nothing left to restore.
        let Some((before, count)) = &mut changes.modes else { return };
        *count -= 1;
        if *count == 0 {
            give_modes_back(before);
            changes.modes = None;
        }
    }
}

/// A hidden cursor, while a view is drawn on standard error.
#[derive(Debug)]
#[must_use = "dropping the guard shows the cursor"]
pub struct HiddenCursor(());

impl HiddenCursor {
    /// Hides the cursor. Does nothing if standard error is no terminal.
    pub fn hide() -> Option<Self> {
        if !io::stderr().is_terminal() {
            return None;
        }
        restore_on_panic();
        let mut changes = changes();
        changes.cursors += 1;
        if changes.cursors == 1 {
            output::tell_surely(HIDE_CURSOR.to_owned());
        }
        Some(Self(()))
    }
}

impl Drop for HiddenCursor {
    fn drop(&mut self) {
        let mut changes = changes();
        // After [`restore`] the cursor is already visible.
        if changes.cursors == 0 {
            return;
        }
        changes.cursors -= 1;
        if changes.cursors == 0 {
            output::tell_surely(SHOW_CURSOR.to_owned());
        }
    }
}

/// Returns whether standard output is a terminal, so that a person reads it and not a program.
pub fn is_output() -> bool {
    io::stdout().is_terminal()
}

/// Returns whether standard input is a terminal.
pub fn is_input() -> bool {
    io::stdin().is_terminal()
}

/// Returns the size of the terminal behind standard input as the system tells it: columns, then lines. The terminal of a
/// session in a container gets the same size. Nothing where there is no terminal, or where it does not know its size.
pub fn input_size() -> Option<(u16, u16)> {
    let size = termios::tcgetwinsize(io::stdin()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Restores the terminal, whatever guards still exist. For exits that drop nothing.
pub fn restore() {
    if take_back() {
        output::tell_surely(SHOW_CURSOR.to_owned());
    }
}

/// Restores the modes. Returns whether the cursor must be shown again.
fn take_back() -> bool {
    let mut changes = changes();
    if let Some((before, _)) = changes.modes.take() {
        give_modes_back(&before);
    }
    std::mem::take(&mut changes.cursors) > 0
}

fn give_modes_back(before: &Termios) {
    // A terminal that has been closed has no modes.
    let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
}

/// From the first guard on, a panic restores the terminal before its message is printed.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if take_back() {
                // The panic's message does not use the queue, either. So few bytes are written at once, unless the
                // terminal is gone.
                let _ = rustix::io::write(io::stderr(), SHOW_CURSOR.as_bytes());
            }
            before(panic);
        }));
    });
}
