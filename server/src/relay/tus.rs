//! tus 1.0 over HTTP: core, creation, creation-with-upload, termination.
//!
//! Any tus client works against it. A body may be cut anywhere: what arrived is synced and counted. A
//! body is written in pieces, so that memory does not depend on what a client sends at once.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http_body_util::BodyExt as _;
use suishou_core::{
    id::BlobHash,
    model::encode,
    sync::wire::{BlobKind, MAX_BLOB_BYTES, MAX_CHUNK_BYTES, RECEIPT_HEADER, blob_path, path},
};
use tokio::task::spawn_blocking;

use super::{
    Relay,
    error::{RelayError, Result},
    http, quota,
    upload::{Promise, Standing},
};
use crate::db::{
    blob::{Upload, UploadId},
    device::Device,
};

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const PATCH_TYPE: &str = "application/offset+octet-stream";
/// A body that is silent so long is cut.
const SILENCE: Duration = Duration::from_secs(30);

/// Routes under `/v1/blobs`.
pub(super) fn router() -> Router<Relay> {
    let one = get(http::blob).head(stand).patch(append).delete(end).options(options);
    Router::new()
        .route(path::BLOBS, post(create).options(options))
        .route(&format!("{}/{{name}}", path::BLOBS), one)
        .layer(middleware::from_fn(version))
}

/// Refuses another version of tus, and says in every answer which one this is.
async fn version(request: Request, next: Next) -> Response {
    let is_known = request.headers().get(TUS_RESUMABLE).is_none_or(|version| *version == VERSION);
    let mut response = if is_known {
        next.run(request).await
    } else {
        (StatusCode::PRECONDITION_FAILED, [("tus-version", VERSION)]).into_response()
    };
    response.headers_mut().insert(TUS_RESUMABLE, VERSION);
    response
}

