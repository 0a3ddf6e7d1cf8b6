//! Runs a relay: opens it, listens for phones and for this machine's operators, says where, and on
//! request stops without cutting anybody off in the middle.

mod accept;
mod files;
mod first;
mod house;
mod metrics;
mod pages;
mod running;
mod stall;
mod trace;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use suishou_core::{
    sync::wire::{ErrorBody, ErrorDetail, code, path},
    time::{Random, SharedClock},
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use tower_http::catch_panic::CatchPanicLayer;

use self::{
    accept::{Door, Limits},
    metrics::Metrics,
};
pub use self::{first::create_first_link, running::Serving};
use crate::{
    config::Config,
    console::{self, Desk, Invitations},
    error::SetupError,
    folder::{self, Folder},
    identity::{Certificate, Identity},
    relay::{Relay, Terms, error::come_again, webhooks::Courier},
};

/// How often the relay looks for what is overdue.
const REMINDERS: Duration = Duration::from_mins(10);

/// How phones are spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// TLS 1.3 with the relay's own certificate.
    #[default]
    Tls,
    /// Plain HTTP to this machine alone, for trying things out.
    PlainOnLoopback,
}

/// What the operator asks for instead of what `config.toml` says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where phones connect; port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// Where the console and the commands connect.
    pub api_listen: Option<SocketAddr>,
    /// Where browsers on other machines connect.
    pub console_listen: Option<SocketAddr>,
    /// How phones are spoken to.
    pub transport: Transport,
    /// The built files of the console, read from here instead of from the program.
    pub console_dir: Option<PathBuf>,
}

/// A relay that is serving.
#[derive(Debug)]
pub struct Server {
    folder: Folder,
    relay: Relay,
    serving: Serving,
    stopping: watch::Sender<bool>,
    doors: JoinSet<()>,
}

impl Server {
    /// Starts to serve the township of a folder; when this returns, phones and commands get answers.
    pub async fn start(
        folder: &Folder,
        options: Options,
        clock: SharedClock,
        random: Random,
    ) -> Result<Self, SetupError> {
        const MB: u64 = 1024 * 1024;
        files::take_all();
        let config = Config::load(folder)?;
        let identity = Identity::load(folder)?;
        let api_token = folder::read_text(&folder.api_token())?;
        let listen = options.listen.unwrap_or(config.listen);
        let api_listen = options.api_listen.unwrap_or(config.api_listen);
        let console_listen = options.console_listen.or(config.console_listen);
        let certificate = match options.transport {
            Transport::Tls => Some(Certificate::load(folder)?),
            Transport::PlainOnLoopback => only_loopback(listen).map(|()| None)?,
        };
        only_loopback(api_listen)?;
        let pin = certificate.as_ref().map(Certificate::pin);
        let tls = certificate.map(acceptor).transpose()?;

        let console_door = match console_listen {
            Some(address) => Some((bind(address).await?, acceptor(Certificate::load(folder)?)?)),
            None => None,
        };
        let (listener, bound) = bind(listen).await?;
        let (api_listener, api) = bind(api_listen).await?;
        let (addresses, device) = match options.transport {
            Transport::Tls => (config.reachable(bound), format!("https://{bound}")),
            Transport::PlainOnLoopback => (vec![format!("http://{bound}")], format!("http://{bound}")),
        };
        let invitations =
            Invitations { addresses, pin, relay_key: identity.key.public(), township: identity.township };
        let relay = Relay::start(folder.path(), identity, Arc::clone(&clock), random)
            .map_err(|error| SetupError::Relay(error.to_string()))?;
        relay.set_terms(Terms { quotas: config.quotas, pin });
        let (free, last) = (config.disk.attachments_free_mb, config.disk.entries_free_mb);
        relay.blobs().set_reserves(free.saturating_mul(MB), last.saturating_mul(MB));
        relay.keeper().configure(config.backup.clone());

        first::take_first_link(folder, &relay).await?;

        let (stopping, stopped) = watch::channel(false);
        let mut doors = JoinSet::new();
        let metrics = Metrics::default();
        let counted = |router: Router| {
            let counted = router.layer(middleware::from_fn_with_state(metrics.clone(), metrics::count));
            counted.layer(middleware::from_fn(trace::number))
        };
        let own = vec![bound, api];
        let time = Arc::clone(&clock);
        let shown_by = relay.clone();
        let pages = pages::router(options.console_dir, move || {
            shown_by.base_map().address.as_deref().and_then(pages::origin)
        })?;
        let desk = Desk::new(relay.clone(), api_token.trim(), invitations, clock).listening(own.clone());
        let shown = metrics::router(metrics.clone(), relay.clone(), desk.clone(), time);
        // Other systems come by the door that phones come by: the other one is this machine's alone.
        let router =
            phone_router(&relay, stopped.clone()).merge(guarded(console::signed_router(desk.clone())));
        let phones = Door { tls, router: counted(router), limits: Limits::phones(&config) };
        doors.spawn(accept::accept(listener, phones, stopped.clone()));
        doors.spawn(Courier::new(relay.clone(), own).run(stopped.clone()));
        let console = console_door.as_ref().map(|((_, bound), _)| *bound);
        let found_at = config.console_address(api, console);
        let desk = desk.found_at(found_at.clone());
        if let Some(((listener, bound), tls)) = console_door {
            let mut hosts = config.hosts();
            hosts.push(bound.ip().to_string());
            let router = counted(guarded(console::router(desk.for_network(hosts)).merge(pages.clone())));
            let door = Door { tls: Some(tls), router, limits: Limits::browsers() };
            doors.spawn(accept::accept(listener, door, stopped.clone()));
        }
        let router = counted(guarded(console::router(desk).merge(pages))).merge(shown);
        let operators = Door { tls: None, router, limits: Limits::operators() };
        doors.spawn(accept::accept(api_listener, operators, stopped.clone()));
        if config.daily_retention {
            doors.spawn(relay.clone().retain_daily(stopped.clone()));
        }
        doors.spawn(remind(relay.clone(), stopped.clone()));
        doors.spawn(house::keep(relay.clone(), stopped));

        let console = console.map(|_| found_at);
        let serving = Serving { device, api, console, pid: std::process::id() };
        serving.write(folder)?;
        tracing::info!(device = %serving.device, api = %api, "serving");
        Ok(Self { folder: folder.clone(), relay, serving, stopping, doors })
    }

