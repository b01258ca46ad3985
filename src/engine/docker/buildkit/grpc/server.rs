//! Answers to calls of the engine.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::sync::mpsc;

use super::frame::{Messages, encode};
use super::status::{Code, Status, unescape};
use crate::engine::docker::http::transport::Body;

/// How many messages of one answer may wait for the engine.
const QUEUE: usize = 16;

/// One call of the engine.
pub(crate) struct Call {
    /// The method, such as `/grpc.health.v1.Health/Check`.
    pub method: String,
    /// What the engine says about the call beside its messages.
    pub words: Words,
    /// The messages of the engine.
    pub messages: Messages,
    /// Takes the answers.
    pub answers: Answers,
}

/// The headers of a call: names with any number of values.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, Vec<String>>);

impl Words {
    fn of(headers: &HeaderMap) -> Self {
        let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            words.entry(name.as_str().to_owned()).or_default().push(text);
        }
        Self(words)
    }

    /// Returns the values of a name. Newer engines escape values that are not ASCII, and say so.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.get(name).cloned().unwrap_or_default();
        match self.0.contains_key(&format!("{name}-encoded")) {
            true => values.iter().map(|value| unescape(value.replace('+', " ").as_bytes())).collect(),
            false => values,
        }
    }

    /// Returns the first value of a name.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }
}

/// Takes the answers to a call, in order. The engine reads no faster than it wants: a full queue makes the sender wait.
#[derive(Clone)]
pub(crate) struct Answers(mpsc::Sender<Bytes>);

impl Answers {
    /// Sends an answer. Fails where the engine no longer reads.
    pub(crate) async fn send(&self, message: &impl Message) -> Result<(), Status> {
        self.0.send(encode(message)).await.map_err(|_| gone())
    }

    /// Sends an answer from a thread that may wait.
    pub(crate) fn blocking_send(&self, message: &impl Message) -> Result<(), Status> {
        self.0.blocking_send(encode(message)).map_err(|_| gone())
    }
}

fn gone() -> Status {
    Status::new(Code::Cancelled, "the engine no longer reads")
}

/// Carries out calls.
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// Carries out one call, to its end.
    async fn carry_out(&self, call: Call) -> Result<(), Status>;
}

/// Answers calls until the engine closes the connection.
pub(crate) async fn serve(stream: TokioIo<Upgraded>, service: Arc<impl Service>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(begin(service, request)) }
    });
    // The end of the connection is the end of the session, whatever the reason.
    let _ = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(super::MOST_WORDS)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

/// Begins a call; its answers are the body, its outcome the trailers.
fn begin(service: Arc<impl Service>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let call = Call {
        method: head.uri.path().to_owned(),
        words: Words::of(&head.headers),
        messages: Messages::new(body),
        answers: Answers(sender),
    };
    let work = tokio::spawn(async move { service.carry_out(call).await });
    let answers = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|bytes| (Ok(Frame::data(bytes)), receiver))
    });
    let end = futures_util::stream::once(async move {
        let outcome = work.await.unwrap_or_else(|_| Err(Status::new(Code::Internal, "the answer failed")));
        Ok(Frame::trailers(Status::trailers(outcome)))
    });
    let mut response = Response::new(StreamBody::new(answers.chain(end)).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}
