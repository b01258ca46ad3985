//! TLS to engines on tcp, with the certificates that docker's tools keep as `ca.pem`, `cert.pem` and `key.pem`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Opens a connection with certificates on both sides. The engine's certificate must be signed by `ca.pem`; the
/// client's certificate is `cert.pem`.
pub(super) async fn connect(address: &str, certificates: &Path) -> io::Result<TlsStream<TcpStream>> {
    let config = config(certificates)?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn config(certificates: &Path) -> io::Result<ClientConfig> {
    let named = |name: &str, error: &dyn std::fmt::Display| {
        io::Error::other(format!("cannot use `{}`: {error}", certificates.join(name).display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in read(certificates, "ca.pem")? {
        roots.add(certificate).map_err(|error| named("ca.pem", &error))?;
    }
    let key = PrivateKeyDer::from_pem_file(certificates.join("key.pem")).map_err(|error| named("key.pem", &error))?;
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(read(certificates, "cert.pem")?, key)
        .map_err(|error| named("cert.pem", &error))
}

fn read(folder: &Path, name: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let path = folder.join(name);
    let fault = |error: &dyn std::fmt::Display| io::Error::other(format!("cannot use `{}`: {error}", path.display()));
    CertificateDer::pem_file_iter(&path)
        .map_err(|error| fault(&error))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| fault(&error))
}
