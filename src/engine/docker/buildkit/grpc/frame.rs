//! Messages in a body: a byte that says whether the message is compressed, four bytes for its length, the message.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use prost::Message;

use super::status::Status;

/// Length of the head of a message.
const HEAD: usize = 5;
/// The longest message that is read, in bytes.
const LONGEST: usize = 64 << 20;

/// Encodes a message with its head.
pub(super) fn encode(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(HEAD + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // The buffer grows, so that the only error, too little room, cannot come.
    let _ = message.encode(&mut bytes);
    bytes.freeze()
}

/// Reads the messages of a body.
pub(crate) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    trailers: Option<HeaderMap>,
}

impl Messages {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, buffer: BytesMut::new(), trailers: None }
    }

    /// Returns the next message; `None` at the end of the body.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return M::decode(message)
                    .map(Some)
                    .map_err(|error| Status::broken(format!("a message was not understood: {error}")));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(Status::broken(crate::engine::docker::http::errors::chain(&error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }

    /// Takes a whole message out of the buffer.
    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(head) = self.buffer.get(..HEAD) else { return Ok(None) };
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if head[0] != 0 || length > LONGEST {
            return Err(Status::broken("a message is compressed or too long"));
        }
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// Returns the outcome after the last message.
    pub(super) fn outcome(&self) -> Result<(), Status> {
        let outcome = self.trailers.as_ref().and_then(Status::read);
        outcome.unwrap_or_else(|| Err(Status::broken("the connection ended before the answer")))
    }
}
