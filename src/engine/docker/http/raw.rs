//! Requests whose answers are limited in size and time. A read is repeated when the connection fails.

#![expect(clippy::disallowed_methods, reason = "measures calls for the trace")]

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;

use super::errors::{chain, kind_of};
use super::limits::LIMIT;
use super::transport::{Body, Transport};
use crate::engine::{ByteStream, EngineError, EngineResult, ErrorKind};

/// The largest document, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// How often a read is tried.
const ATTEMPTS: u32 = 4;

/// A connection for our own requests.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    transport: Transport,
}

/// A request's headers.
pub(crate) type Headers<'a> = &'a [(&'a str, String)];

/// Returns text encoded for a path segment or a query value.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Returns an image name encoded for a path: its slashes stay.
pub(crate) fn encode_name(name: &str) -> String {
    encode(name).replace("%2F", "/")
}

impl Raw {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Returns the transport of the requests.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Reads a JSON document.
    pub(crate) async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> EngineResult<T> {
        self.get_with(what, path, &[]).await
    }

    /// Reads a JSON document with a request that carries these headers.
    pub(crate) async fn get_with<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        headers: Headers<'_>,
    ) -> EngineResult<T> {
        let begun = std::time::Instant::now();
        let mut attempt = 1;
        let result = loop {
            match self.json(what, "GET", path, empty(), headers).await {
                Err(error) if attempt < ATTEMPTS && may_pass(&error) => {
                    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                    attempt += 1;
                }
                result => break result,
            }
        };
        tracing::debug!(
            call = what,
            attempt,
            elapsed_ms = begun.elapsed().as_millis() as u64,
            ok = result.is_ok(),
            "engine call"
        );
        result
    }

    /// Reads the headers of an answer. The read is repeated only if a program listens at the address, so that a missing
    /// engine is reported at once.
    pub(crate) async fn head(&self, what: &'static str, path: &str) -> EngineResult<hyper::HeaderMap> {
        let mut attempt = 1;
        loop {
            match self.begun(what, "GET", path, empty(), &[]).await {
                Err(error) if attempt < ATTEMPTS && may_pass(&error) && self.transport.is_listened_to().await => {
                    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                    attempt += 1;
                }
                result => return result.map(|response| response.headers().clone()),
            }
        }
    }

    /// Sends a JSON document and reads one, once.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        document: &serde_json::Value,
    ) -> EngineResult<T> {
        self.json(what, "POST", path, full(document.to_string()), &[json_type()]).await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        method: &str,
        path: &str,
        body: Body,
        headers: Headers<'_>,
    ) -> EngineResult<T> {
        let read = async {
            let response = self.request(what, method, path, body, headers).await?;
            self.body(what, response).await
        };
        let bytes = in_time(what, read).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            EngineError::new(ErrorKind::Garbled, what, format!("the engine's answer was not understood: {error}"))
        })
    }

    /// Opens a stream of bytes. Only the time until the head of the answer is limited.
    pub(crate) async fn stream(&self, what: &'static str, method: &str, path: &str) -> EngineResult<Incoming> {
        self.begun(what, method, path, empty(), &[]).await.map(Response::into_body)
    }

    /// Sends a request and returns its answer as soon as the head has come, within [`LIMIT`].
    pub(crate) async fn begun(
        &self,
        what: &'static str,
        method: &str,
        path: &str,
        body: Body,
        headers: Headers<'_>,
    ) -> EngineResult<Response<Incoming>> {
        in_time(what, self.request(what, method, path, body, headers)).await
    }

    /// Sends a request. An answer that is not a success becomes an error with the engine's message.
    pub(crate) async fn request(
        &self,
        what: &'static str,
        method: &str,
        path: &str,
        body: Body,
        headers: Headers<'_>,
    ) -> EngineResult<Response<Incoming>> {
        let response = self.send(what, method, path, body, headers).await?;
        // 304: the object is already as the request wants it.
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        Err(self.refusal(what, response).await)
    }

    /// Takes over the connection of a request for bytes in both directions (`Upgrade: tcp`). An answer without the
    /// upgrade is an error: such an engine could not be told the end of the input.
    pub(crate) async fn upgrade(
        &self,
        what: &'static str,
        path: &str,
        document: Option<&serde_json::Value>,
    ) -> EngineResult<TokioIo<Upgraded>> {
        let body = document.map_or_else(empty, |document| full(document.to_string()));
        let headers: Vec<_> = document.map(|_| json_type()).into_iter().collect();
        self.taken_over(what, path, "tcp", body, &headers).await
    }

    /// Takes over the connection of a request for another protocol, such as `h2c`.
    #[cfg(feature = "buildkit")]
    pub(crate) async fn upgrade_to(
        &self,
        what: &'static str,
        path: &str,
        protocol: &str,
        headers: Headers<'_>,
    ) -> EngineResult<TokioIo<Upgraded>> {
        self.taken_over(what, path, protocol, empty(), headers).await
    }

    async fn taken_over(
        &self,
        what: &'static str,
        path: &str,
        protocol: &str,
        body: Body,
        headers: Headers<'_>,
    ) -> EngineResult<TokioIo<Upgraded>> {
        let mut all = vec![(CONNECTION.as_str(), "Upgrade".to_owned()), (UPGRADE.as_str(), protocol.to_owned())];
        all.extend_from_slice(headers);
        let headers = all;
        let open = async {
            let response = self.send(what, "POST", path, body, &headers).await?;
            match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => hyper::upgrade::on(response)
                    .await
                    .map_err(|error| EngineError::new(ErrorKind::Connection, what, chain(&error))),
                status if status.is_success() => {
                    let words = format!("the engine answered {status} and did not hand the connection over");
                    Err(EngineError::new(ErrorKind::Garbled, what, words))
                }
                _ => Err(self.refusal(what, response).await),
            }
        };
        in_time(what, open).await.map(TokioIo::new)
    }

    async fn send(
        &self,
        what: &'static str,
        method: &str,
        path: &str,
        body: Body,
        headers: Headers<'_>,
    ) -> EngineResult<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request =
            request.body(body).map_err(|error| EngineError::new(ErrorKind::Invalid, what, error.to_string()))?;
        let sent = self.transport.send(request).await;
        sent.map_err(|error| EngineError::new(ErrorKind::Connection, what, chain(&error)))
    }

    async fn refusal(&self, what: &'static str, response: Response<Incoming>) -> EngineError {
        let status = response.status().as_u16();
        let bytes = self.body(what, response).await.unwrap_or_default();
        let message = message_of(&bytes, status);
        EngineError::new(kind_of(status, &message), what, message)
    }

    /// Reads the whole answer, of up to 64 MiB.
    pub(crate) async fn body(&self, what: &'static str, response: Response<Incoming>) -> EngineResult<Bytes> {
        match Limited::new(response.into_body(), LARGEST).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(EngineError::new(ErrorKind::Garbled, what, "the engine's answer is larger than 64 MiB"))
            }
            Err(error) => Err(EngineError::new(ErrorKind::Connection, what, error.to_string())),
        }
    }
}

