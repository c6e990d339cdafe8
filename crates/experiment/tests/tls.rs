//! Both clients over TLS, with an authority of our own, to a server behind a proxy that ends TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]
#![cfg(all(feature = "remote", feature = "streaming", feature = "rustls-native-roots"))]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use common::{flags, keys, known, server, until, until_known};
use experiment::{DefaultClient, LocalEvaluationClient, RemoteEvaluationClient, State, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Ends TLS in front of a server. Its address, and the certificate of the authority that vouches for it.
async fn front(server: &Server) -> (SocketAddr, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (address, behind) = (listener.local_addr().unwrap(), server.address());
    // Ends with the test's runtime.
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(socket).await else { return };
                let mut inner = TcpStream::connect(behind).await.unwrap();
                drop(copy_bidirectional(&mut outer, &mut inner).await);
            });
        }
    });
    (address, authority.pem())
}

#[tokio::test]
async fn both_clients_trust_the_authority_that_they_are_told_to() {
    let server = server(&["a"]).await;
    let (address, pem) = front(&server).await;
    let url = format!("https://localhost:{}", address.port());
    let http = Arc::new(DefaultClient::builder().add_root_certificates(pem).build().unwrap());
    let local = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(&url)
        .stream_server_url(&url)
        .stream_updates(true)
        .http_client(http.clone())
        .build()
        .unwrap();
    local.start().await.unwrap();
    until(&local, State::Streaming).await;
    assert_eq!(known(&local), ["a"]);
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&local, &["b"]).await;
    local.close().await;
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(&url).http_client(http);
    let variants = remote.build().unwrap().fetch(&User::with_user_id("u1")).await.unwrap();
    assert_eq!(keys(&variants), ["b"]);
}

#[tokio::test]
async fn others_are_not_trusted_and_the_error_says_so() {
    let server = server(&["a"]).await;
    let (address, _) = front(&server).await;
    let url = format!("https://localhost:{}", address.port());
    let (_, other) = front(&server).await;
    let http = Arc::new(DefaultClient::builder().add_root_certificates(other).build().unwrap());
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(&url).http_client(http);
    let error = remote.fetch_retries(0).build().unwrap().fetch(&User::with_user_id("u1")).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("no safe connection to localhost"), "{error}: {cause}");
}
