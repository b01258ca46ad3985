//! The reader of one container's output: two streams become one sequence of lines.
//!
//! Each stream is cut into lines by itself, so that an open line of standard output never takes in a piece of standard
//! error. A long line is handed on in pieces, and stays whole: lines of the other stream wait until the line ends. Two
//! bounds keep memory and time finite: a long line is broken off where too much of the other stream waits, or where
//! nothing more of the line comes.

#![expect(clippy::disallowed_methods, reason = "an attached `up` puts the time of day before lines")]

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lines::{Line, Lines};
use crate::engine::{EngineStream, OutputChunk, OutputStream};

/// Lines of one container that may wait for the printer.
const QUEUE: usize = 64;
/// Bytes of one stream that may wait for the end of a long line of the other stream.
const HELD: usize = 1024 * 1024;
/// For how long nothing of a long line must come before other lines no longer wait for its end.
pub(super) const STALLED: Duration = Duration::from_secs(10);

/// Which time stamps lines have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::app) enum Stamps {
    /// None, or those that are part of the line.
    #[default]
    None,
    /// The engine sets a stamp before each of its frames: the stamps are cut off.
    Engines,
    /// The moment at which this program reads the line. Compat: docker compose does the same where it attaches.
    Own,
}

/// Reads a container's output into lines on a task of its own. An output that fails ends.
pub(in crate::app) fn spawn(mut stream: EngineStream<OutputChunk>, stamps: Stamps) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut reader = Reader::new(stamps);
        loop {
            let chunk = match reader.is_held_up() {
                false => Ok(stream.next().await),
                true => tokio::time::timeout_at(reader.stalls_at(), stream.next()).await,
            };
            match chunk {
                Ok(Some(Ok(chunk))) => reader.push(chunk),
                Ok(_) => break,
                Err(_) => reader.break_off(),
            }
            while let Some(line) = reader.next() {
                // The printer is gone, so nobody reads the rest.
                if sender.send(line).await.is_err() {
                    return;
                }
                if reader.open.is_some() {
                    // A slow printer has not stopped the line.
                    reader.touched = Instant::now();
                }
            }
        }
        reader.end();
        while let Some(line) = reader.next() {
            // The printer may be gone.
            let _ = sender.send(line).await;
        }
    });
    receiver
}

/// The state of a reader.
struct Reader {
    stamps: Stamps,
    out: Lines,
    errors: Lines,
    /// The stream of the last chunk, whose lines are taken next.
    last: OutputStream,
    /// The stream whose line was handed on in part.
    open: Option<OutputStream>,
    /// When something of the open line came last.
    touched: Instant,
    /// Lines of the other stream, which wait for the end of the open line.
    held: VecDeque<(OutputStream, Line)>,
    held_bytes: usize,
    ready: VecDeque<Line>,
}

impl Reader {
    fn new(stamps: Stamps) -> Self {
        let lines = || Lines::new(stamps == Stamps::Engines);
        Self {
            stamps,
            out: lines(),
            errors: lines(),
            last: OutputStream::Stdout,
            open: None,
            touched: Instant::now(),
            held: VecDeque::new(),
            held_bytes: 0,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next chunk, once [`Reader::next`] has nothing more to give.
    fn push(&mut self, chunk: OutputChunk) {
        self.last = chunk.stream;
        self.lines(chunk.stream).push(chunk.bytes);
    }

    /// Returns the next line, or piece of a line.
    fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let stream = self.last;
            let line = self.lines(stream).next()?;
            self.place(stream, line);
        }
    }

