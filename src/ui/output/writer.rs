//! The writer: takes entries from its queue and writes them one after the other, for as long as that takes.

#![expect(clippy::disallowed_methods, reason = "standard output and standard error are written here alone")]

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::queue::{BATCH, Entry, Queue, Stream};

/// The pause after a small text. Meanwhile many lines of a fast producer gather and are written together. The pause is
/// too short to be noticed; where much has gathered already, there is none.
const PAUSE: Duration = Duration::from_micros(300);

/// Writes the entries of the queue until it ends. `write` writes all bytes or returns why it cannot.
pub(super) fn run(queue: &Queue, mut write: impl FnMut(Stream, &[u8]) -> io::Result<()>) {
    let mut screen = Screen::default();
    while let Some(entry) = queue.take() {
        let (stream, size, bytes) = match entry {
            Entry::Text { stream, bytes } => (stream, bytes.len(), screen.text(stream, bytes)),
            Entry::Frame { text, is_last } => (Stream::Err, 0, screen.frame(text, is_last)),
        };
        let result = write(stream, &bytes);
        let waiting = queue.written(stream, size, &result);
        if waiting < BATCH / 2 {
            std::thread::park_timeout(PAUSE);
        }
    }
}

/// The frame of a live view at the end of the terminal.
#[derive(Default)]
struct Screen {
    frame: String,
    /// Whether the last data has no line end, so that the rest of a long line will follow.
    is_inside_line: bool,
}

impl Screen {
    /// Returns the bytes that draw a frame over the current one. Inside a line of data only the last frame is drawn.
    fn frame(&mut self, text: String, is_last: bool) -> Vec<u8> {
        if self.is_inside_line && !is_last {
            return Vec::new();
        }
        let bytes = format!("{}\x1b[0J{text}", self.up()).into_bytes();
        self.frame = if is_last { String::new() } else { text };
        bytes
    }

    /// Returns the bytes that write a text above the current frame. A text without a line end removes the frame,
    /// because a frame begins at the start of a line.
    fn text(&mut self, stream: Stream, text: Vec<u8>) -> Vec<u8> {
        self.is_inside_line = stream == Stream::Out && text.last() != Some(&b'\n');
        if self.frame.is_empty() {
            return text;
        }
        let mut bytes = format!("{}\x1b[0J", self.up()).into_bytes();
        bytes.extend_from_slice(&text);
        match text.last() {
            Some(b'\n') => bytes.extend_from_slice(self.frame.as_bytes()),
            _ => self.frame.clear(),
        }
        bytes
    }

    fn up(&self) -> String {
        match self.frame.matches('\n').count() {
            0 => String::new(),
            lines => format!("\x1b[{lines}A"),
        }
    }
}

/// Writes bytes to a standard stream of the process, without the buffers of the standard library.
pub(super) fn write(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Out => write_all(io::stdout(), bytes),
        Stream::Err => write_all(io::stderr(), bytes),
    }
}

fn write_all(file: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            // Another program that shares the terminal or the pipe has made it non-blocking.
            Err(Errno::AGAIN) => drop(rustix::event::poll(&mut [PollFd::new(&file, PollFlags::OUT)], None)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is written for entries, if each comes when the previous one is written.
    fn written(entries: Vec<Entry>) -> String {
        let mut screen = Screen::default();
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.extend(match entry {
                Entry::Text { stream, bytes } => screen.text(stream, bytes),
                Entry::Frame { text, is_last } => screen.frame(text, is_last),
            });
        }
        String::from_utf8(bytes).unwrap().replace('\x1b', "^")
    }

    fn frame(text: &str, is_last: bool) -> Entry {
        Entry::Frame { text: text.to_owned(), is_last }
    }

    fn told(text: &str) -> Entry {
        Entry::Text { stream: Stream::Err, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_frame_is_drawn_over_the_one_that_was_written_before_it() {
        let frames = vec![frame("1\na\n", false), frame("2\n", false), frame("3\n", true), frame("4\n", false)];
        assert_eq!(written(frames), "^[0J1\na\n^[2A^[0J2\n^[1A^[0J3\n^[0J4\n");
    }

    #[test]
    fn a_text_comes_above_the_frame_that_stands_there() {
        let all = vec![frame("1\n", false), told("told\n"), frame("2\n", false), told("asked? "), frame("3\n", true)];
        assert_eq!(written(all), "^[0J1\n^[1A^[0Jtold\n1\n^[1A^[0J2\n^[1A^[0Jasked? ^[0J3\n");
    }

    #[test]
    fn no_frame_stands_within_a_line_of_data() {
        let data = |text: &str| Entry::Text { stream: Stream::Out, bytes: text.as_bytes().to_vec() };
        let all = vec![frame("1\n", false), data("a"), frame("2\n", false), data("b\n"), frame("3\n", false)];
        assert_eq!(written(all), "^[0J1\n^[1A^[0Jab\n^[0J3\n");
    }

    #[test]
    fn everything_is_written_before_the_writer_ends() {
        let queue = Queue::default();
        queue.push(Stream::Out, b"a".to_vec());
        queue.push(Stream::Err, b"b".to_vec());
        queue.end();
        let mut found = Vec::new();
        run(&queue, |stream, bytes| {
            found.push((stream, bytes.to_vec()));
            Ok(())
        });
        assert_eq!(found, [(Stream::Out, b"a".to_vec()), (Stream::Err, b"b".to_vec())]);
    }
}