    /// Where it listens.
    pub fn serving(&self) -> &Serving {
        &self.serving
    }

    /// The relay behind it.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Ends when the disk has failed: then nothing that the relay still says could be believed.
    pub async fn disk_failed(&self) {
        house::disk_failed(&self.relay).await;
    }

    /// Takes no new connection, lets requests under way come to their end, and closes the store.
    pub async fn stop(mut self) {
        tracing::info!("stopping");
        Serving::remove(&self.folder);
        self.stopping.send_replace(true);
        self.relay.release_waiting();
        while self.doors.join_next().await.is_some() {}
        self.relay.stop().await;
        tracing::info!("stopped");
    }
}

/// Waits for Ctrl-C or the order to end that a service manager gives.
pub async fn told_to_stop() -> Result<(), SetupError> {
    let failed = |error: std::io::Error| SetupError::Relay(format!("signals: {}", error.kind()));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}

fn only_loopback(address: SocketAddr) -> Result<(), SetupError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(SetupError::NotLoopback { address }) }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SetupError> {
    let failed = |error: std::io::Error| SetupError::Listen { address, kind: error.kind() };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn acceptor(certificate: Certificate) -> Result<TlsAcceptor, SetupError> {
    let failed = |error: rustls::Error| SetupError::Certificate(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.certificate], certificate.key)
        .map_err(failed)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

fn phone_router(relay: &Relay, stopped: watch::Receiver<bool>) -> Router {
    let routes = relay
        .device_router()
        .fallback(async || refusal(StatusCode::NOT_FOUND, code::NOT_FOUND, "this relay has no such path"));
    guarded(routes.layer(middleware::from_fn_with_state(stopped, let_go_of_waiting)))
}

/// A panic in a handler is an answer to one request, not the end of the relay.
fn guarded(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(|_panic| {
        tracing::error!("a handler panicked");
        refusal(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "a fault of the relay")
    }))
}

/// A phone that hangs in `GET /v1/sync/wait` is sent away when the relay stops.
async fn let_go_of_waiting(
    State(mut stopped): State<watch::Receiver<bool>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path() != path::WAIT {
        return next.run(request).await;
    }
    tokio::select! {
        response = next.run(request) => response,
        () = is_stopping(&mut stopped) => busy(),
    }
}

/// Reminds of what is overdue, as long as the relay runs.
async fn remind(relay: Relay, mut stopped: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(REMINDERS);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = is_stopping(&mut stopped) => return,
        }
        match relay.remind().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "reminded of overdue incidents"),
            Err(error) => tracing::warn!(%error, "reminders have to wait"),
        }
    }
}

async fn is_stopping(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|is_stopping| *is_stopping).await);
}

/// Come back later.
fn busy() -> Response {
    let refusal = refusal(StatusCode::SERVICE_UNAVAILABLE, code::OVERLOADED, "the relay is busy: try later");
    let mut response = ([(header::CONNECTION, "close")], refusal).into_response();
    come_again(&mut response, &(3..=8));
    response
}

fn refusal(status: StatusCode, code: &str, reason: &str) -> Response {
    let error = ErrorDetail { code: code.to_owned(), reason: reason.to_owned() };
    (status, axum::Json(ErrorBody { error })).into_response()
}

#[cfg(test)]
mod tests;