async fn in_time<T>(what: &'static str, work: impl Future<Output = EngineResult<T>>) -> EngineResult<T> {
    tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| {
        Err(EngineError::new(ErrorKind::Timeout, what, format!("no answer within {} s", LIMIT.as_secs())))
    })
}

/// Returns an empty body.
pub(crate) fn empty() -> Body {
    full(Bytes::new())
}

/// Returns a body of these bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Returns a body that is sent while its stream gives bytes.
pub(crate) fn streamed(bytes: ByteStream) -> Body {
    StreamBody::new(bytes.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

fn json_type() -> (&'static str, String) {
    ("content-type", "application/json".to_owned())
}

/// Returns whether the error may be temporary: a lost connection, a garbled answer, a failing engine. A refusal is not.
fn may_pass(error: &EngineError) -> bool {
    matches!(error.kind, ErrorKind::Connection | ErrorKind::Garbled | ErrorKind::Engine)
}

/// Returns the engine's message, which is in `{"message": ...}`.
fn message_of(bytes: &[u8], status: u16) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        message: String,
    }
    match serde_json::from_slice::<Wrapped>(bytes) {
        Ok(wrapped) => wrapped.message,
        Err(_) if bytes.is_empty() => format!("status {status}"),
        Err(_) => String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::transport::Address;
    use super::*;

    /// An engine that gives every request the same answer and then closes the connection.
    fn engine(answer: &'static str) -> (tempfile::TempDir, Raw) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.windows(4).any(|four| four == b"\r\n\r\n") && client.read_buf(&mut head).await.unwrap() > 0
                {
                }
                client.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (folder, Raw::new(Transport::new(Address::Unix(socket), "test")))
    }

    async fn kind_of_upgrade(answer: &'static str) -> ErrorKind {
        let (_folder, raw) = engine(answer);
        raw.upgrade("test", "/attach", None).await.err().unwrap().kind
    }

    #[tokio::test]
    async fn an_answer_that_is_no_upgrade_is_an_error_of_its_kind() {
        let plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(kind_of_upgrade(plain).await, ErrorKind::Garbled);
        let refused = "HTTP/1.1 409 Conflict\r\nContent-Length: 21\r\n\r\n{\"message\":\"stopped\"}";
        assert_eq!(kind_of_upgrade(refused).await, ErrorKind::Conflict);
        assert_eq!(kind_of_upgrade("").await, ErrorKind::Connection);
        assert_eq!(kind_of_upgrade("no http at all\r\n\r\n").await, ErrorKind::Connection);
    }

    #[tokio::test]
    async fn a_connection_that_was_taken_over_begins_with_the_bytes_after_the_head() {
        let (_folder, raw) =
            engine("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\u{1}\0\0\0\0\0\0\u{2}hi");
        let mut stream = raw.upgrade("test", "/attach", None).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\x01\0\0\0\0\0\0\x02hi");
    }

    #[tokio::test]
    async fn an_answer_that_is_not_understood_or_cut_off_is_an_error_of_its_kind() {
        let post = |raw: Raw| async move { raw.post::<Vec<u8>>("test", "/x", &serde_json::json!({})).await };
        let (_folder, raw) = engine("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"a\":");
        assert_eq!(post(raw).await.unwrap_err().kind, ErrorKind::Garbled);
        let (_folder, raw) = engine("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[1");
        assert_eq!(post(raw).await.unwrap_err().kind, ErrorKind::Connection);
    }
}
