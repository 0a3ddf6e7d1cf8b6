//! HTTP for phones: reads a body within its limit, asks the relay, answers in CBOR or with a typed error.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use suishou_core::{
    id::{BlobHash, Epoch},
    model::encode,
    sync::wire::{
        ANSWER_HEADER, AnswerSeal, BlobKind, CONTENT_TYPE, Cursor, MAX_CHUNK_BYTES, MAX_SYNC_BYTES, WAIT_S,
        path,
    },
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use super::{
    Engine, Relay,
    error::{RelayError, Result},
    feed::{Reader, has_news},
    tus, upload,
};
use crate::db::{self, device::Device};

/// Largest enrolment request in bytes.
const MAX_ENROL_BYTES: usize = 4 * 1024;
/// A request that is not answered by then is given up; the phone asks again.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Everything under `/v1`.
pub(super) fn router(relay: Relay) -> Router {
    let quick = Router::new()
        .route(path::SYNC, post(sync))
        .route(path::ENROL, post(enrol))
        .route(path::HELLO, post(hello))
        .route(path::SETTINGS, get(settings))
        .route(path::HELD, post(held))
        .route(path::BASE_MAP, get(base_map))
        .route(&format!("{}/{{hash}}", path::BASE_MAP), get(base_map_piece))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT));
    Router::new()
        .route(path::WAIT, get(wait))
        .route(&format!("{}/{{hash}}/preview", path::BLOBS), get(preview))
        .merge(tus::router())
        .merge(quick)
        .layer(middleware::from_fn_with_state(relay.clone(), count))
        .layer(CatchPanicLayer::custom(|_| RelayError::Stopped.into_response()))
        .with_state(relay)
}

async fn count(State(relay): State<Relay>, request: Request, next: Next) -> Response {
    relay.inner.shared.requests.fetch_add(1, Ordering::Relaxed);
    next.run(request).await
}

async fn read_body(body: Body, limit: usize) -> Result<Vec<u8>> {
    let too_large = || RelayError::TooLarge { limit: limit as u64 };
    let bytes = to_bytes(body, limit).await.map_err(|error| {
        let is_limit = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if is_limit { too_large() } else { RelayError::malformed("a whole body") }
    })?;
    Ok(bytes.into())
}

fn cbor(bytes: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], bytes.into()).into_response()
}

async fn sync(State(relay): State<Relay>, request: Request) -> Result<Response> {
    let body = read_body(request.into_body(), MAX_SYNC_BYTES).await?;
    let response = relay.sync(body).await?;
    let (nonce, body) = (response.receipt.nonce, encode(&response));
    let signature = relay.inner.shared.identity.key.sign(&AnswerSeal::of(nonce, &body));
    let seal = HeaderValue::from_str(&BASE64URL_NOPAD.encode(signature.as_ref()))
        .map_err(|_| RelayError::Stopped)?;
    let mut answer = cbor(body);
    answer.headers_mut().insert(HeaderName::from_static(ANSWER_HEADER), seal);
    Ok(answer)
}

async fn enrol(State(relay): State<Relay>, request: Request) -> Result<Response> {
    let enrolment = guessed(&relay, request, super::engine::Engine::enrol).await?;
    Ok(cbor(encode(&enrolment)))
}

async fn hello(State(relay): State<Relay>, request: Request) -> Result<Response> {
    let welcome = guessed(&relay, request, super::engine::Engine::welcome).await?;
    Ok(cbor(encode(&welcome)))
}

/// Does something with a code that may be a guess.
async fn guessed<T: Send + 'static>(
    relay: &Relay,
    request: Request,
    tried: impl FnOnce(&mut Engine, &[u8]) -> Result<T> + Send + 'static,
) -> Result<T> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let shared = &relay.inner.shared;
    shared.guesses.admit(peer, shared.clock.now())?;
    let body = read_body(request.into_body(), MAX_ENROL_BYTES).await?;
    let done = relay.call(move |engine| tried(engine, &body)).await;
    shared.guesses.note(peer, shared.clock.now(), &done);
    done
}

async fn settings(State(relay): State<Relay>, headers: HeaderMap) -> Result<Response> {
    relay.device(&headers).await?;
    Ok(cbor(Vec::clone(&relay.inner.shared.signed_settings())))
}

#[derive(Debug, Deserialize)]
struct Since {
    epoch: Epoch,
    seq: u64,
}

