//! The terminal of this program: its size, raw mode, a hidden cursor, and giving it back as it was.
//!
//! A command that changes the terminal holds a guard, [`Raw`] or [`HiddenCursor`]. The terminal is given back when the guard
//! is dropped, when any thread panics (before the panic's message is printed), and by [`restore`] at the end of the program.
//! A stopped or killed program (SIGSTOP, SIGKILL) cannot give anything back.

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

/// Returns the size of the terminal; nothing where there is no terminal, or where a terminal does not know its size.
pub fn size() -> Option<Size> {
    let (columns, lines) = crossterm::terminal::size().ok()?;
    (columns > 0 && lines > 0).then(|| Size { columns: columns.into(), lines: lines.into() })
}

/// What has to be given back.
struct Changes {
    /// The modes of standard input before the first [`Raw`], and how many of these guards there are.
    modes: Option<(Termios, usize)>,
    /// How many [`HiddenCursor`]s there are.
    cursors: usize,
}

static CHANGES: Mutex<Changes> = Mutex::new(Changes { modes: None, cursors: 0 });

/// The changes are whole at every moment in which a holder of the lock could panic.
fn changes() -> MutexGuard<'static, Changes> {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Raw mode of standard input: each key is read as it is pressed, unseen, and Ctrl-C is a byte like any other. For `exec`,
/// `run` and `attach` with a terminal: the container's terminal echoes and interprets.
///
/// Guards may be nested; the last one that is dropped gives the modes back that stood before the first.
#[derive(Debug)]
#[must_use = "dropping the guard ends raw mode"]
pub struct Raw(());

impl Raw {
    /// Begins raw mode. Fails where standard input is no terminal.
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
        // Nothing is left to give back after [`restore`].
        let Some((before, count)) = &mut changes.modes else { return };
        *count -= 1;
        if *count == 0 {
            give_modes_back(before);
            changes.modes = None;
        }
    }
}

/// A cursor that is not seen while a view is drawn on standard error.
#[derive(Debug)]
#[must_use = "dropping the guard shows the cursor"]
pub struct HiddenCursor(());

impl HiddenCursor {
    /// Hides the cursor. Nothing is hidden where standard error is no terminal.
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
        // The cursor is seen again after [`restore`].
        if changes.cursors == 0 {
            return;
        }
        changes.cursors -= 1;
        if changes.cursors == 0 {
            output::tell_surely(SHOW_CURSOR.to_owned());
        }
    }
}

/// Returns whether standard output is a terminal: people read it, not programs.
pub fn is_output() -> bool {
    io::stdout().is_terminal()
}

/// Gives the terminal back as it was, whatever guards there still are. For ways out on which nothing is dropped.
pub fn restore() {
    if take_back() {
        output::tell_surely(SHOW_CURSOR.to_owned());
    }
}

/// Gives the modes back. Returns whether the cursor is to be shown again.
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

/// From the first guard on, a panic gives the terminal back before its message is printed.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if take_back() {
                // The message is not queued either. A few bytes are written whole, unless the terminal has gone.
                let _ = rustix::io::write(io::stderr(), SHOW_CURSOR.as_bytes());
            }
            before(panic);
        }));
    });
}
