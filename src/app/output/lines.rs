//! Cuts one stream of a container's output into lines, in memory that is bounded whatever the container writes.
//!
//! A line that goes on for longer than [`PIECE`] is handed on in pieces. Each byte is scanned once.
//!
//! Where lines are put in order by their time stamps, the engine sets a stamp before each of its frames. The engine cuts a
//! long line into frames of 16 KiB, so a long line has several stamps: the first is the line's, the others are left out. The
//! pieces of such a line follow each other, the first has the stamp.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes after which a line is handed on in pieces.
const PIECE: usize = 64 * 1024;

/// A line with its end (`\n`), or a piece of a long line. The last line of an output may have no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::app) struct Line {
    /// Whether the container wrote it to its standard error.
    pub is_error: bool,
    /// The bytes as the container wrote them.
    pub bytes: Bytes,
    /// The time stamp of the line; empty where none was asked for, and for a piece that is not the first of its line.
    pub time: String,
    /// Whether a line begins here; a piece of a long line goes on with the line of the piece before.
    pub is_start: bool,
    /// Whether the line goes on with the next piece.
    pub goes_on: bool,
}

impl Line {
    /// Returns what ends a line whose pieces were handed on, and that gives way to another line.
    pub(super) fn broken_off() -> Self {
        Self { is_error: false, bytes: Bytes::from_static(b"\n"), time: String::new(), is_start: false, goes_on: false }
    }
}

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Lines {
    has_time: bool,
    /// What was read and not looked at yet.
    input: Bytes,
    /// The part of the open line that was not handed on yet; there is no line end in it.
    open: BytesMut,
    /// Whether a piece of the open line was handed on.
    is_inside: bool,
    /// Whether a time stamp may stand at the start of the input: at the start of a line, and of a chunk.
    may_be_stamp: bool,
    /// The start of a chunk that is the start of a time stamp, if the next chunk goes on with it.
    held: Vec<u8>,
    /// The time stamp of the open line.
    time: String,
}

impl Lines {
    /// `has_time` says that the engine was asked for time stamps, which are cut off.
    pub(super) fn new(has_time: bool) -> Self {
        Self { has_time, ..Self::default() }
    }

    /// Takes the next chunk, once [`Lines::next`] has nothing more to give.
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.input = chunk;
        self.may_be_stamp = self.has_time;
    }

    /// Returns the next line, or piece of a line, as soon as it is whole.
    pub(super) fn next(&mut self) -> Option<Line> {
        loop {
            if self.may_be_stamp && !self.cut_stamp() {
                return None;
            }
            let room = PIECE.saturating_sub(self.open.len());
            let window = &self.input[..self.input.len().min(room)];
            if let Some(end) = window.iter().position(|byte| *byte == b'\n') {
                let rest = self.input.split_to(end + 1);
                self.may_be_stamp = self.has_time;
                if self.open.is_empty() {
                    return Some(self.line(rest, false));
                }
                self.open.extend_from_slice(&rest);
                let bytes = self.open.split().freeze();
                return Some(self.line(bytes, false));
            }
            self.open.extend_from_slice(window);
            self.input.advance(window.len());
            if self.open.len() >= PIECE {
                let bytes = self.open.split_to(cut(&self.open)).freeze();
                return Some(self.line(bytes, true));
            }
            if self.input.is_empty() {
                return None;
            }
        }
    }

    /// Returns the last line, where it has no end.
    pub(super) fn end(&mut self) -> Option<Line> {
        self.open.extend_from_slice(&std::mem::take(&mut self.held));
        let bytes = self.open.split().freeze();
        (!bytes.is_empty()).then(|| self.line(bytes, false))
    }

    /// Breaks the open line off: returns what there is of it and was not handed on yet. The next piece is the start of a line.
    pub(super) fn break_off(&mut self) -> Option<Line> {
        let bytes = self.open.split().freeze();
        let rest = (!bytes.is_empty()).then(|| self.line(bytes, true));
        self.is_inside = false;
        rest
    }

    fn line(&mut self, bytes: Bytes, goes_on: bool) -> Line {
        let is_start = !std::mem::replace(&mut self.is_inside, goes_on);
        Line { is_error: false, bytes, time: std::mem::take(&mut self.time), is_start, goes_on }
    }

    /// Cuts a time stamp off the input. Returns false where it takes more input to know whether a stamp stands there.
    fn cut_stamp(&mut self) -> bool {
        if !self.held.is_empty() {
            self.input = [&std::mem::take(&mut self.held), &self.input[..]].concat().into();
        }
        match stamp(&self.input) {
            Stamp::Whole(length) => {
                let is_first = !self.is_inside && self.open.is_empty() && self.time.is_empty();
                let stamp = self.input.split_to(length);
                if is_first {
                    self.time = String::from_utf8_lossy(&stamp[..length - 1]).into_owned();
                }
            }
            Stamp::Partial => {
                self.held = std::mem::take(&mut self.input).to_vec();
                return false;
            }
            Stamp::None => {}
        }
        self.may_be_stamp = false;
        true
    }
}

