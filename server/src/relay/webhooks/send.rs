//! One request to one receiver: ten seconds in all, no redirect, and nothing of the answer but its status.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use suishou_core::error::Problem;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::address::{Target, is_forbidden, is_own};
use crate::relay::{
    error::{RelayError, Result},
    signature,
};

/// For everything from the name to the answer's status.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Largest head of an answer.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most certificates of an own authority.
const MAX_AUTHORITIES: usize = 20;

/// What is sent.
#[derive(Clone)]
pub struct Packet {
    /// To this address.
    pub url: String,
    /// With this secret.
    pub secret: String,
    /// Vouched for by this authority, as PEM.
    pub authority: Option<String>,
    /// The event's id.
    pub event: String,
    /// Its kind.
    pub kind: String,
    /// The body.
    pub payload: String,
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packet").field("event", &self.event).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a receiver did not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The address is none.
    #[error("bad_address")]
    Address,
    /// Its name is not known.
    #[error("name_unknown")]
    Name,
    /// It is an address to which nothing is sent.
    #[error("forbidden_address")]
    Forbidden,
    /// Nobody listens there.
    #[error("not_reachable")]
    Connect,
    /// It can't show that it is who it should be.
    #[error("tls")]
    Tls,
    /// It hung up, or did not speak HTTP.
    #[error("cut")]
    Cut,
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// It answered, and not that it took it.
    #[error("http_{}", .0.as_u16())]
    Status(StatusCode),
}

/// Sends it; good if the receiver says that it took it.
pub(super) async fn send(packet: &Packet, seconds: i64, own: &[SocketAddr]) -> Result<(), Failed> {
    let status = timeout(PATIENCE, exchange(packet, seconds, own)).await.map_err(|_| Failed::Timeout)??;
    // A redirect is not followed: who is told what is the operator's decision.
    if status.is_success() { Ok(()) } else { Err(Failed::Status(status)) }
}

async fn exchange(packet: &Packet, seconds: i64, own: &[SocketAddr]) -> Result<StatusCode, Failed> {
    let target = Target::read(&packet.url).map_err(|_| Failed::Address)?;
    let addresses = lookup_host((target.host.as_str(), target.port)).await.map_err(|_| Failed::Name)?;
    // The number is what counts: a name may point anywhere by now.
    let (allowed, refused): (Vec<_>, Vec<_>) =
        addresses.partition(|address| !is_forbidden(address.ip()) && !is_own(*address, own));
    let mut failed = if refused.is_empty() { Failed::Name } else { Failed::Forbidden };
    for address in allowed {
        match TcpStream::connect(address).await {
            Ok(stream) => return speak(stream, &target, packet, seconds).await,
            Err(_) => failed = Failed::Connect,
        }
    }
    Err(failed)
}

async fn speak(
    stream: TcpStream,
    target: &Target,
    packet: &Packet,
    seconds: i64,
) -> Result<StatusCode, Failed> {
    if !target.is_tls {
        return http(stream, target, packet, seconds).await;
    }
    let tls = tls(packet.authority.as_deref()).map_err(|_| Failed::Tls)?;
    let name = ServerName::try_from(target.host.clone()).map_err(|_| Failed::Tls)?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(|_| Failed::Tls)?;
    http(stream, target, packet, seconds).await
}

async fn http<S>(stream: S, target: &Target, packet: &Packet, seconds: i64) -> Result<StatusCode, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let body = Bytes::from(packet.payload.clone());
    let request = Request::builder()
        .method(Method::POST)
        .uri(target.path.as_str())
        .header(header::HOST, target.authority.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("suishou/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header("x-suishou-event", packet.event.as_str())
        .header("x-suishou-kind", packet.kind.as_str())
        .header(signature::TIMESTAMP, seconds)
        .header(signature::SIGNATURE, signature::sign(&packet.secret, seconds, &body))
        .body(Full::new(body))
        .map_err(|_| Failed::Address)?;
    let handshake = http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| Failed::Cut)?;
    let asking = sender.send_request(request);
    // Driven here and not beside: when this ends for whatever reason, the connection does too.
    tokio::pin!(connection, asking);
    tokio::select! {
        answer = &mut asking => answer.map(|answer| answer.status()).map_err(|_| Failed::Cut),
        _ = &mut connection => asking.await.map(|answer| answer.status()).map_err(|_| Failed::Cut),
    }
}

/// Refuses an authority that is none, or one for an address that has no use for it.
pub(super) fn check_authority(target: &Target, authority: Option<&str>) -> Result<()> {
    if !target.is_tls {
        return Err(RelayError::invalid(Problem::Malformed("an address with https, as --ca needs")));
    }
    tls(authority).map(drop)
}

fn tls(authority: Option<&str>) -> Result<ClientConfig> {
    let bad = || RelayError::invalid(Problem::Malformed("certificates in PEM form"));
    let mut roots = RootCertStore::empty();
    match authority {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()).take(MAX_AUTHORITIES) {
                roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
            }
            if roots.is_empty() {
                return Err(bad());
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| bad())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
