//! TLS to the server, and what is verified of its certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attune_ports::BoxError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::Verification;
use crate::error::OpenError;

/// The value of `sslrootcert` for the authorities of the system, as in libpq.
const SYSTEM: &str = "system";

/// Trusts the certificates in the file of `sslrootcert`, or the authorities of the system.
pub(crate) async fn tls_connector(
    file: Option<PathBuf>,
    verification: Verification,
) -> Result<MakeRustlsConnect, OpenError> {
    let connector = tokio::task::spawn_blocking(move || connector(file.as_deref(), verification)).await;
    connector.map_err(|error| OpenError::Unreachable(error.into()))?
}

fn connector(file: Option<&Path>, verification: Verification) -> Result<MakeRustlsConnect, OpenError> {
    // The provider is explicit, so that it does not depend on the default of the process.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let trusted = match file.filter(|file| *file != Path::new(SYSTEM)) {
        Some(path) => certificates_in(path)?,
        None => Vec::new(),
    };
    let authorities = match verification {
        Verification::Nothing => None,
        Verification::Authority | Verification::AuthorityAndHost => {
            let roots = authorities(&trusted)?;
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            Some(verifier.map_err(|error| OpenError::Tls(Error::General(error.to_string())))?)
        }
    };
    let verifier = Verifier { verification, authorities, trusted, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OpenError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let unreadable = |source: BoxError| OpenError::RootFile { path: path.to_owned(), source };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unreadable(error.into()))?;
    if found.is_empty() {
        return Err(unreadable(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
    }
    Ok(found)
}

fn authorities(trusted: &[CertificateDer<'static>]) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    if trusted.is_empty() {
        // Some certificates of a system do not meet today's rules; the others suffice.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        for certificate in trusted {
            roots.add(certificate.clone()).map_err(OpenError::Tls)?;
        }
    }
    if roots.is_empty() { Err(OpenError::NoRoots) } else { Ok(roots) }
}

#[derive(Debug)]
struct Verifier {
    verification: Verification,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of `sslrootcert`. The server's own may be one of them.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        let verified = authorities.verify_server_cert(certificate, intermediates, host, ocsp_response, now);
        let Err(Error::InvalidCertificate(reason)) = verified else { return verified };
        let is_for_another_host =
            matches!(reason, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
        // A certificate that signs itself is usually that of an authority, which the library does not accept as a server's
        // own. Here it is, because it is the very one that is trusted.
        let is_trusted_itself = !is_dated(&reason) && self.trusted.iter().any(|trusted| trusted == certificate);
        if !is_for_another_host && !is_trusted_itself {
            return Err(Error::InvalidCertificate(reason));
        }
        if self.verification == Verification::AuthorityAndHost {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether the certificate was valid once, or will be.
fn is_dated(reason: &CertificateError) -> bool {
    matches!(
        reason,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}
