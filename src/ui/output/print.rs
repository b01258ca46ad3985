//! Printing: text goes into a queue. The first text starts a thread that writes.

#![expect(clippy::disallowed_methods, reason = "standard output and standard error are written here alone")]

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::queue::{Fault, Queue, Stream};
use super::writer;
use crate::failure::{Exit, Failure};

/// Whether progress goes to standard output.
static STATUS_OUT: AtomicBool = AtomicBool::new(false);
pub(super) static OUT: OnceLock<Writer> = OnceLock::new();
pub(super) static ERR: OnceLock<Writer> = OnceLock::new();

/// A queue, and whether a thread writes its entries.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    has_thread: bool,
}

impl Writer {
    fn start(name: &str) -> Self {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(256 * 1024);
        let has_thread = thread.spawn(move || writer::run(&taken, writer::write)).is_ok();
        if !has_thread {
            queue.end();
        }
        Self { queue, has_thread }
    }

    /// Puts something into the queue. If the system cannot start a thread, the caller writes.
    fn put(&self, put: impl FnOnce(&Queue)) {
        put(&self.queue);
        if !self.has_thread {
            writer::run(&self.queue, writer::write);
        }
    }
}

fn out() -> &'static Writer {
    OUT.get_or_init(|| if is_one_file() { err().clone() } else { Writer::start("stdout") })
}

fn err() -> &'static Writer {
    ERR.get_or_init(|| Writer::start("stderr"))
}

/// Returns whether both streams lead to one file, pipe or terminal.
fn is_one_file() -> bool {
    match (rustix::fs::fstat(io::stdout()), rustix::fs::fstat(io::stderr())) {
        (Ok(out), Ok(err)) => (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino),
        _ => false,
    }
}

/// Writes data to standard output. Data is never dropped. A closed pipe is no error of the command. After any other
/// error, such as a full disk, [`close()`](super::close()) ends the program with 1 and a message.
pub fn print(text: &str) {
    print_bytes(text.as_bytes().to_vec());
}

/// As [`print()`], for a document that need not be copied.
pub fn print_owned(text: String) {
    print_bytes(text.into_bytes());
}

/// As [`print()`], for bytes as they are, such as an archive. The caller awaits [`ready()`] before each piece.
pub fn print_data(bytes: Vec<u8>) {
    print_bytes(bytes);
}

/// As [`print()`], for lines with names from files: on a terminal their control characters become visible.
pub fn print_lines(text: &str) {
    if !io::stdout().is_terminal() {
        return print(text);
    }
    let lines = text.lines().map(|line| crate::text::escape_controls(line).into_owned() + "\n");
    print_owned(lines.collect());
}

/// As [`print()`], for any bytes. A producer of many pieces awaits [`ready()`] before each.
pub(in crate::ui) fn print_bytes(bytes: Vec<u8>) {
    out().put(|queue| queue.push(Stream::Out, bytes));
}

/// Waits for space for more data on standard output. Returns at once if it can no longer be written. Dropping the
/// future loses nothing.
///
/// A reader of container output awaits this before each line: so a stopped reader of this program stops the engine's
/// stream, and the memory in use is limited.
pub async fn ready() {
    out().queue.ready().await;
}

/// Writes bytes of a session as they came: those of `exec`, `run` and `attach` are the container's own and act on the
/// terminal. Waits for room first, as [`ready()`] does.
pub async fn pass(is_error: bool, bytes: Vec<u8>) {
    match is_error {
        true => {
            err().queue.ready().await;
            err().put(|queue| queue.push(Stream::Err, bytes));
        }
        false => {
            ready().await;
            print_bytes(bytes);
        }
    }
}

/// Waits until everything that was printed or told has been written.
pub async fn written() {
    out().queue.drained().await;
    err().queue.drained().await;
}

/// Returns whether there is space for more data on standard output.
pub(in crate::ui) fn has_room() -> bool {
    out().queue.has_room()
}

/// Waits until standard output can no longer be written. Returns how a command that prints until it is stopped ends
/// then: with 0 for a closed pipe, as every filter does, else with 1; [`close()`](super::close()) prints the reason.
pub async fn failed() -> Failure {
    Failure::Told(match out().queue.failed().await {
        Fault::Closed => Exit::SUCCESS,
        Fault::Failed(_) => Exit::FAILURE,
    })
}

/// Writes a message to standard error. If more than a megabyte waits there, the message is dropped and counted: such
/// messages may come as long as a container restarts, and perhaps nobody reads.
pub fn tell(text: &str) {
    tell_often(text.to_owned(), left_out);
}

fn left_out(count: usize) -> String {
    format!("{count} messages were left out here: nobody was reading\n")
}

/// As [`tell()`]. `note` makes the message about dropped texts, in the format of the texts.
pub(in crate::ui) fn tell_often(text: String, note: fn(usize) -> String) {
    err().put(|queue| queue.offer(text, note));
}

/// Sends progress to standard output from now on (COMPOSE_STATUS_STDOUT).
pub fn status_to_stdout() {
    STATUS_OUT.store(true, Ordering::Relaxed);
}

/// Returns the queue of progress, and its stream.
fn status_writer() -> (&'static Writer, Stream) {
    if STATUS_OUT.load(Ordering::Relaxed) { (out(), Stream::Out) } else { (err(), Stream::Err) }
}

/// As [`tell_surely()`], for progress.
pub(in crate::ui) fn status_surely(text: String) {
    let (writer, stream) = status_writer();
    writer.put(|queue| queue.push(stream, text.into_bytes()));
}

/// As [`tell_often()`], for progress.
pub(in crate::ui) fn status_often(text: String, note: fn(usize) -> String) {
    let (writer, stream) = status_writer();
    writer.put(|queue| queue.offer_to(stream, text, note));
}

/// As [`tell()`], for progress.
pub(in crate::ui) fn status(text: &str) {
    status_often(text.to_owned(), left_out);
}

/// As [`tell()`], for messages that a command gives a limited number of times, such as diagnostics and the ends of
/// steps: they are never dropped.
pub(in crate::ui) fn tell_surely(text: String) {
    err().put(|queue| queue.push(Stream::Err, text.into_bytes()));
}

/// Draws a frame of a live view over the previous frame. Of waiting frames only the newest is drawn. The last frame of
/// a view is always drawn, and stays.
pub(in crate::ui) fn frame(text: String, is_last: bool) {
    err().put(|queue| queue.frame(text, is_last));
}

/// Blocks until all messages have been written.
pub(in crate::ui) fn wait_told() {
    err().queue.wait(None);
}

/// Writes log lines to standard error (`--log-level`), one for each call of `write`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLines;

impl io::Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        tell(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
