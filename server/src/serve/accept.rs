//! The accept loop: HTTP/1 with a time limit on every stage at which the other side could keep a
//! connection for nothing, a cap on connections, and an answer for those beyond it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{busy, is_stopping, stall::Unstalled};
use crate::config::Config;

/// What one connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// At once.
    pub connections: usize,
    /// At once from one address; this machine itself is not counted.
    pub connections_per_address: usize,
    /// Beyond that, connections that are only told to come back later.
    pub refusals: usize,
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// From a request's first possible byte to the end of its headers.
    pub headers: Duration,
    /// Without taking any byte of an answer.
    pub stall: Duration,
    /// To end requests under way when the relay stops.
    pub drain: Duration,
}

impl Limits {
    /// For phones, from anywhere.
    pub(super) fn phones(config: &Config) -> Self {
        let number =
            |number: u32| usize::try_from(number).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            connections: number(config.connections),
            connections_per_address: number(config.connections_per_address),
            refusals: 64,
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            stall: Duration::from_mins(1),
            drain: Duration::from_secs(10),
        }
    }

    /// For browsers of the town hall.
    pub(super) fn browsers() -> Self {
        Self { connections: 256, connections_per_address: 32, ..Self::operators() }
    }

    /// For programs on this machine.
    pub(super) fn operators() -> Self {
        Self {
            connections: 64,
            connections_per_address: 64,
            refusals: 8,
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            stall: Duration::from_mins(1),
            drain: Duration::from_secs(10),
        }
    }
}

/// What stands behind a listening address.
#[derive(Clone)]
pub(super) struct Door {
    pub tls: Option<TlsAcceptor>,
    pub router: Router,
    pub limits: Limits,
}

/// Serves connections until told to stop, then lets them come to their end.
pub(super) async fn accept(listener: TcpListener, door: Door, mut stopped: watch::Receiver<bool>) {
    let limits = door.limits;
    let serving = Arc::new(Semaphore::new(limits.connections));
    let refusing = Arc::new(Semaphore::new(limits.refusals));
    let crowd = Crowd::new(limits.connections_per_address);
    let refuse = Door { router: Router::new().fallback(async || busy()), ..door.clone() };
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = is_stopping(&mut stopped) => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "a connection was not accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(place) = crowd.enter(peer.ip()) else {
            tracing::debug!("too many connections from one address");
            continue;
        };
        let (door, permit) = match Arc::clone(&serving).try_acquire_owned() {
            Ok(permit) => (door.clone(), permit),
            Err(_) => match Arc::clone(&refusing).try_acquire_owned() {
                Ok(permit) => (refuse.clone(), permit),
                Err(_) => continue,
            },
        };
        let stopped = stopped.clone();
        open.spawn(async move {
            connection(stream, peer, door, stopped).await;
            drop((permit, place));
        });
    }
    drop(listener);
    let drained = timeout(limits.drain, async { while open.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(connections = open.len(), "cut off connections that did not end");
        open.shutdown().await;
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, door: Door, stopped: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(kind = %error.kind(), "the connection was gone at once");
    }
    let limits = door.limits;
    let stream = Unstalled::new(stream, limits.stall);
    let Some(tls) = door.tls else {
        return http(stream, peer, door.router, limits, stopped).await;
    };
    match timeout(limits.handshake, tls.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, peer, door.router, limits, stopped).await,
        Ok(Err(error)) => tracing::debug!(kind = %error.kind(), "no TLS handshake"),
        Err(_) => tracing::debug!("the TLS handshake took too long"),
    }
}

async fn http<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_headers(64)
        .max_header_size(16 * 1024)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = is_stopping(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(timed_out = error.is_timeout(), "a connection ended early");
    }
}

/// How many connections each address has.
#[derive(Clone, Debug)]
struct Crowd {
    most: usize,
    present: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// One connection of an address.
#[derive(Debug)]
struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    fn new(most: usize) -> Self {
        Self { most, present: Arc::default() }
    }

    /// None if the address has as many connections as it may. This machine itself is not counted: a
    /// tunnel that ends here makes every phone look like it.
    fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let count = present.entry(address).or_default();
        if *count >= self.most && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.crowd.present.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = present.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                present.remove(&self.address);
            }
        }
    }
}

/// A line has one IPv4 address, but a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SHORT: Duration = Duration::from_millis(150);

    fn limits() -> Limits {
        Limits {
            connections: 2,
            refusals: 1,
            handshake: SHORT,
            headers: SHORT,
            drain: SHORT,
            ..Limits::operators()
        }
    }

    async fn serve(limits: Limits) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/slow", get(async || sleep(SHORT / 2).await));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, Door { tls: None, router, limits }, stopped));
        (address, stopping, task)
    }

    async fn ends(stream: &mut TcpStream) -> String {
        let mut answer = Vec::new();
        drop(timeout(SHORT * 20, stream.read_to_end(&mut answer)).await.expect("the relay closes"));
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn connections_that_send_nothing_or_half_a_header_are_closed() {
        let (address, _stopping, _task) = serve(Limits { connections: 8, ..limits() }).await;
        for sent in ["", "G", "GET / HTTP/1.1\r\nhost: a", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let answer = ends(&mut stream).await;
            assert_eq!(answer.ends_with("hello"), sent.ends_with("\r\n\r\n"), "{sent:?}: {answer}");
        }
    }

    #[tokio::test]
    async fn headers_beyond_the_limits_are_refused() {
        let (address, _stopping, _task) = serve(limits()).await;
        let many = "x: y\r\n".repeat(100);
        let long = format!("x: {}\r\n", "y".repeat(20_000));
        for headers in [many, long] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("GET / HTTP/1.1\r\n{headers}\r\n").as_bytes()).await.unwrap();
            let answer = ends(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        }
    }

    #[tokio::test]
    async fn who_comes_when_it_is_full_is_told_to_come_later() {
        let (address, _stopping, _task) = serve(Limits { headers: SHORT * 10, ..limits() }).await;
        let _first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let answer = ends(&mut third).await;
        let after =
            answer.split("retry-after: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        assert!(
            answer.starts_with("HTTP/1.1 503") && after.is_some_and(|s: u64| (3..=8).contains(&s)),
            "{answer}"
        );
    }

    #[tokio::test]
    async fn a_stop_waits_for_requests_under_way_and_cuts_what_hangs() {
        let (address, stopping, task) = serve(limits()).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut hanging = TcpStream::connect(address).await.unwrap();
        hanging.write_all(b"GET").await.unwrap();
        sleep(SHORT / 5).await;
        stopping.send_replace(true);
        assert!(ends(&mut slow).await.starts_with("HTTP/1.1 200"));
        timeout(SHORT * 20, task).await.expect("it stops").unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[test]
    fn an_address_has_only_so_many_places_but_this_machine_is_not_counted() {
        let crowd = Crowd::new(1);
        let there = "203.0.113.5".parse().unwrap();
        let place = crowd.enter(there).unwrap();
        assert!(crowd.enter(there).is_none());
        drop(place);
        assert!(crowd.enter(there).is_some());
        assert!(crowd.present.lock().unwrap().is_empty());
        let here = "127.0.0.1".parse().unwrap();
        let _places = [crowd.enter(here).unwrap(), crowd.enter(here).unwrap()];
        let _six = crowd.enter("2001:db8::1".parse().unwrap()).unwrap();
        assert!(crowd.enter("2001:db8::2".parse().unwrap()).is_none());
    }
}
