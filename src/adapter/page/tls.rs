//! TLS for pages: this machine's own certificate authorities, and no way around them.

use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use crate::model::Observation;

/// Begins TLS with a host and checks its certificate.
pub(super) async fn wrap(
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Observation> {
    wrap_by(config()?, host, stream).await
}

async fn wrap_by(
    config: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Observation> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Observation::bad(format!("`{host}` is no name a certificate could have")))?;
    let connector = TlsConnector::from(config);
    connector.connect(name, stream).await.map_err(|error| {
        let seen = Observation::bad(format!("TLS with {host} failed: {error}"));
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(Error::InvalidCertificate(_)) => seen.with_hint(
                "the certificate must be for the name in `url`, by an authority that this machine trusts",
            ),
            _ => seen,
        }
    })
}

/// Read once: the files of all authorities are half a megabyte.
fn config() -> Result<Arc<ClientConfig>, Observation> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (good, _) = roots.add_parsable_certificates(found.certs);
    if good == 0 {
        let why = found.errors.first().map(|error| format!(": {error}"));
        let detail = format!(
            "this machine has no certificate authorities{}",
            why.unwrap_or_default()
        );
        return Err(
            Observation::bad(detail).with_hint("install ca-certificates, or set SSL_CERT_FILE")
        );
    }
    let config = trusting(roots)?;
    Ok(Arc::clone(CONFIG.get_or_init(|| config)))
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, Observation> {
    // Named, because nothing else in this program chooses one for the whole process.
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Observation::bad(format!("TLS cannot be used here: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;

    const AUTHORITY: &[u8] = include_bytes!("../../../tests/fixtures/tls/authority.pem");
    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/tls/host.pem");
    const KEY: &[u8] = include_bytes!("../../../tests/fixtures/tls/host.key");

    fn certificate(pem: &[u8]) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem).unwrap()
    }

    fn server() -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate(CERTIFICATE)], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// What becomes of TLS with a server whose certificate is for `localhost`.
    async fn wrapped(host: &str, trusted: &[&[u8]]) -> Result<(), Observation> {
        let mut roots = RootCertStore::empty();
        for pem in trusted {
            roots.add(certificate(pem)).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            // Refused certificates end it here, too.
            server().accept(stream).await.is_ok()
        };
        let ask = async {
            let stream = TcpStream::connect(address).await.unwrap();
            wrap_by(trusting(roots)?, host, stream).await.map(drop)
        };
        tokio::join!(serve, ask).1
    }

    #[tokio::test]
    async fn only_the_right_name_by_a_trusted_authority_passes() {
        assert_eq!(wrapped("localhost", &[AUTHORITY]).await, Ok(()));
        for (host, trusted) in [("localhost", &[][..]), ("127.0.0.1", &[AUTHORITY][..])] {
            let seen = wrapped(host, trusted).await.unwrap_err();
            assert!(seen.detail.contains("invalid peer certificate"), "{seen:?}");
            assert!(seen.hint.is_some());
        }
    }
}
