//! Whom a probe asks, and what is shown.

use std::path::PathBuf;

/// The server of a TLS probe.
#[derive(Clone, Debug)]
pub struct Server {
    /// `HOST:PORT`.
    pub address: String,
    /// The name that is asked for, and that the certificate must have where the chain is verified.
    pub name: String,
    /// Certificates that must have signed the server's; with `None`, any certificate is taken.
    pub ca: Option<PathBuf>,
}

/// The certificate that a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// End of the validity, seconds since 1970.
    pub not_after: i64,
}
