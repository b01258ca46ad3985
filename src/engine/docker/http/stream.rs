//! What every connection to the engine is made of.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::io::{AsyncRead, AsyncWrite};

/// A request's body.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A connection in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
