//! The queue between the program and the thread that writes to standard output or standard error.
//!
//! Putting something into the queue never blocks. The limit for waiting texts depends on their kind:
//!
//! - Data (documents, listings, lines of `logs`) is never dropped. A producer of much data waits for space first
//!   ([`Queue::ready`]).
//! - Texts that a command gives a limited number of times (diagnostics, the start and the end of a step) are never
//!   dropped.
//! - Texts that may come any number of times (lines of a build, `web-1 exited with code 1 (restarting)`) are dropped
//!   while [`MOST_LINES`] wait. Before the next accepted text comes a note with the number of dropped texts.
//! - Of the frames of a live view only the newest waits.

#![expect(clippy::disallowed_methods, reason = "the flush at the end of the program has a deadline")]

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many bytes may wait before a producer of data must wait for space.
pub(super) const ROOM: usize = 512 * 1024;
/// How many bytes may wait before texts that may come any number of times are dropped.
pub(super) const MOST_LINES: usize = 1024 * 1024;
/// Small texts are written together, up to this many bytes for each call of `write`.
pub(super) const BATCH: usize = 64 * 1024;

/// A standard stream of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Something to write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Bytes for a stream.
    Text { stream: Stream, bytes: Vec<u8> },
    /// A frame of a live view on standard error. It replaces the previous frame; the last one stays.
    Frame { text: String, is_last: bool },
}

impl Entry {
    fn stream(&self) -> Stream {
        match self {
            Entry::Text { stream, .. } => *stream,
            Entry::Frame { .. } => Stream::Err,
        }
    }

    /// Bytes that count as waiting. A frame does not count, because at most one waits.
    fn size(&self) -> usize {
        match self {
            Entry::Text { bytes, .. } => bytes.len(),
            Entry::Frame { .. } => 0,
        }
    }
}

/// Why a stream can no longer be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The reader has closed its end of the pipe.
    Closed,
    /// Another error, such as a full disk, in the system's words.
    Failed(String),
}

impl From<&io::Error> for Fault {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Fault::Closed,
            _ => Fault::Failed(error.to_string()),
        }
    }
}

/// Returns the text about a number of dropped texts, with its line end.
pub(super) type Note = fn(usize) -> String;

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Bytes of texts that wait or are being written.
    bytes: usize,
    /// Whether the writer works on an entry that it has taken.
    is_writing: bool,
    /// The number of texts dropped since the last accepted one, and the function that words it.
    dropped: Option<(usize, Note)>,
    /// Whether [`Queue::take`] returns nothing when nothing waits.
    is_ended: bool,
    out: Option<Fault>,
    err: Option<Fault>,
}

impl State {
    fn fault(&self, stream: Stream) -> Option<&Fault> {
        match stream {
            Stream::Out => self.out.as_ref(),
            Stream::Err => self.err.as_ref(),
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.fault(entry.stream()).is_some() {
            return;
        }
        self.bytes += entry.size();
        // Lines gather in one text: the writer has less to do.
        if let Entry::Text { stream, bytes } = &entry
            && let Some(Entry::Text { stream: last, bytes: gathered }) = self.entries.back_mut()
            && last == stream
            && gathered.len() + bytes.len() <= BATCH
        {
            gathered.extend_from_slice(bytes);
            return;
        }
        self.entries.push_back(entry);
    }

    fn note_dropped(&mut self) {
        if let Some((count, note)) = self.dropped.take() {
            self.push(Entry::Text { stream: Stream::Err, bytes: note(count).into_bytes() });
        }
    }

    fn is_drained(&self) -> bool {
        self.entries.is_empty() && !self.is_writing
    }

    /// Takes the first entry, together with the following texts if they are small and for the same stream.
    fn take(&mut self) -> Option<Entry> {
        let mut entry = self.entries.pop_front()?;
        if let Entry::Text { stream, bytes } = &mut entry {
            while let Some(Entry::Text { stream: next, bytes: more }) = self.entries.front()
                && next == stream
                && bytes.len() + more.len() <= BATCH
            {
                bytes.extend_from_slice(more);
                self.entries.pop_front();
            }
        }
        self.is_writing = true;
        Some(entry)
    }
}

/// The queue of one writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was put in or written: for threads.
    changed: Condvar,
    /// Something was written: for tasks.
    written: Notify,
    /// Standard output can no longer be written.
    failed: Notify,
    /// Number of tasks that wait for a write. Usually there is none, so none must be woken.
    waiting: AtomicUsize,
}

