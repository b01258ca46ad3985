//! The connection to the engine: a unix socket, TCP, TLS, or the standard streams of `ssh`. Each request has a
//! connection of its own; those of `ssh` are kept ([`Kept`]).

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;

use super::super::place::Way;
use super::ssh::Kept;
pub(crate) use super::stream::Body;
use super::stream::Stream;
use crate::model::ApiVersion;

/// The engine's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(String),
    /// `host:port` over TLS, with the directory of `ca.pem`, `cert.pem` and `key.pem`.
    Tls(String, PathBuf),
    /// The arguments of `ssh`: options, host, and the command on the far side.
    Ssh(Vec<String>),
}

/// Sends requests to one engine.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    address: Arc<Address>,
    endpoint: Arc<str>,
    version: Option<ApiVersion>,
    /// The process that serves the unix socket, known from the first connection; 0 if it cannot be seen from here.
    server: Arc<OnceLock<u32>>,
    /// The connections through `ssh`.
    kept: Arc<Kept>,
}

impl Transport {
    pub(crate) fn new(address: Address, endpoint: &str) -> Self {
        Self {
            address: Arc::new(address),
            endpoint: endpoint.into(),
            version: None,
            server: Arc::default(),
            kept: Arc::default(),
        }
    }

    /// Puts the negotiated API version before every path. bollard 0.21.1 sends its requests without a version.
    pub(crate) fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns how requests reach the engine. For a unix socket that is known after the first connection.
    pub(crate) fn way(&self) -> Way {
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

    /// Sends a request. The connection may be taken over afterwards (`hyper::upgrade`).
    pub(crate) async fn send(&self, request: Request<Body>) -> std::io::Result<Response<Incoming>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let path = match self.version {
            Some(version) => format!("/v{version}{path}"),
            None => path.to_owned(),
        };
        parts.uri = path.parse().map_err(std::io::Error::other)?;
        parts.headers.insert(hyper::header::HOST, hyper::header::HeaderValue::from_static("docker"));
        if let Address::Ssh(arguments) = &*self.address {
            return self.kept.send(arguments, Request::from_parts(parts, body)).await;
        }
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(async move {
            // An error of the connection shows in the response or its body.
            let _ = connection.with_upgrades().await;
        });
        sender.send_request(Request::from_parts(parts, body)).await.map_err(std::io::Error::other)
    }

    /// Returns whether a program accepts connections at the address; `false` for `ssh`, which would have to be started.
    pub(crate) async fn is_listened_to(&self) -> bool {
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
            Address::Tls(address, certificates) => Box::new(super::super::tls::connect(address, certificates).await?),
            #[cfg(not(feature = "tls"))]
            Address::Tls(..) => return Err(std::io::Error::other("this program was built without TLS")),
            Address::Ssh(_) => return Err(std::io::Error::other("connections through ssh are opened by `Kept`")),
        })
    }
}
