//! The way between threads that read or write archives and calls to the engine: a few pieces wait in it, never more.

use std::io;

use bytes::{Buf, Bytes};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use crate::engine::ByteStream;

/// So many pieces may wait.
const PIECES: usize = 8;
/// Bytes of a piece.
pub const PIECE: usize = 64 * 1024;

type Item = io::Result<Bytes>;

/// Makes a way with one end for pieces to go in and one for them to come out.
pub fn pipe() -> (mpsc::Sender<Item>, mpsc::Receiver<Item>) {
    mpsc::channel(PIECES)
}

/// Turns the far end of a way into a stream for the engine.
pub fn stream(mut receiver: mpsc::Receiver<Item>) -> ByteStream {
    stream::poll_fn(move |context| receiver.poll_recv(context)).boxed()
}

/// Reads what comes out of a way. For a thread that may block.
pub struct Reader {
    receiver: mpsc::Receiver<Item>,
    piece: Bytes,
}

impl Reader {
    pub fn new(receiver: mpsc::Receiver<Item>) -> Self {
        Self { receiver, piece: Bytes::new() }
    }
}

impl io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// Writes the same into one or more ways. For a thread that may block. A writer that is dropped before [`Writer::end`] tells
/// the readers so: an archive that was cut off must not pass for a whole one.
pub struct Writer {
    senders: Vec<mpsc::Sender<Item>>,
    piece: Vec<u8>,
}

impl Writer {
    pub fn new(senders: Vec<mpsc::Sender<Item>>) -> Self {
        Self { senders, piece: Vec::with_capacity(PIECE) }
    }

    /// Ends what was written: with success, or with a fault that every reader is told.
    pub fn end(mut self, result: io::Result<()>) {
        match result.and_then(|()| self.send()) {
            Ok(()) => self.senders.clear(),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn fail(&mut self, words: &str) {
        for sender in self.senders.drain(..) {
            // A reader that has gone needs to be told nothing.
            let _ = sender.blocking_send(Err(io::Error::other(words.to_owned())));
        }
    }

    /// Sends what is gathered to all readers that are still there.
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE)));
        self.senders.retain(|sender| sender.blocking_send(Ok(piece.clone())).is_ok());
        if self.senders.is_empty() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        if self.piece.len() == PIECE {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.fail("the archive was cut off");
    }
}
