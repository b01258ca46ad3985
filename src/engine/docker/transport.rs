//! How bytes reach the engine: a unix socket, TCP, or the standard streams of `ssh`. One connection a request.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::place::Way;
use crate::model::ApiVersion;

/// A request's body.
pub(super) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Where the engine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    Tcp(String),
    /// `host:port` over TLS, with the directory of `ca.pem`, `cert.pem` and `key.pem`.
    Tls(String, PathBuf),
    /// The arguments of `ssh`: options, host, and the command on the far side.
    Ssh(Vec<String>),
}

/// A way to send requests to one engine.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    address: Arc<Address>,
    endpoint: Arc<str>,
    version: Option<ApiVersion>,
    /// The process that serves the unix socket, as the first connection showed; 0 where it cannot be seen from here.
    server: Arc<OnceLock<u32>>,
}

impl Transport {
    pub(super) fn new(address: Address, endpoint: &str) -> Self {
        Self { address: Arc::new(address), endpoint: endpoint.into(), version: None, server: Arc::default() }
    }

    /// Puts the negotiated version before every path. The library's own requests carry none (bollard 0.21.1).
    pub(super) fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns how requests reach the engine. Of a unix socket that is known once a connection was made.
    pub(super) fn way(&self) -> Way {
        match &*self.address {
            Address::Unix(_) => Way::Unix { server: self.server.get().copied().unwrap_or(0) },
            Address::Tcp(address) | Address::Tls(address, _)
                if ["127.", "localhost:", "[::1]"].iter().any(|start| address.starts_with(start)) =>
            {
                Way::Loopback
            }
            Address::Tcp(_) | Address::Tls(..) | Address::Ssh(_) => Way::Remote,
        }
    }

    /// Sends one request over a connection of its own; the response may be upgraded.
    pub(super) async fn send(&self, request: Request<Body>) -> std::io::Result<Response<Incoming>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let path = match self.version {
            Some(version) => format!("/v{version}{path}"),
            None => path.to_owned(),
        };
        parts.uri = path.parse().map_err(std::io::Error::other)?;
        parts.headers.insert(hyper::header::HOST, hyper::header::HeaderValue::from_static("docker"));
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(async move {
            // What goes wrong with the connection shows in the response.
            let _ = connection.with_upgrades().await;
        });
        sender.send_request(Request::from_parts(parts, body)).await.map_err(std::io::Error::other)
    }

    /// Whether something takes connections there. Of `ssh` that cannot be told without starting it.
    pub(super) async fn is_listened_to(&self) -> bool {
        !matches!(*self.address, Address::Ssh(_)) && self.connect().await.is_ok()
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match &*self.address {
            Address::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await?;
                let server = || stream.peer_cred().ok().and_then(|peer| peer.pid()).and_then(|pid| pid.try_into().ok());
                self.server.get_or_init(|| server().unwrap_or(0));
                Box::new(stream)
            }
            Address::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address.as_str()).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            #[cfg(feature = "tls")]
            Address::Tls(address, certificates) => Box::new(super::tls::connect(address, certificates).await?),
            #[cfg(not(feature = "tls"))]
            Address::Tls(..) => return Err(std::io::Error::other("this program was built without TLS")),
            Address::Ssh(arguments) => Box::new(ssh(arguments)?),
        })
    }
}

/// A connection in both directions.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Starts `ssh`; it ends when the connection is dropped.
fn ssh(arguments: &[String]) -> std::io::Result<impl Stream + use<>> {
    let mut child = tokio::process::Command::new("ssh")
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("ssh has no standard streams"));
    };
    tokio::spawn(async move {
        // Reaps the child; its end shows as the end of the stream.
        let _ = child.wait().await;
    });
    Ok(tokio::io::join(output, input))
}
