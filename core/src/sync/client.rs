//! The thin shell that carries the session's requests over HTTPS. Home of `reqwest` and `rustls`.
//!
//! It trusts one certificate, by its pin; follows no redirect, uses no proxy, and has no total time limit,
//! because a piece of a photo may take minutes on a bad link. An answer that is cut is no answer.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result, Unreachable},
    id::Pin,
    sync::exchange::{Method, Request, Response},
};

/// Largest answer in bytes.
const MAX_RESPONSE_BYTES: usize = 40 * 1024 * 1024;

/// A connection to one township's relay.
#[derive(Clone, Debug)]
pub struct Client(reqwest::Client);

impl Client {
    /// For a relay with this certificate; without a pin only plain HTTP on loopback is spoken.
    pub fn new(pin: Option<Pin>) -> Result<Self> {
        let builder = match pin {
            Some(pin) => builder().https_only(true).tls_backend_preconfigured(tls(Expected::Only(pin))?),
            None => builder().tls_backend_preconfigured(tls(Expected::Only(Pin::ZERO))?),
        };
        builder.build().map(Self).map_err(|_| Error::Store("the HTTP client can't be set up".to_owned()))
    }

    /// For a relay of which nothing is known yet but where it should be: takes any certificate, and tells which.
    pub fn on_first_use() -> Result<(Self, Seen)> {
        let seen = Seen::default();
        let tls = tls(Expected::Any(seen.clone()))?;
        let client = builder().tls_backend_preconfigured(tls).build();
        let client = client.map_err(|_| Error::Store("the HTTP client can't be set up".to_owned()))?;
        Ok((Self(client), seen))
    }

    /// Sends a request to the relay at `address` and waits for the whole answer.
    pub async fn send(&self, address: &str, request: Request) -> Result<Response> {
        let url = format!("{}{}", address.trim_end_matches('/'), request.path);
        check_address(address)?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
        };
        let mut sending = self.0.request(method, url).body(request.body);
        for (name, value) in request.headers {
            sending = sending.header(name, value);
        }
        let mut response = sending.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + piece.len() > MAX_RESPONSE_BYTES {
                return Err(Error::Offline(Unreachable::NotTheRelay));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response { status, headers, body })
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(75))
        .pool_idle_timeout(Duration::from_secs(20))
        .tcp_nodelay(true)
        .referer(false)
}

/// The certificate that was shown, if one was.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<OnceLock<Pin>>);

impl Seen {
    /// Its pin.
    pub fn pin(&self) -> Option<Pin> {
        self.0.get().copied()
    }
}

/// Which certificate is trusted.
#[derive(Clone, Debug)]
enum Expected {
    /// This one.
    Only(Pin),
    /// The first that is shown, and then that one.
    Any(Seen),
}

impl Expected {
    fn is(&self, found: Pin) -> bool {
        match self {
            Self::Only(pin) => *pin == found,
            Self::Any(seen) => *seen.0.get_or_init(|| found) == found,
        }
    }
}

/// Plain HTTP leaves the machine in no case.
fn check_address(address: &str) -> Result<()> {
    let Some(host) = address.strip_prefix("http://") else { return Ok(()) };
    let is_loopback = ["127.0.0.1", "localhost", "[::1]"].iter().any(|loopback| {
        host.strip_prefix(loopback).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    if is_loopback { Ok(()) } else { Err(Error::Offline(Unreachable::NoConnection)) }
}

fn unreachable(error: &reqwest::Error) -> Error {
    Error::Offline(if error.is_connect() { Unreachable::NoConnection } else { Unreachable::Cut })
}

fn tls(expected: Expected) -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PinVerifier { expected, provider: Arc::clone(&provider) });
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Store("TLS can't be set up".to_owned()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Trusts exactly the certificate whose SHA-256 the QR carried, whatever name or date it has: a township has
/// no domain name and phones have wrong clocks.
#[derive(Debug)]
struct PinVerifier {
    expected: Expected,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        if self.expected.is(Pin::new(found)) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for allowed in ["http://127.0.0.1:80", "http://localhost:80", "http://[::1]:80", "https://10.0.0.1"] {
            assert!(check_address(allowed).is_ok());
        }
        for refused in ["http://10.0.0.1", "http://127.0.0.1.example.cn", "http://localhostile"] {
            assert!(check_address(refused).is_err());
        }
    }
}
