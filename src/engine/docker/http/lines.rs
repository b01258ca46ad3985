//! Answers that are streams of JSON documents, one on each line.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::engine::{EngineError, EngineResult, EngineStream, ErrorKind};

/// The longest line; a longer one ends the stream with an error.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Cuts an answer into its lines. The last line may have no line end.
pub(crate) fn lines(body: Incoming, what: &'static str) -> EngineStream<Bytes> {
    let state = (body.into_data_stream(), Buffer::default());
    futures_util::stream::unfold(Some(state), move |state| async move {
        let (mut body, mut buffer) = state?;
        loop {
            if let Some(line) = buffer.line() {
                return Some((Ok(line), Some((body, buffer))));
            }
            if buffer.bytes.len() > LONGEST_LINE {
                let error = EngineError::new(ErrorKind::Garbled, what, "a line of the answer is too long");
                return Some((Err(error), None));
            }
            match body.next().await {
                Some(Ok(bytes)) => buffer.bytes.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    return Some((Err(EngineError::new(ErrorKind::Connection, what, error.to_string())), None));
                }
                None => return buffer.rest().map(|rest| (Ok(rest), Some((body, buffer)))),
            }
        }
    })
    .boxed()
}

/// Bytes without a line end so far.
#[derive(Default)]
struct Buffer {
    bytes: BytesMut,
    /// How many bytes at the beginning are known to have no line end, so that a long line is not searched again with
    /// each piece.
    searched: usize,
}

impl Buffer {
    fn line(&mut self) -> Option<Bytes> {
        let Some(end) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return None;
        };
        let line = self.bytes.split_to(self.searched + end + 1).freeze();
        self.searched = 0;
        Some(line)
    }

    /// Returns the rest after the last line end, unless it is blank.
    fn rest(&mut self) -> Option<Bytes> {
        self.searched = 0;
        let rest = self.bytes.split().freeze();
        (!rest.iter().all(u8::is_ascii_whitespace)).then_some(rest)
    }
}

/// Passes an answer on as it comes: archives and exports.
pub(crate) fn bytes(body: Incoming, what: &'static str) -> EngineStream<Bytes> {
    let piece = move |piece: Result<Bytes, hyper::Error>| -> EngineResult<Bytes> {
        piece.map_err(|error| EngineError::new(ErrorKind::Connection, what, error.to_string()))
    };
    body.into_data_stream().map(piece).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_come_in_any_pieces() {
        let mut buffer = Buffer::default();
        let mut found = Vec::new();
        for byte in b"{\"a\":1}\n\n{\"b\":2}" {
            buffer.bytes.extend_from_slice(&[*byte]);
            found.extend(buffer.line());
        }
        found.extend(buffer.rest());
        assert_eq!(found, ["{\"a\":1}\n", "\n", "{\"b\":2}"]);
        assert_eq!(buffer.rest(), None);
    }
}