impl Queue {
    /// A panic in a holder of the lock leaves the state valid.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in bytes that are never dropped, unless their stream can no longer be written.
    pub(super) fn push(&self, stream: Stream, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.note_dropped();
        if !bytes.is_empty() {
            state.push(Entry::Text { stream, bytes });
        }
        self.changed.notify_all();
    }

    /// Puts in a text for standard error that may come any number of times: it is dropped and counted if too many bytes
    /// wait.
    pub(super) fn offer(&self, text: String, note: Note) {
        self.offer_to(Stream::Err, text, note);
    }

    /// As [`Queue::offer`], for either stream. The note about dropped texts goes to standard error.
    pub(super) fn offer_to(&self, stream: Stream, text: String, note: Note) {
        let mut state = self.lock();
        if state.bytes >= MOST_LINES {
            let count = state.dropped.map_or(0, |(count, _)| count);
            state.dropped = Some((count + 1, note));
            return;
        }
        state.note_dropped();
        state.push(Entry::Text { stream, bytes: text.into_bytes() });
        self.changed.notify_all();
    }

    /// Puts in a frame. It replaces a waiting frame, unless that is the last one of its view.
    pub(super) fn frame(&self, text: String, is_last: bool) {
        let mut state = self.lock();
        state.entries.retain(|entry| !matches!(entry, Entry::Frame { is_last: false, .. }));
        state.push(Entry::Frame { text, is_last });
        self.changed.notify_all();
    }

    /// Puts in the note about dropped texts, if there are any.
    pub(super) fn note_dropped(&self) {
        self.lock().note_dropped();
        self.changed.notify_all();
    }

    /// Waits for space for more data, or until the data can no longer be written. A producer that has to wait waits until
    /// half of the space is free: producer and writer then take turns rarely.
    pub(super) async fn ready(&self) {
        let has = |state: &State, room: usize| state.bytes < room || state.out.is_some();
        if !has(&self.lock(), ROOM) {
            let _waiting = Waiting::of(&self.waiting);
            self.until(&self.written, |state| has(state, ROOM / 2)).await;
        }
    }

    /// Returns whether there is space for more data.
    pub(super) fn has_room(&self) -> bool {
        self.lock().bytes < ROOM
    }

    /// Waits until standard output can no longer be written.
    pub(super) async fn failed(&self) -> Fault {
        self.until(&self.failed, |state| state.out.is_some()).await;
        self.fault(Stream::Out).unwrap_or(Fault::Closed)
    }

    /// Waits until everything has been written.
    pub(super) async fn drained(&self) {
        let _waiting = Waiting::of(&self.waiting);
        self.until(&self.written, State::is_drained).await;
    }

    async fn until(&self, woken: &Notify, is_so: impl Fn(&State) -> bool) {
        loop {
            let woken = woken.notified();
            tokio::pin!(woken);
            // A change between the check and the wait must wake the task, too.
            woken.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            woken.await;
        }
    }

