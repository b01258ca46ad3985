//! Questions to a running stack from outside: ports, HTTP, TLS.
//!
//! Each probe is one attempt; the caller sets the time limit and tries again. Start at [`http()`], [`tls()`], [`is_open`].

#[cfg(feature = "tls")]
mod certificate;
mod hello;
mod http;
#[cfg(feature = "tls")]
mod secure;
mod server;

use std::io::ErrorKind;

use tokio::net::TcpStream;

pub use http::{Answer, Request, http};
pub use server::{Server, Shown};

/// Returns whether somebody listens on a port, `HOST:PORT`. An error is an address that cannot be asked, such as a host
/// without an address: nothing is known of its port then.
pub async fn is_open(address: &str) -> Result<bool, String> {
    match TcpStream::connect(address).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::TimedOut) => Ok(false),
        Err(error) => Err(format!("{address} cannot be asked: {error}")),
    }
}

/// Returns whether a server accepts a version of TLS, `1.0` to `1.3`. An error is a server that cannot be asked.
///
/// The library refuses versions before 1.2 by itself, so these are asked for by a hello of our own.
pub async fn accepts(server: &Server, version: &str) -> Result<bool, String> {
    match version {
        "1.0" | "1.1" => hello::accepts(server, version).await,
        version => match tls(server, Some(version)).await {
            Ok(_) => Ok(true),
            Err(words) if words.contains("cannot connect") => Err(words),
            Err(words) if words.contains("certificate") => Err(words),
            Err(_) => Ok(false),
        },
    }
}

/// Makes a handshake, of one version or of any from 1.2 on, and returns the certificate that the server showed. The error
/// says what is wrong, also with the certificate.
pub async fn tls(server: &Server, version: Option<&str>) -> Result<Shown, String> {
    #[cfg(feature = "tls")]
    return secure::shown(server, version).await;
    #[cfg(not(feature = "tls"))]
    {
        let _ = (server, version);
        Err("this program was built without TLS".to_owned())
    }
}
