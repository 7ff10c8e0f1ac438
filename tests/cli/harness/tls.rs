//! The scripted server behind TLS, with certificates good and bad.

use super::message::{Answer, Request};
use super::server::{Server, serve};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::sync::Arc;

/// The certificate that a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For 127.0.0.1 and localhost, signed by the authority.
    Good,
    /// Ended in 2021.
    Expired,
    /// Begins in 2090.
    NotYetValid,
    /// For another host.
    WrongHost,
    /// For the Cognito API of us-east-1.
    Cognito,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority of the same name that nobody knows.
    UnknownAuthority,
}

/// A certificate authority of this test alone.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes one.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, "cogtok test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        Self { issuer: issuer.expect("an authority") }
    }

    /// The authority's certificate, for `SSL_CERT_FILE` or `--ca-bundle`.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server at `https://127.0.0.1:PORT` that shows this certificate; `.bytes()` are the decrypted ones.
    pub fn serve(
        &self,
        certificate: Certificate,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Server {
        Self::serve_with(self.config(certificate), handler)
    }

    /// The same, which says nothing that was not asked for: it gives no tickets for resuming the session.
    pub fn serve_without_tickets(
        &self,
        certificate: Certificate,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let mut config = self.config(certificate);
        config.send_tls13_tickets = 0;
        Self::serve_with(config, handler)
    }

    fn serve_with(config: ServerConfig, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let config = Arc::new(config);
        Server::accept("https", Box::new(handler), move |stream, shared, id| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            serve(StreamOwned::new(connection, stream), &shared, id);
        })
    }

    /// The same for what is not a request and its answer: hands each connection to `handler`.
    pub fn sockets(
        &self,
        certificate: Certificate,
        handler: impl Fn(StreamOwned<ServerConnection, std::net::TcpStream>) + Send + Sync + 'static,
    ) -> Server {
        let config = Arc::new(self.config(certificate));
        Server::accept("https", Box::new(|_| Answer::close()), move |stream, _, _| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            handler(StreamOwned::new(connection, stream));
        })
    }

    fn config(&self, certificate: Certificate) -> ServerConfig {
        let host = match certificate {
            Certificate::WrongHost => "elsewhere.example",
            Certificate::Cognito => "cognito-idp.us-east-1.amazonaws.com",
            _ => "127.0.0.1",
        };
        let mut params = CertificateParams::new([host.to_string(), "localhost".into()]).expect("parameters");
        if certificate == Certificate::WrongHost {
            params.subject_alt_names.truncate(1);
        }
        params.distinguished_name.push(DnType::CommonName, host);
        match certificate {
            Certificate::Expired => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            Certificate::NotYetValid => params.not_before = date_time_ymd(2090, 1, 1),
            _ => {}
        }
        let key = KeyPair::generate().expect("a key");
        let signed = match certificate {
            Certificate::SelfSigned => params.self_signed(&key),
            Certificate::UnknownAuthority => params.signed_by(&key, &Self::new().issuer),
            _ => params.signed_by(&key, &self.issuer),
        };
        let chain = vec![signed.expect("a certificate").der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate for the key")
    }
}