    /// Blocks until everything has been written, at most for `limit`. Returns whether it has been.
    pub(super) fn wait(&self, limit: Option<Duration>) -> bool {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        while !state.is_drained() {
            let Some(until) = until else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Returns why a stream cannot be written, if it cannot.
    pub(super) fn fault(&self, stream: Stream) -> Option<Fault> {
        self.lock().fault(stream).cloned()
    }

    /// Blocks until there is something to write. Returns nothing if the queue has ended and is empty.
    pub(super) fn take(&self) -> Option<Entry> {
        let mut state = self.lock();
        loop {
            if let Some(entry) = state.take() {
                return Some(entry);
            }
            if state.is_ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes the result for the entry that was taken, which had `size` bytes. Returns how many bytes wait.
    pub(super) fn written(&self, stream: Stream, size: usize, result: &io::Result<()>) -> usize {
        let mut state = self.lock();
        state.is_writing = false;
        state.bytes = state.bytes.saturating_sub(size);
        if let Err(error) = result {
            match stream {
                Stream::Out => state.out = Some(error.into()),
                Stream::Err => state.err = Some(error.into()),
            }
            state.entries.retain(|entry| entry.stream() != stream);
            state.bytes = state.entries.iter().map(Entry::size).sum();
        }
        let waiting = state.bytes;
        drop(state);
        self.changed.notify_all();
        if result.is_err() {
            self.failed.notify_waiters();
        }
        // A task that begins to wait later checks the state first. None waits for less than half of the space.
        if self.waiting.load(Ordering::SeqCst) > 0 && (waiting < ROOM / 2 || result.is_err()) {
            self.written.notify_waiters();
        }
        waiting
    }

    /// Ends the queue: the writer stops when nothing waits.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.changed.notify_all();
    }
}

/// Counts a waiting task until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(count: usize) -> String {
        format!("({count} dropped)\n")
    }

    fn text(stream: Stream, text: &str) -> Option<Entry> {
        Some(Entry::Text { stream, bytes: text.as_bytes().to_vec() })
    }

    /// Takes everything that waits, as if each entry had been written.
    fn all(queue: &Queue) -> Vec<Entry> {
        queue.end();
        let mut found = Vec::new();
        while let Some(entry) = queue.take() {
            queue.written(entry.stream(), entry.size(), &Ok(()));
            found.push(entry);
        }
        found
    }

    #[test]
    fn small_texts_for_one_stream_are_written_together_and_in_order() {
        let queue = Queue::default();
        queue.push(Stream::Out, b"a".to_vec());
        queue.push(Stream::Out, b"b".to_vec());
        queue.push(Stream::Err, b"c".to_vec());
        queue.push(Stream::Out, b"d".to_vec());
        let found: Vec<Option<Entry>> = all(&queue).into_iter().map(Some).collect();
        assert_eq!(found, [text(Stream::Out, "ab"), text(Stream::Err, "c"), text(Stream::Out, "d")]);
        assert!(queue.wait(Some(Duration::ZERO)));
    }

    #[test]
    fn of_waiting_frames_only_the_newest_is_kept_and_a_last_one_stays() {
        let queue = Queue::default();
        queue.frame("1".to_owned(), false);
        queue.push(Stream::Err, b"x".to_vec());
        queue.frame("2".to_owned(), false);
        queue.frame("3".to_owned(), true);
        queue.frame("4".to_owned(), false);
        queue.frame("5".to_owned(), false);
        let frames: Vec<Entry> = all(&queue).into_iter().skip(1).collect();
        let frame = |text: &str, is_last| Entry::Frame { text: text.to_owned(), is_last };
        assert_eq!(frames, [frame("3", true), frame("5", false)]);
    }

    #[test]
    fn texts_beyond_the_bound_are_counted_and_told_before_the_next_one() {
        let queue = Queue::default();
        queue.push(Stream::Err, vec![b'.'; MOST_LINES]);
        queue.offer("first\n".to_owned(), note);
        queue.offer("second\n".to_owned(), note);
        queue.push(Stream::Err, b"kept\n".to_vec());
        queue.offer("third\n".to_owned(), note);
        queue.note_dropped();
        let found: Vec<Option<Entry>> = all(&queue).into_iter().skip(1).map(Some).collect();
        assert_eq!(found, [text(Stream::Err, "(2 dropped)\nkept\n(1 dropped)\n")]);
        queue.note_dropped();
        assert!(queue.wait(Some(Duration::ZERO)), "a note is told once");
    }

    #[tokio::test]
    async fn a_producer_of_data_waits_for_room() {
        let queue = Queue::default();
        queue.ready().await;
        queue.push(Stream::Out, vec![b'.'; ROOM]);
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, queue.ready()).await.is_err());
        let entry = queue.take().unwrap();
        assert!(tokio::time::timeout(soon, queue.ready()).await.is_err(), "what is being written still waits");
        let (ready, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(5), queue.ready()), async {
            queue.written(Stream::Out, entry.size(), &Ok(()));
        });
        assert!(ready.is_ok());
    }

    #[tokio::test]
    async fn data_for_a_stream_that_cannot_be_written_is_forgotten() {
        let queue = Queue::default();
        queue.push(Stream::Out, vec![b'.'; BATCH]);
        queue.push(Stream::Out, vec![b'.'; ROOM]);
        queue.push(Stream::Err, b"told".to_vec());
        let entry = queue.take().unwrap();
        queue.written(Stream::Out, entry.size(), &Err(io::ErrorKind::StorageFull.into()));
        assert!(matches!(queue.failed().await, Fault::Failed(_)));
        queue.ready().await;
        queue.push(Stream::Out, b"more".to_vec());
        let found: Vec<Option<Entry>> = all(&queue).into_iter().map(Some).collect();
        assert_eq!(found, [text(Stream::Err, "told")]);
        assert_eq!(queue.fault(Stream::Err), None);
    }

    #[test]
    fn nobody_waits_longer_than_the_limit_for_a_writer_that_is_stuck() {
        let queue = Queue::default();
        queue.push(Stream::Out, b"a".to_vec());
        let _taken = queue.take();
        assert!(!queue.wait(Some(Duration::from_millis(20))));
    }
}