/// Hangs until the feed has something for the member: 200 then, 204 if it has nothing for a while.
async fn wait(
    State(relay): State<Relay>,
    headers: HeaderMap,
    since: Result<Query<Since>, axum::extract::rejection::QueryRejection>,
) -> Result<StatusCode> {
    let Query(since) = since.map_err(|_| RelayError::malformed("a cursor"))?;
    let device = relay.device(&headers).await?;
    let own = device.device;
    let cursor = Cursor { epoch: since.epoch, seq: since.seq, inside: 0 };
    let mut feed = relay.inner.shared.watch();
    let end = tokio::time::Instant::now() + Duration::from_secs(WAIT_S);
    feed.borrow_and_update();
    let (has_news, keys, next) = relay
        .with(move |connection, _| {
            let epoch = db::meta::read(connection)?.map(|meta| meta.epoch);
            let reader = Reader::of_device(connection, &device)?.ok_or(RelayError::BadToken)?;
            if epoch != Some(cursor.epoch) {
                return Ok((true, Vec::new(), cursor));
            }
            let (has_news, next) = has_news(connection, &reader, cursor)?;
            Ok((has_news, reader.keys(), next))
        })
        .await?;
    if has_news {
        return Ok(StatusCode::OK);
    }
    let seq = i64::try_from(next.seq).unwrap_or(i64::MAX);
    // One of the reader's keys was touched: what came is read once, by the exchange that follows, and not a thousand
    // times here before the first phone is told.
    let touched = async {
        while !relay.inner.shared.has_touched(&keys, seq, own) {
            if feed.changed().await.is_err() {
                return;
            }
        }
    };
    match tokio::time::timeout_at(end, touched).await {
        Ok(()) => Ok(StatusCode::OK),
        Err(_) => Ok(StatusCode::NO_CONTENT),
    }
}

/// Which of many attachments are here, for a phone that has not got them.
async fn held(State(relay): State<Relay>, request: Request) -> Result<Response> {
    relay.device(request.headers()).await?;
    let body = read_body(request.into_body(), MAX_SYNC_BYTES).await?;
    let blobs = Arc::clone(&relay.inner.blobs);
    let answer =
        relay.with(move |connection, shared| upload::held(connection, shared, &blobs, &body)).await?;
    Ok(cbor(answer))
}

/// Which base map the township has.
async fn base_map(State(relay): State<Relay>, headers: HeaderMap) -> Result<Response> {
    relay.device(&headers).await?;
    let signed = relay.signed_base_map()?;
    Ok(cbor(encode(&signed)))
}

#[derive(Debug, Deserialize)]
struct From {
    from: u64,
}

/// A piece of the file, at most [`MAX_CHUNK_BYTES`].
async fn base_map_piece(
    State(relay): State<Relay>,
    headers: HeaderMap,
    Path(hash): Path<String>,
    from: Result<Query<From>, axum::extract::rejection::QueryRejection>,
) -> Result<Response> {
    relay.device(&headers).await?;
    let Query(from) = from.map_err(|_| RelayError::malformed("a place in a file"))?;
    let hash: BlobHash = hash.parse().map_err(|_| RelayError::NotFound)?;
    let piece = relay.base_map_piece(hash, from.from, MAX_CHUNK_BYTES).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], piece).into_response())
}

pub(super) async fn blob(relay: State<Relay>, headers: HeaderMap, hash: Path<String>) -> Result<Response> {
    send(relay, headers, hash, upload::readable).await
}

async fn preview(relay: State<Relay>, headers: HeaderMap, hash: Path<String>) -> Result<Response> {
    send(relay, headers, hash, upload::readable_preview).await
}

/// Sends the blob that `find` gives, if it says that this device may read it.
async fn send(
    State(relay): State<Relay>,
    headers: HeaderMap,
    Path(hash): Path<String>,
    find: fn(&db::Connection, &Device, BlobHash) -> Result<db::blob::Blob>,
) -> Result<Response> {
    let hash: BlobHash = hash.parse().map_err(|_| RelayError::NotFound)?;
    let device = relay.device(&headers).await?;
    let blob = relay.with(move |connection, _| find(connection, &device, hash)).await?;
    relay.send_blob(blob).await
}

impl Relay {
    /// Whose token the request carries.
    pub(super) async fn device(&self, headers: &HeaderMap) -> Result<Device> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(RelayError::BadToken)?;
        let shared = &self.inner.shared;
        let id = shared.tokens.check(token.trim(), shared.clock.now()).ok_or(RelayError::BadToken)?;
        let device = self.with(move |connection, _| Ok(db::device::find(connection, id)?)).await?;
        let device = device.ok_or(RelayError::BadToken)?;
        if device.is_revoked { Err(RelayError::Revoked) } else { Ok(device) }
    }

    async fn send_blob(&self, blob: db::blob::Blob) -> Result<Response> {
        let read = self.read_blob(blob).await?;
        let content_type = match read.kind {
            BlobKind::Preview | BlobKind::Photo => "image/jpeg",
            BlobKind::Voice | BlobKind::Track => "application/octet-stream",
        };
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CONTENT_DISPOSITION, "attachment"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        ];
        Ok((headers, read.bytes).into_response())
    }
}
