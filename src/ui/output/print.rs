//! Printing: what is given goes into a queue, and a thread that starts with the first text writes it.

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

/// A queue, and whether a thread writes what is in it.
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

    /// Puts something into the queue. Where the system gives no thread, the caller writes.
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

/// Writes data to standard output. Nothing of it is dropped. A closed pipe is no fault of the command. Any other
/// fault, such as a full disk, makes [`close()`](super::close()) end the program with 1 and a message.
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

/// As [`print()`], for lines that hold names from files: on a terminal nothing in them acts on it.
pub fn print_lines(text: &str) {
    if !io::stdout().is_terminal() {
        return print(text);
    }
    let lines = text.lines().map(|line| crate::text::escape_controls(line).into_owned() + "\n");
    print_owned(lines.collect());
}

/// As [`print()`], for bytes that need not be text. A producer of many pieces awaits [`ready()`] before each.
pub(in crate::ui) fn print_bytes(bytes: Vec<u8>) {
    out().put(|queue| queue.push(Stream::Out, bytes));
}

/// Waits for room for more data on standard output; returns at once where it cannot be written any more. Dropping the
/// future loses nothing.
///
/// A reader of container output awaits this before it takes the next line: a stopped reader of ours then stops the
/// engine's stream, and the memory in use stays bounded.
pub async fn ready() {
    out().queue.ready().await;
}

/// Returns whether there is room for more data on standard output.
pub(in crate::ui) fn has_room() -> bool {
    out().queue.has_room()
}

/// Waits until standard output cannot be written any more. Returns how a command that prints until it is stopped then ends:
/// quietly with 0 for a closed pipe, as every filter does, else with 1; [`close()`](super::close()) tells why.
pub async fn failed() -> Failure {
    Failure::Told(match out().queue.failed().await {
        Fault::Closed => Exit::SUCCESS,
        Fault::Failed(_) => Exit::FAILURE,
    })
}

/// Writes words for people to standard error. Where more than a megabyte waits there already, the words are dropped and
/// counted: such words may come for as long as a container restarts, and nobody reads.
pub fn tell(text: &str) {
    tell_often(text.to_owned(), left_out);
}

fn left_out(count: usize) -> String {
    format!("{count} messages were left out here: nobody was reading\n")
}

/// As [`tell()`], with a note that says in the format of the others how many texts were dropped.
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

/// As [`tell()`], for what a command tells a fixed number of times, such as diagnostics and the ends of steps: it is never
/// dropped.
pub(in crate::ui) fn tell_surely(text: String) {
    err().put(|queue| queue.push(Stream::Err, text.into_bytes()));
}

/// Draws a frame of a live view over the view's frame before. Of the frames that wait only the newest is drawn; the last
/// frame of a view is always drawn, and stays.
pub(in crate::ui) fn frame(text: String, is_last: bool) {
    err().put(|queue| queue.frame(text, is_last));
}

/// Blocks until everything told has been written.
pub(in crate::ui) fn wait_told() {
    err().queue.wait(None);
}

/// Takes lines of a log for standard error (`--log-level`), a call of `write` a line.
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