async fn options() -> Response {
    let headers = [
        ("tus-version", VERSION),
        ("tus-max-size", HeaderValue::from(MAX_BLOB_BYTES)),
        ("tus-extension", HeaderValue::from_static("creation,creation-with-upload,termination")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn create(State(relay): State<Relay>, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let device = relay.device(&parts.headers).await?;
    let promise = promise(&parts.headers)?;
    relay.admit_blob(device).await?;
    let standing = relay.call(move |engine| engine.begin_upload(&device, &promise)).await?;
    let (location, standing) = match standing {
        Standing::Whole(blob) => (blob_path(&blob.hash), standing),
        Standing::UnderWay(upload) => {
            let location = format!("{}/{}", path::BLOBS, upload.upload);
            let has_body = content_type(&parts.headers) == Some(PATCH_TYPE);
            if has_body && upload.offset_bytes == 0 {
                (location, relay.take_body(device, upload, body).await?)
            } else {
                (location, standing)
            }
        }
    };
    let mut response = relay.answer(StatusCode::CREATED, standing).await?;
    let location = HeaderValue::from_str(&location).map_err(|_| RelayError::Stopped)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn stand(State(relay): State<Relay>, Path(name): Path<String>, headers: HeaderMap) -> Result<Response> {
    let device = relay.device(&headers).await?;
    let standing = relay.standing(device, &name).await?;
    let mut response = relay.answer(StatusCode::OK, standing).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn append(State(relay): State<Relay>, Path(name): Path<String>, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let device = relay.device(&parts.headers).await?;
    if content_type(&parts.headers) != Some(PATCH_TYPE) {
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let offset = number(&parts.headers, &UPLOAD_OFFSET).ok_or(RelayError::malformed("an upload's offset"))?;
    let upload = match relay.standing(device, &name).await? {
        Standing::UnderWay(upload) if upload.offset_bytes == offset => upload,
        Standing::UnderWay(upload) => return Err(RelayError::OffsetConflict { offset: upload.offset_bytes }),
        Standing::Whole(blob) if blob.size_bytes == offset => {
            return relay.answer(StatusCode::NO_CONTENT, Standing::Whole(blob)).await;
        }
        Standing::Whole(blob) => return Err(RelayError::OffsetConflict { offset: blob.size_bytes }),
    };
    let declared = number(&parts.headers, &header::CONTENT_LENGTH).unwrap_or(0);
    if declared > upload.size_bytes - offset {
        return Err(RelayError::TooLarge { limit: upload.size_bytes - offset });
    }
    relay.admit_blob(device).await?;
    let blobs = Arc::clone(&relay.inner.blobs);
    spawn_blocking(move || blobs.check_room(declared)).await.map_err(|_| RelayError::Stopped)??;
    let standing = relay.take_body(device, upload, body).await?;
    relay.answer(StatusCode::NO_CONTENT, standing).await
}

async fn end(State(relay): State<Relay>, Path(name): Path<String>, headers: HeaderMap) -> Result<StatusCode> {
    let device = relay.device(&headers).await?;
    let upload: UploadId = name.parse().map_err(|_| RelayError::NotFound)?;
    relay.call(move |engine| engine.end_upload(&device, upload)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Relay {
    async fn admit_blob(&self, device: Device) -> Result<()> {
        self.with(move |connection, shared| quota::admit_blob(connection, shared, &device)).await
    }

    /// An upload by its id, or a whole blob by its hash.
    async fn standing(&self, device: Device, name: &str) -> Result<Standing> {
        if let Ok(hash) = name.parse::<BlobHash>() {
            let found = self.call(move |engine| engine.stored_blob(hash)).await?;
            return found.map(Standing::Whole).ok_or(RelayError::NotFound);
        }
        let upload: UploadId = name.parse().map_err(|_| RelayError::NotFound)?;
        self.call(move |engine| engine.upload(&device, upload)).await
    }

    /// Writes a body piece by piece; each is synced before it counts.
    async fn take_body(&self, device: Device, mut upload: Upload, mut body: Body) -> Result<Standing> {
        let mut piece = Vec::new();
        loop {
            // A body that is cut or silent ends here, and what arrived of it counts.
            let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
                Ok(Some(Ok(frame))) => Some(frame),
                Ok(None | Some(Err(_))) | Err(_) => None,
            };
            let is_end = frame.is_none();
            if let Some(data) = frame.and_then(|frame| frame.into_data().ok()) {
                piece.extend_from_slice(&data);
            }
            let left = upload.size_bytes - upload.offset_bytes;
            if piece.len() as u64 > left {
                return Err(RelayError::TooLarge { limit: left });
            }
            let is_due = piece.len() >= MAX_CHUNK_BYTES || piece.len() as u64 == left;
            if is_end && piece.is_empty() {
                return Ok(Standing::UnderWay(upload));
            }
            if !is_due && !is_end {
                continue;
            }
            match self.keep_piece(device, upload, std::mem::take(&mut piece)).await? {
                Standing::UnderWay(now) if !is_end => upload = now,
                standing => return Ok(standing),
            }
        }
    }

    async fn keep_piece(&self, device: Device, upload: Upload, piece: Vec<u8>) -> Result<Standing> {
        let blobs = Arc::clone(&self.inner.blobs);
        let written = piece.len() as u64;
        spawn_blocking(move || blobs.write(upload.upload, upload.offset_bytes, &piece))
            .await
            .map_err(|_| RelayError::Stopped)??;
        self.call(move |engine| engine.raise_offset(&device, &upload, written)).await
    }

    async fn answer(&self, status: StatusCode, standing: Standing) -> Result<Response> {
        let mut response = status.into_response();
        let headers = response.headers_mut();
        match standing {
            Standing::UnderWay(upload) => {
                headers.insert(UPLOAD_OFFSET, HeaderValue::from(upload.offset_bytes));
                headers.insert(UPLOAD_LENGTH, HeaderValue::from(upload.size_bytes));
            }
            Standing::Whole(blob) => {
                headers.insert(UPLOAD_OFFSET, HeaderValue::from(blob.size_bytes));
                headers.insert(UPLOAD_LENGTH, HeaderValue::from(blob.size_bytes));
                let receipt = self.call(move |engine| Ok(engine.blob_receipt(&blob))).await?;
                let receipt = BASE64URL_NOPAD.encode(&encode(&receipt));
                let receipt = HeaderValue::from_str(&receipt).map_err(|_| RelayError::Stopped)?;
                headers.insert(HeaderName::from_static(RECEIPT_HEADER), receipt);
            }
        }
        Ok(response)
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// What the headers of a creation promise. Metadata of other clients (file names) is not looked at.
fn promise(headers: &HeaderMap) -> Result<Promise> {
    let size_bytes = number(headers, &UPLOAD_LENGTH).ok_or(RelayError::malformed("an upload's length"))?;
    let metadata = headers.get(UPLOAD_METADATA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = |wanted: &str| {
        let found = metadata.split(',').find_map(|pair| {
            let (key, value) = pair.trim().split_once(' ')?;
            (key == wanted).then_some(value.trim())
        })?;
        BASE64.decode(found.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    };
    let hash = |name: &'static str| match value(name) {
        Some(hex) => hex.parse::<BlobHash>().map(Some).map_err(|_| RelayError::malformed("a blob's hash")),
        None => Ok(None),
    };
    let kind = match value("kind") {
        Some(word) => BlobKind::from_word(&word).ok_or(RelayError::malformed("a blob's kind"))?,
        None => BlobKind::Photo,
    };
    let preview_of = hash("preview_of")?.filter(|_| kind == BlobKind::Preview);
    Ok(Promise { hash: hash("hash")?, kind, preview_of, size_bytes })
}
