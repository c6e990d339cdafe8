//! TLS: which certificates are trusted, and the handshake.

#[cfg(feature = "native-roots")]
mod native;

use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::io::BoxIo;
use super::{BoxError, ClientError, HttpError};

/// TLS as one client has it. Made ready when it is first needed: who speaks plain HTTP never reads a certificate.
pub(super) struct Tls {
    /// Roots besides those of the features.
    extra: Vec<CertificateDer<'static>>,
    /// Whether those of the features count.
    built_in: bool,
    ready: OnceLock<Result<Ready, Arc<NoRoots>>>,
}

struct Ready {
    /// For servers: HTTP/2 or 1.1, as they like.
    any: TlsConnector,
    /// For proxies.
    http1: TlsConnector,
}

/// Why there is nothing to trust.
#[derive(Debug, thiserror::Error)]
#[error("no root certificates were found")]
pub(super) struct NoRoots {
    source: Option<BoxError>,
}

impl Tls {
    pub(super) fn new(extra: Vec<CertificateDer<'static>>, built_in: bool) -> Self {
        Self { extra, built_in, ready: OnceLock::new() }
    }

    pub(super) fn check(&self) -> Result<(), ClientError> {
        self.ready().map(|_| ())
    }

    /// A handshake over a connection. True when HTTP/2 came out of it.
    pub(super) async fn secure(&self, io: BoxIo, host: &str, http2: bool) -> Result<(BoxIo, bool), HttpError> {
        let failed = |source: BoxError| HttpError::Tls { host: host.to_owned(), source };
        let ready = self.ready()?;
        let connector = if http2 { &ready.any } else { &ready.http1 };
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|error| failed(error.into()))?;
        let io = connector.connect(name, io).await.map_err(|error| failed(error.into()))?;
        let http2 = io.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Box::new(io), http2))
    }

    fn ready(&self) -> Result<&Ready, ClientError> {
        let ready = self.ready.get_or_init(|| Ready::new(self.roots()?));
        ready.as_ref().map_err(|error| ClientError::NoRoots { source: error.clone().into() })
    }

    fn roots(&self) -> Result<RootCertStore, Arc<NoRoots>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.extra.iter().cloned());
        let source = if self.built_in { add_built_in(&mut roots) } else { None };
        if roots.is_empty() { Err(Arc::new(NoRoots { source })) } else { Ok(roots) }
    }
}

impl Ready {
    fn new(roots: RootCertStore) -> Result<Self, Arc<NoRoots>> {
        // Never the default provider of the process: with two of them in a program, taking it is a panic.
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Arc::new(NoRoots { source: Some(error.into()) }))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self { any: connector(&[b"h2", b"http/1.1"]), http1: connector(&[b"http/1.1"]) })
    }
}

/// Adds the roots of the features. Returns what kept some of them away, for the case that there are none.
fn add_built_in(roots: &mut RootCertStore) -> Option<BoxError> {
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "native-roots")]
    return native::add(roots);
    #[cfg(not(feature = "native-roots"))]
    None
}

/// Reads certificates: one in DER, or any number in PEM. `None` when there is none, or one cannot be a root.
pub(super) fn certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let pem = bytes.windows(10).any(|window| window == b"-----BEGIN");
    let certificates: Vec<_> = match pem {
        true => CertificateDer::pem_slice_iter(bytes).collect::<Result<_, _>>().ok()?,
        false => vec![CertificateDer::from(bytes.to_vec())],
    };
    let mut roots = RootCertStore::empty();
    let usable = certificates.iter().all(|certificate| roots.add(certificate.clone()).is_ok());
    (usable && !certificates.is_empty()).then_some(certificates)
}
