//! Calls to the engine.

use std::marker::PhantomData;

use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::CONTENT_TYPE;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;

use super::frame::{Messages, encode};
use super::status::Status;
use crate::engine::docker::http::errors::chain;
use crate::engine::docker::http::raw;
use crate::engine::docker::http::transport::Body;

/// A connection on which calls are made, several at a time. The engine cancels running calls when it ends.
#[derive(Clone)]
pub(crate) struct Client(SendRequest<Body>);

impl Client {
    /// Makes a connection that was taken over one for calls.
    pub(crate) async fn new(stream: TokioIo<Upgraded>) -> Result<Self, Status> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(super::MOST_WORDS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Status::broken(chain(&error)))?;
        tokio::spawn(async move {
            // An error of the connection shows in the calls.
            let _ = connection.await;
        });
        Ok(Self(sender))
    }

    /// Makes a call with one answer.
    pub(crate) async fn call<A: Message + Default>(&self, method: &str, request: &impl Message) -> Result<A, Status> {
        let mut answers = self.stream(method, request).await?;
        let answer = answers.next().await?;
        while answers.next().await?.is_some() {}
        answer.ok_or_else(|| Status::broken("there was no answer"))
    }

    /// Makes a call with a stream of answers.
    pub(crate) async fn stream<A: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<Answers<A>, Status> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://localhost{method}"))
            .header(CONTENT_TYPE, "application/grpc")
            .header("te", "trailers")
            .body(raw::full(encode(request)))
            .map_err(|error| Status::broken(error.to_string()))?;
        let mut sender = self.0.clone();
        let sent = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        let response = sent.await.map_err(|error| Status::broken(chain(&error)))?;
        if let Some(Err(status)) = Status::read(response.headers()) {
            return Err(status);
        }
        if !response.status().is_success() {
            return Err(Status::broken(format!("the engine answered {}", response.status())));
        }
        Ok(Answers { messages: Messages::new(response.into_body()), kind: PhantomData })
    }
}

/// The answers of a call.
pub(crate) struct Answers<A> {
    messages: Messages,
    kind: PhantomData<fn() -> A>,
}

impl<A: Message + Default> Answers<A> {
    /// Returns the next answer; `None` after the last one of a call that has succeeded.
    pub(crate) async fn next(&mut self) -> Result<Option<A>, Status> {
        match self.messages.next().await? {
            Some(answer) => Ok(Some(answer)),
            None => self.messages.outcome().map(|()| None),
        }
    }
}
