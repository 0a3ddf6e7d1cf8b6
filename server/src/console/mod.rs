//! `/api`: what the command centre's programs on this machine ask of the relay, and order it to do.
//!
//! Served on loopback only, to who shows the folder's token. The routes check what was asked for
//! against the township's settings; the relay's policy has the last word.

mod access;
mod bundles;
mod error;
mod incidents;
mod input;
mod members;
mod sheet;
mod township;

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    middleware,
    routing::{get, post, put},
};
use suishou_core::{
    id::{Pin, PublicKey, TownshipId},
    time::SharedClock,
};
use tower_http::{
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};

use self::{access::Access, error::ApiError};
use crate::relay::Relay;

/// Largest GeoJSON file in bytes.
const MAX_GRIDS_BYTES: usize = 32 * 1024 * 1024;
/// Largest CSV file in bytes.
const MAX_SHEET_BYTES: usize = 8 * 1024 * 1024;
/// Largest other body in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// What goes into every enrolment QR.
#[derive(Clone, Debug)]
pub struct Invitations {
    /// Base addresses for phones, the most likely first.
    pub addresses: Vec<String>,
    /// Of the relay's certificate; none for plain HTTP on loopback.
    pub pin: Option<Pin>,
    /// Signs receipts, settings and enrolments.
    pub relay_key: PublicKey,
    /// Which township.
    pub township: TownshipId,
}

/// What every route needs.
#[derive(Clone, Debug)]
pub struct Desk {
    relay: Relay,
    access: Access,
    invitations: Invitations,
    clock: SharedClock,
}

impl Desk {
    /// A desk for who shows `token`.
    pub fn new(relay: Relay, token: &str, invitations: Invitations, clock: SharedClock) -> Self {
        Self { relay, access: Access::new(token), invitations, clock }
    }
}

/// Everything under `/api`.
pub fn router(desk: Desk) -> Router {
    let access = desk.access.clone();
    let forms = Router::new()
        .route("/api/status", get(township::status))
        .route("/api/settings", get(township::settings))
        .route("/api/enrolments", post(members::enrol))
        .route("/api/devices", get(members::devices))
        .route("/api/devices/{id}/revoke", post(members::revoke))
        .route("/api/incidents", get(incidents::list))
        .route("/api/incidents/{id}", get(incidents::show))
        .route("/api/incidents/{id}/steps", post(incidents::step))
        .route("/api/incidents/{id}/notes", post(incidents::note))
        .route("/api/incidents/{id}/photos/{hash}", get(incidents::photo))
        .route("/api/patrols", get(incidents::patrols))
        .route("/api/patrols/{id}", get(incidents::patrol))
        .route("/api/held", get(incidents::held));
    let grids = Router::new().route("/api/grids", put(township::import_grids));
    let sheets = Router::new()
        .route("/api/members", get(members::list).put(members::import))
        .route("/api/departments", put(township::import_departments));
    // A phone may have photos of weeks: it comes in pieces, takes its time and has no limit but the disk.
    let bundles =
        Router::new().route("/api/bundles", post(bundles::import)).layer(DefaultBodyLimit::disable());
    let bundles = bundles.with_state(desk.clone());
    Router::new()
        .merge(limited(forms, MAX_FORM_BYTES))
        .merge(limited(grids, MAX_GRIDS_BYTES))
        .merge(limited(sheets, MAX_SHEET_BYTES))
        .fallback(async || ApiError::not_found("path"))
        .method_not_allowed_fallback(async || ApiError::method())
        .with_state(desk)
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(30)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_mins(2)))
        .merge(bundles)
        .layer(middleware::from_fn_with_state(access, access::check))
        .layer(middleware::from_fn(error::in_words))
        .layer(middleware::map_response(sealed))
}

fn limited(routes: Router<Desk>, bytes: usize) -> Router<Desk> {
    routes.layer(DefaultBodyLimit::disable()).layer(RequestBodyLimitLayer::new(bytes))
}

/// No answer is kept by a browser or read as something else than it is.
async fn sealed(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    response
}

#[cfg(test)]
mod tests;
