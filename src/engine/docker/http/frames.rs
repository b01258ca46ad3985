//! The engine's frames: how standard output and standard error share one connection.
//!
//! A frame is a head of eight bytes and a payload. The head holds the stream (1 standard output, 2 standard error, 3 an
//! error of the engine), three zeros, and the length of the payload (32 bits, big-endian). Only the engine knows
//! whether a connection is framed: the output of a terminal has no frames and must not be given to this decoder.

use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};

use super::errors::kind_of;
use crate::engine::{EngineError, EngineResult, EngineStream, ErrorKind, OutputChunk, OutputStream};

/// Bytes of a frame's head.
const HEAD: usize = 8;
/// How many bytes of an error of the engine are kept.
const KEPT_FAULT: usize = 2048;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Output(OutputStream),
    /// An error message of the engine.
    Fault,
}

/// Decodes frames from pieces that may be cut anywhere. Besides the current piece, the decoder keeps at most one head
/// and the first 2 KiB of an error: the length in a head never causes an allocation.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    piece: Bytes,
    head: [u8; HEAD],
    head_length: usize,
    /// The current frame, and how many bytes of its payload are still to come.
    open: Option<(Channel, usize)>,
    fault: Vec<u8>,
}

impl Frames {
    /// Takes the next piece. [`Self::next`] must have returned `None` before.
    pub(crate) fn take(&mut self, piece: Bytes) {
        self.piece = piece;
    }

    /// Returns the next output of the current piece; `None` asks for another piece. After an error nothing follows.
    pub(crate) fn next(&mut self, what: &'static str) -> Option<EngineResult<OutputChunk>> {
        loop {
            let (channel, left) = match self.open {
                Some(open) => open,
                None => match self.begin()? {
                    Ok(open) => open,
                    Err(words) => return Some(Err(EngineError::new(ErrorKind::Garbled, what, words))),
                },
            };
            if left == 0 {
                self.open = None;
                if channel == Channel::Fault {
                    let words = String::from_utf8_lossy(&self.fault).into_owned();
                    return Some(Err(EngineError::new(kind_of(500, &words), what, words)));
                }
                continue;
            }
            if self.piece.is_empty() {
                return None;
            }
            let bytes = self.piece.split_to(left.min(self.piece.len()));
            self.open = Some((channel, left - bytes.len()));
            match channel {
                Channel::Output(stream) => return Some(Ok(OutputChunk { stream, bytes })),
                Channel::Fault => {
                    let room = KEPT_FAULT.saturating_sub(self.fault.len());
                    self.fault.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
            }
        }
    }

    /// Reads a head; `None` if it is not complete yet.
    fn begin(&mut self) -> Option<Result<(Channel, usize), &'static str>> {
        let count = (HEAD - self.head_length).min(self.piece.len());
        self.head[self.head_length..self.head_length + count].copy_from_slice(&self.piece[..count]);
        self.piece.advance(count);
        self.head_length += count;
        if self.head_length < HEAD {
            return None;
        }
        self.head_length = 0;
        let [stream, zeros @ .., a, b, c, d] = self.head;
        let channel = match stream {
            // Compat: 0 is standard input; an engine that sends it means standard output.
            0 | 1 => Channel::Output(OutputStream::Stdout),
            2 => Channel::Output(OutputStream::Stderr),
            3 => Channel::Fault,
            _ => return Some(Err("the output is not framed as the engine's output is")),
        };
        if zeros != [0; 3] {
            return Some(Err("the output is not framed as the engine's output is"));
        }
        let open = (channel, u32::from_be_bytes([a, b, c, d]) as usize);
        self.open = Some(open);
        Some(Ok(open))
    }

    /// Returns whether the last frame is complete, so that the output may end here.
    fn is_whole(&self) -> bool {
        self.head_length == 0 && self.open.is_none_or(|(_, left)| left == 0)
    }
}

/// Turns the pieces of a connection into output: by frames, or, from a terminal, as they come.
pub(crate) fn output<S, E>(pieces: S, is_tty: bool, what: &'static str) -> EngineStream<OutputChunk>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let pieces = pieces
        .map(move |piece| piece.map_err(|error| EngineError::new(ErrorKind::Connection, what, error.to_string())));
    match is_tty {
        true => pieces.map(|piece| piece.map(|bytes| OutputChunk { stream: OutputStream::Stdout, bytes })).boxed(),
        false => framed(pieces.boxed(), what),
    }
}