    /// Takes the end of the output: the last line of each stream may have no end.
    fn end(&mut self) {
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            if let Some(line) = self.lines(stream).end() {
                self.place(stream, line);
            }
            if self.open == Some(stream) {
                self.open = None;
                self.release();
            }
        }
    }

    /// Whether lines wait for the end of a long line.
    fn is_held_up(&self) -> bool {
        !self.held.is_empty()
    }

    /// Returns when the open line no longer holds others up, where nothing more of it comes.
    fn stalls_at(&self) -> Instant {
        self.touched + STALLED
    }

    /// Breaks the open line off. What comes of it later is a line of its own.
    fn break_off(&mut self) {
        let Some(stream) = self.open.take() else { return };
        let rest = self.lines(stream).break_off();
        self.ready.extend(rest);
        self.ready.push_back(Line::broken_off());
        self.release();
    }

    /// Hands a line on, or holds it until the open line of the other stream has ended.
    fn place(&mut self, stream: OutputStream, mut line: Line) {
        line.is_error = stream == OutputStream::Stderr;
        if self.open.is_some_and(|open| open != stream) {
            self.held_bytes += line.bytes.len();
            self.held.push_back((stream, line));
            if self.held_bytes > HELD {
                self.break_off();
            }
            return;
        }
        self.open = line.goes_on.then_some(stream);
        if self.open.is_some() {
            self.touched = Instant::now();
        }
        self.hand_on(line);
        if self.open.is_none() {
            self.release();
        }
    }

    fn release(&mut self) {
        self.held_bytes = 0;
        for (stream, line) in std::mem::take(&mut self.held) {
            self.place(stream, line);
        }
    }

    fn hand_on(&mut self, mut line: Line) {
        if self.stamps == Stamps::Own && line.is_start {
            line.time = format!("{:.9}", jiff::Timestamp::now());
        }
        self.ready.push_back(line);
    }

    fn lines(&mut self, stream: OutputStream) -> &mut Lines {
        match stream {
            OutputStream::Stdout => &mut self.out,
            OutputStream::Stderr => &mut self.errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::engine::EngineResult;

    const LONG: usize = 200 * 1024;

    fn out(text: &str) -> OutputChunk {
        OutputChunk { stream: OutputStream::Stdout, bytes: text.to_owned().into() }
    }

    fn err(text: &str) -> OutputChunk {
        OutputChunk { stream: OutputStream::Stderr, bytes: text.to_owned().into() }
    }

    /// Joins pieces to lines as a printer does.
    fn joined(found: impl IntoIterator<Item = Line>) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in found {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            match lines.last_mut().filter(|_| !line.is_start) {
                Some(last) => last.push_str(&text),
                None => lines.push(text),
            }
        }
        lines
    }

    /// Reads chunks to the end.
    fn read(chunks: impl IntoIterator<Item = OutputChunk>) -> Vec<String> {
        let mut reader = Reader::new(Stamps::None);
        let mut found = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            found.extend(std::iter::from_fn(|| reader.next()));
        }
        reader.end();
        found.extend(std::iter::from_fn(|| reader.next()));
        joined(found)
    }

    #[test]
    fn partial_lines_of_the_two_streams_never_mix() {
        let chunks = [out("one "), err("bad "), out("two\nthree"), err("news\n"), out(" four\n")];
        assert_eq!(read(chunks), ["one two\n", "bad news\n", "three four\n"]);
        assert_eq!(read([out("no end"), err("none\neither")]), ["none\n", "no end", "either"]);
    }

    #[test]
    fn a_long_line_stays_whole_while_the_other_stream_writes() {
        let long = "x".repeat(LONG);
        let chunks = [out(&long), err("a\n"), err(&long), out(&long), err("\nb\n"), out("end\nc\n")];
        assert_eq!(
            read(chunks),
            [format!("{long}{long}end\n"), "a\n".to_owned(), format!("{long}\n"), "b\n".to_owned(), "c\n".to_owned()]
        );
        // A long line without an end ends with its output.
        assert_eq!(read([out(&long), err("a\n")]), [long, "a\n".to_owned()]);
    }

    #[test]
    fn what_waits_for_the_end_of_a_long_line_is_bounded() {
        let (long, others) = ("x".repeat(LONG), "y".repeat(HELD / 2));
        let mut reader = Reader::new(Stamps::None);
        let mut found = Vec::new();
        for chunk in [out(&long), err(&format!("{others}\n")), err(&format!("{others}\n")), out("late\n")] {
            reader.push(chunk);
            found.extend(std::iter::from_fn(|| reader.next()));
            assert!(reader.held_bytes <= HELD);
        }
        let lines = joined(found);
        assert_eq!(lines.len(), 4, "{:?}", lines.iter().map(String::len).collect::<Vec<_>>());
        let bytes: usize = lines.iter().map(String::len).sum();
        assert_eq!(bytes, LONG + 1 + 2 * (others.len() + 1) + 5, "nothing is lost but the line is in two");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_line_that_does_not_go_on_holds_the_other_stream_up_for_a_moment_only() {
        let chunks: Vec<EngineResult<OutputChunk>> = vec![Ok(out(&"x".repeat(LONG))), Ok(err("a\n"))];
        let stream = stream::iter(chunks).chain(stream::pending()).boxed();
        let mut lines = spawn(stream, Stamps::Own);
        let begun = Instant::now();
        let mut found = Vec::new();
        while found.last().is_none_or(|line: &Line| line.bytes != "a\n") {
            found.push(lines.recv().await.unwrap());
        }
        assert_eq!(begun.elapsed(), STALLED);
        assert!(found.iter().all(|line| line.is_start != line.time.is_empty()), "each line has its time");
        let bytes: usize = found.iter().map(|line| line.bytes.len()).sum();
        assert_eq!(bytes, LONG + "\n".len() + "a\n".len(), "the line is broken off, and nothing is lost");
    }
}
