//! Requests whose answers we read ourselves: bounded in size and time, reads tried again when the connection fails.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Incoming};
use serde::de::DeserializeOwned;

use super::transport::{Body, Transport};
use super::{LIMIT, errors, kind_of};
use crate::engine::{EngineError, EngineResult, ErrorKind};

/// No list of an engine is larger than this.
const LARGEST: usize = 64 * 1024 * 1024;
/// How often a read is tried.
const ATTEMPTS: u32 = 4;

/// A connection for our own requests.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    transport: Transport,
}

/// Returns text encoded for a path segment or a query value.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl Raw {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Returns what its requests go over.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Reads a JSON document.
    pub(super) async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> EngineResult<T> {
        self.get_with(what, path, &[]).await
    }

    /// Reads a JSON document; the request carries these headers.
    pub(super) async fn get_with<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        headers: &[(&str, String)],
    ) -> EngineResult<T> {
        let begun = std::time::Instant::now();
        let mut attempt = 1;
        let result = loop {
            match self.get_once(what, path, headers).await {
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

    /// Reads only the head of an answer. Tried again where something listens, so that no engine is told of at once.
    pub(super) async fn head(&self, what: &'static str, path: &str) -> EngineResult<hyper::HeaderMap> {
        let mut attempt = 1;
        loop {
            match self.head_once(what, path).await {
                Err(error) if attempt < ATTEMPTS && may_pass(&error) && self.transport.is_listened_to().await => {
                    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn head_once(&self, what: &'static str, path: &str) -> EngineResult<hyper::HeaderMap> {
        let request = self.request(what, "GET", path, empty(), &[]);
        let response = tokio::time::timeout(LIMIT, request).await.map_err(|_| {
            EngineError::new(ErrorKind::Timeout, what, format!("no answer within {} s", LIMIT.as_secs()))
        })??;
        Ok(response.headers().clone())
    }

    async fn get_once<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        headers: &[(&str, String)],
    ) -> EngineResult<T> {
        let read = async {
            let response = self.request(what, "GET", path, empty(), headers).await?;
            self.body(what, response).await
        };
        let bytes = tokio::time::timeout(LIMIT, read).await.map_err(|_| {
            EngineError::new(ErrorKind::Timeout, what, format!("no answer within {} s", LIMIT.as_secs()))
        })??;
        serde_json::from_slice(&bytes).map_err(|error| {
            EngineError::new(ErrorKind::Garbled, what, format!("the engine's answer was not understood: {error}"))
        })
    }

    /// Opens a stream of bytes; only the head of the answer is bounded in time.
    pub(super) async fn stream(&self, what: &'static str, method: &str, path: &str) -> EngineResult<Incoming> {
        let request = self.request(what, method, path, empty(), &[]);
        let response = tokio::time::timeout(LIMIT, request).await.map_err(|_| {
            EngineError::new(ErrorKind::Timeout, what, format!("no answer within {} s", LIMIT.as_secs()))
        })??;
        Ok(response.into_body())
    }

    /// Sends a request; an answer that is not a success is an error with the engine's words.
    pub(super) async fn request(
        &self,
        what: &'static str,
        method: &str,
        path: &str,
        body: Body,
        headers: &[(&str, String)],
    ) -> EngineResult<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request =
            request.body(body).map_err(|error| EngineError::new(ErrorKind::Invalid, what, error.to_string()))?;
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| EngineError::new(ErrorKind::Connection, what, errors::chain(&error)))?;
        // 304: what was asked for is so already.
        if response.status().is_success() || response.status() == hyper::StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let bytes = self.body(what, response).await.unwrap_or_default();
        let message = message_of(&bytes, status);
        Err(EngineError::new(kind_of(status, &message), what, message))
    }

    async fn body(&self, what: &'static str, response: Response<Incoming>) -> EngineResult<Bytes> {
        match Limited::new(response.into_body(), LARGEST).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(EngineError::new(ErrorKind::Garbled, what, "the engine's answer is larger than 64 MiB"))
            }
            Err(error) => Err(EngineError::new(ErrorKind::Connection, what, error.to_string())),
        }
    }
}

/// Returns an empty body.
pub(super) fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}

/// A lost connection, a garbled answer or a failing engine may be a passing fault; a refusal is not.
fn may_pass(error: &EngineError) -> bool {
    matches!(error.kind, ErrorKind::Connection | ErrorKind::Garbled | ErrorKind::Engine)
}

/// The engine wraps its words in `{"message": ...}`.
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
