//! Connections through `ssh`, kept for further requests.
//!
//! A server of `ssh` refuses clients when too many of them log in at once (`MaxStartups`). So one connection logs in at
//! a time, and a connection whose answer was read to its end serves the next request. Each connection has one session,
//! so that `MaxSessions` is never reached. Start at [`Kept::send`].

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;
use tokio::process::ChildStdin;

use super::stream::{Body, Stream};

/// The pauses after logins that failed, before the next try.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// How long one login may take: long enough for a person who types a password.
const LOGIN: Duration = Duration::from_secs(120);

/// The connections to one engine.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Connections without a request.
    idle: Mutex<Vec<SendRequest<Body>>>,
    /// Held during a login.
    login: tokio::sync::Mutex<()>,
    /// Whether a login has worked.
    has_worked: AtomicBool,
}

impl Kept {
    /// Sends a request over a connection that is free, or over a new one. `arguments` are those of `ssh`.
    pub(super) async fn send(
        self: &Arc<Self>,
        arguments: &[String],
        request: Request<Body>,
    ) -> std::io::Result<Response<Incoming>> {
        let mut sender = self.connection(arguments).await?;
        let response = sender.send_request(request).await.map_err(std::io::Error::other)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let kept = self.clone();
            tokio::spawn(async move {
                // The connection is ready when the body was read to its end. It closes when the body is dropped before.
                if sender.ready().await.is_ok() {
                    kept.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
                }
            });
        }
        Ok(response)
    }

    async fn connection(self: &Arc<Self>, arguments: &[String]) -> std::io::Result<SendRequest<Body>> {
        if let Some(sender) = self.free().await {
            return Ok(sender);
        }
        let (kept, arguments) = (self.clone(), arguments.to_vec());
        // The login is a task of its own. A caller may leave its request unpolled while it waits for another one, which
        // would wait for the lock for ever.
        let login = tokio::spawn(async move { kept.log_in(&arguments).await });
        login.await.map_err(std::io::Error::other)?
    }

    async fn log_in(&self, arguments: &[String]) -> std::io::Result<SendRequest<Body>> {
        let _login = self.login.lock().await;
        // Another request may have ended during the wait for the lock.
        if let Some(sender) = self.free().await {
            return Ok(sender);
        }
        let mut opened = open(arguments).await;
        for pause in PAUSES {
            // A first login that fails may be a wrong password: `ssh` must not ask for it again.
            if opened.is_ok() || !self.has_worked.load(Ordering::Relaxed) {
                break;
            }
            tokio::time::sleep(pause).await;
            opened = open(arguments).await;
        }
        self.has_worked.fetch_or(opened.is_ok(), Ordering::Relaxed);
        opened
    }

    /// Returns a connection that is open and has no request.
    async fn free(&self) -> Option<SendRequest<Body>> {
        loop {
            let mut sender = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }
}

/// Opens a connection within the time of a login.
async fn open(arguments: &[String]) -> std::io::Result<SendRequest<Body>> {
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "the login through ssh does not end");
    tokio::time::timeout(LOGIN, proven(arguments)).await.map_err(late)?
}

/// Opens a connection. The answer to `_ping` shows that the login is over and that an engine is at the other end.
async fn proven(arguments: &[String]) -> std::io::Result<SendRequest<Body>> {
    let mut command = tokio::process::Command::new("ssh");
    command.args(arguments);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(piped(command)?)).await.map_err(std::io::Error::other)?;
    tokio::spawn(async move {
        // An error of the connection shows in the response or its body.
        let _ = connection.with_upgrades().await;
    });
    let nothing = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    let ping = Request::head("/_ping").header(hyper::header::HOST, "docker").body(nothing);
    sender.send_request(ping.map_err(std::io::Error::other)?).await.map_err(std::io::Error::other)?;
    sender.ready().await.map_err(std::io::Error::other)?;
    Ok(sender)
}

/// Starts a program whose standard streams are the connection.
fn piped(mut command: tokio::process::Command) -> std::io::Result<impl Stream + use<>> {
    let pipe = std::process::Stdio::piped;
    let mut child = command.stdin(pipe()).stdout(pipe()).kill_on_drop(true).spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("the program has no standard streams"));
    };
    tokio::spawn(async move {
        // Collects the exit code of the child. The stream has ended by then.
        let _ = child.wait().await;
    });
    Ok(tokio::io::join(output, Input(Some(input))))
}

/// The standard input of a program. A shutdown closes the pipe, so that the program sees the end of its input while its
/// output goes on; tokio's own shutdown of a pipe does nothing.
struct Input(Option<ChildStdin>);

impl Input {
    fn open(&mut self) -> std::io::Result<Pin<&mut ChildStdin>> {
        self.0.as_mut().map(Pin::new).ok_or_else(|| std::io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.open()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.open() {
            Ok(input) => input.poll_flush(context),
            // All bytes were flushed before the pipe was closed.
            Err(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let flushed = self.as_mut().poll_flush(context);
        if flushed.is_ready() {
            self.0 = None;
        }
        flushed
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_program_sees_the_end_of_its_input_while_its_output_goes_on() {
        let mut stream = piped(tokio::process::Command::new("cat")).unwrap();
        stream.write_all(b"hello").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut found = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut found));
        read.await.expect("cat has ended").unwrap();
        assert_eq!(found, b"hello");
        assert!(stream.write_all(b"more").await.is_err());
    }
}