/// Returns where to cut a piece: not within a character, and not within `\r\n`, which a terminal shows in another way.
fn cut(bytes: &[u8]) -> usize {
    let is_inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let last = bytes.len().saturating_sub(1);
    // The last byte waits: what follows it is not known yet.
    (last.saturating_sub(3)..=last).rev().find(|at| *at > 0 && !is_inside(*at)).unwrap_or(bytes.len())
}

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    /// A time stamp and a blank, this many bytes together.
    Whole(usize),
    /// What may become a time stamp with more bytes.
    Partial,
    /// Something else.
    None,
}

/// Looks for `2026-01-02T03:04:05.000000000Z ` at the start of some bytes.
fn stamp(bytes: &[u8]) -> Stamp {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    /// No stamp of the engine is longer.
    const MOST: usize = 40;
    let has_shape = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    if !bytes.iter().zip(SHAPE).all(has_shape) {
        return Stamp::None;
    }
    for (at, byte) in bytes.iter().enumerate().take(MOST).skip(SHAPE.len()) {
        match byte {
            b' ' => return Stamp::Whole(at + 1),
            b'0'..=b'9' | b'.' | b':' | b'+' | b'-' | b'Z' => {}
            _ => return Stamp::None,
        }
    }
    if bytes.len() < MOST { Stamp::Partial } else { Stamp::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "2026-01-02T03:04:05.000000001Z";
    const SECOND: &str = "2026-01-02T03:04:05.000000002Z";

    /// Reads chunks; gives the lines with their pieces joined, each after its time.
    fn read(has_time: bool, chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<(String, String)> {
        let mut reader = Lines::new(has_time);
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        let mut take = |line: Line| match found.last_mut().filter(|_| !line.is_start) {
            Some((_, bytes)) => {
                assert_eq!(line.time, "", "only the first piece has a time");
                bytes.extend_from_slice(&line.bytes);
            }
            None => found.push((line.time, line.bytes.to_vec())),
        };
        for chunk in chunks {
            reader.push(chunk.into());
            while let Some(line) = reader.next() {
                take(line);
            }
        }
        reader.end().into_iter().for_each(&mut take);
        assert_eq!(reader.end(), None);
        found.into_iter().map(|(time, bytes)| (time, String::from_utf8(bytes).unwrap())).collect()
    }

    fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(time, text)| ((*time).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn lines_are_the_same_wherever_the_output_is_split() {
        let text = "one\n\ntwo ä\rover\r\n\nlast";
        let expected = lines(&[("", "one\n"), ("", "\n"), ("", "two ä\rover\r\n"), ("", "\n"), ("", "last")]);
        assert_eq!(read(false, [text.as_bytes().to_vec()]), expected);
        assert_eq!(read(false, text.bytes().map(|byte| vec![byte])), expected);
        for at in 0..=text.len() {
            let (before, after) = text.as_bytes().split_at(at);
            assert_eq!(read(false, [before.to_vec(), after.to_vec()]), expected, "split at {at}");
        }
    }

    #[test]
    fn time_stamps_are_found_wherever_the_output_is_split() {
        let text = format!("{FIRST} one\n{SECOND} \n{SECOND} 2026 is no stamp\n{SECOND} last");
        let expected = lines(&[(FIRST, "one\n"), (SECOND, "\n"), (SECOND, "2026 is no stamp\n"), (SECOND, "last")]);
        assert_eq!(read(true, text.bytes().map(|byte| vec![byte])), expected);
        for at in 0..=text.len() {
            let (before, after) = text.as_bytes().split_at(at);
            assert_eq!(read(true, [before.to_vec(), after.to_vec()]), expected, "split at {at}");
        }
    }

    #[test]
    fn of_the_stamps_of_a_long_line_only_the_first_is_kept() {
        let frames =
            [format!("{FIRST} aaaa"), format!("{SECOND} bbbb"), format!("{SECOND} cc\n"), format!("{SECOND} d\n")];
        let expected = lines(&[(FIRST, "aaaabbbbcc\n"), (SECOND, "d\n")]);
        assert_eq!(read(true, frames.iter().map(|frame| frame.as_bytes().to_vec())), expected);
        // A frame may come in two parts, cut within its stamp, too.
        for at in 1..frames[1].len() {
            let (before, after) = frames[1].as_bytes().split_at(at);
            let chunks = [frames[0].as_bytes(), before, after, frames[2].as_bytes(), frames[3].as_bytes()];
            assert_eq!(read(true, chunks.map(<[u8]>::to_vec)), expected, "split at {at}");
        }
    }

    #[test]
    fn output_without_stamps_is_read_all_the_same() {
        assert_eq!(read(true, [b"2026-01".to_vec()]), lines(&[("", "2026-01")]));
        assert_eq!(
            read(true, [b"2026-01-02T03:04:05\nx\n".to_vec()]),
            lines(&[("", "2026-01-02T03:04:05\n"), ("", "x\n")])
        );
        assert_eq!(read(true, [FIRST.as_bytes().to_vec(), b" ".to_vec()]), lines(&[]));
        assert_eq!(stamp(format!("2026-01-02T03:04:05.{}", "0".repeat(40)).as_bytes()), Stamp::None);
        assert_eq!(stamp(b"2026-01-02T03:04:05+02:00 x"), Stamp::Whole(26));
    }

    #[test]
    fn a_line_of_sixty_megabytes_is_read_in_bounded_memory() {
        const FRAME: usize = 16 * 1024;
        let mut reader = Lines::new(true);
        let (mut length, mut pieces) = (0, 0);
        for number in 0..60 * 1024 * 1024 / FRAME {
            let stamp = if number == 0 { FIRST } else { SECOND };
            reader.push([stamp.as_bytes(), b" ", &[b'x'; FRAME]].concat().into());
            while let Some(line) = reader.next() {
                assert!(line.bytes.len() <= PIECE, "{}", line.bytes.len());
                assert_eq!((line.is_start, line.time.as_str()), if pieces == 0 { (true, FIRST) } else { (false, "") });
                (length, pieces) = (length + line.bytes.len(), pieces + 1);
            }
            assert!(reader.open.len() < PIECE && reader.open.capacity() <= 4 * PIECE, "{}", reader.open.capacity());
        }
        length += reader.end().map_or(0, |line| line.bytes.len());
        assert_eq!(length, 60 * 1024 * 1024);
        assert!(pieces >= length / PIECE, "{pieces}");
    }

    #[test]
    fn one_chunk_may_hold_a_long_line_and_others() {
        let long = "é".repeat(PIECE);
        let found = read(false, [format!("a\n{long}\r\nb").into_bytes()]);
        assert_eq!(
            found,
            [("", "a\n".to_owned()), ("", format!("{long}\r\n")), ("", "b".to_owned())].map(|(a, b)| (a.to_owned(), b))
        );
    }

    #[test]
    fn a_piece_is_cut_neither_within_a_character_nor_within_a_line_end() {
        for text in ["ab", "aé", "a\r", "aäöü", "a\u{1f600}", "abcd\r"] {
            let at = cut(text.as_bytes());
            assert!(text.is_char_boundary(at) && at > 0 && at < text.len(), "{text}: {at}");
        }
        assert_eq!(cut(&[0x80; 10]), 10, "bytes that are no text are cut all the same");
    }
}
