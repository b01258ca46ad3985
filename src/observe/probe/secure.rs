//! Handshakes of TLS 1.2 and 1.3.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};

use super::certificate;
use super::server::{Server, Shown};

/// Makes a handshake and returns the certificate.
pub(super) async fn shown(server: &Server, version: Option<&str>) -> Result<Shown, String> {
    let stream = connect(server, version).await?;
    let (_, session) = stream.get_ref();
    let first = session.peer_certificates().and_then(|all| all.first());
    let not_after = first.and_then(|one| certificate::not_after(one)).ok_or("the certificate cannot be read")?;
    Ok(Shown { not_after })
}

/// Opens a connection with TLS.
pub(super) async fn connect(server: &Server, version: Option<&str>) -> Result<TlsStream<TcpStream>, String> {
    let versions: &[&SupportedProtocolVersion] = match version {
        Some("1.2") => &[&TLS12],
        Some("1.3") => &[&TLS13],
        _ => &[&TLS12, &TLS13],
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let config = match &server.ca {
        Some(path) => builder.with_root_certificates(roots(path)?).with_no_client_auth(),
        None => {
            let any = Arc::new(AnyCertificate(provider));
            builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth()
        }
    };
    let name =
        ServerName::try_from(server.name.clone()).map_err(|_| format!("`{}` is no name of a server", server.name))?;
    let connecting = TcpStream::connect(&server.address);
    let stream = connecting.await.map_err(|error| format!("cannot connect to {}: {error}", server.address))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| words(&error))
}

/// Says what is wrong with a handshake.
fn words(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(fault)) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet".to_owned()
            }
            CertificateError::UnknownIssuer => "the certificate is not signed by the given authority".to_owned(),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            other => format!("the certificate is not right: {other}"),
        },
        Some(other) => format!("the handshake fails: {other}"),
        None => format!("the handshake fails: {error}"),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let fault = |error: &dyn std::fmt::Display| format!("cannot use the certificates in `{}`: {error}", path.display());
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))? {
        roots.add(one.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
    }
    Ok(roots)
}

/// Takes any certificate: the check asks for no chain. Signatures of the handshake are verified all the same.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