fn framed(pieces: BoxStream<'static, EngineResult<Bytes>>, what: &'static str) -> EngineStream<OutputChunk> {
    futures_util::stream::unfold(Some((pieces, Frames::default())), move |state| async move {
        let (mut pieces, mut frames) = state?;
        loop {
            match frames.next(what) {
                Some(Ok(chunk)) => return Some((Ok(chunk), Some((pieces, frames)))),
                Some(Err(error)) => return Some((Err(error), None)),
                None => {}
            }
            match pieces.next().await {
                Some(Ok(piece)) => frames.take(piece),
                Some(Err(error)) => return Some((Err(error), None)),
                None if frames.is_whole() => return None,
                None => {
                    let words = "the output ended in the middle of a frame";
                    return Some((Err(EngineError::new(ErrorKind::Connection, what, words)), None));
                }
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0][..], &length, payload].concat()
    }

    /// Decodes pieces. Returns standard output, standard error, the error at the end, and whether the last frame is
    /// complete.
    fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, Option<EngineError>, bool) {
        let (mut frames, mut out, mut errors) = (Frames::default(), Vec::new(), Vec::new());
        for piece in pieces {
            frames.take(Bytes::copy_from_slice(piece));
            while let Some(item) = frames.next("test") {
                match item {
                    Ok(chunk) if chunk.stream == OutputStream::Stderr => errors.extend_from_slice(&chunk.bytes),
                    Ok(chunk) => out.extend_from_slice(&chunk.bytes),
                    Err(error) => return (out, errors, Some(error), false),
                }
            }
        }
        (out, errors, None, frames.is_whole())
    }

    #[test]
    fn frames_may_be_cut_at_every_byte() {
        let bytes = [frame(1, b"abc"), frame(2, b""), frame(2, b"de"), frame(1, b"f")].concat();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let (out, errors, error, is_whole) = decode(&pieces);
                assert_eq!((out.as_slice(), errors.as_slice()), (&b"abcf"[..], &b"de"[..]), "{first} {second}");
                assert!(error.is_none() && is_whole);
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode(&single).0, b"abcf");
    }

    #[test]
    fn an_end_within_a_head_or_a_payload_is_told_from_a_whole_end() {
        let bytes = frame(1, b"abc");
        for length in 1..bytes.len() {
            assert!(!decode(&[&bytes[..length]]).3, "{length}");
        }
        assert!(decode(&[&bytes]).3 && decode(&[]).3);
    }

    #[test]
    fn output_that_is_not_framed_is_an_error_and_allocates_nothing() {
        for bytes in [&b"plain text"[..], &[1, 0, 7, 0, 0, 0, 0, 1, 65]] {
            assert_eq!(decode(&[bytes]).2.unwrap().kind, ErrorKind::Garbled);
        }
        // A frame that claims 4 GiB gives the bytes that have come.
        let (out, _, error, is_whole) = decode(&[&[1, 0, 0, 0, 255, 255, 255, 255, b'x']]);
        assert_eq!(out, b"x");
        assert!(error.is_none() && !is_whole);
    }

    #[test]
    fn words_of_the_engine_among_the_output_become_an_error() {
        let bytes = [frame(1, b"a"), frame(3, &[b'e'; 5000])].concat();
        let (out, _, error, _) = decode(&[&bytes]);
        assert_eq!(out, b"a");
        let error = error.unwrap();
        assert_eq!(error.kind, ErrorKind::Engine);
        assert!(error.message.len() <= 2048 + '…'.len_utf8());
    }

    #[tokio::test]
    async fn the_output_of_a_terminal_passes_untouched() {
        let piece = Bytes::from_static(&[1, 0, 0, 0, 0, 0, 0, 9]);
        let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(piece.clone())]);
        let all: Vec<_> = output(pieces, true, "test").collect().await;
        assert_eq!(all.len(), 1);
        assert_eq!(all.into_iter().next().unwrap().unwrap().bytes, piece);
    }
}
