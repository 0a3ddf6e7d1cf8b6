//! `/api`: what the command centre's programs on this machine ask of the relay, and order it to do.
//!
//! Served on loopback only, to who shows the folder's token. The routes check what was asked for
//! against the township's settings; the relay's policy has the last word.

mod access;
mod bundles;
mod care;
mod document;
mod error;
mod events;
mod incidents;
mod input;
pub mod matrix;
mod members;
mod orders;
mod settings;
mod sheet;
mod township;
mod works;

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
    rows::{HouseholdRow, IncidentRow, NoticeRow, PatrolRow, TaskRow, VisitRow, WarningRow},
    time::SharedClock,
};
use tower_http::{
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};

use self::{access::Access, error::ApiError};
use crate::relay::{Kind, Relay};

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
    seats: events::Seats,
}

impl Desk {
    /// A desk for who shows `token`.
    pub fn new(relay: Relay, token: &str, invitations: Invitations, clock: SharedClock) -> Self {
        let seats = events::Seats::default();
        Self { relay, access: Access::new(token), invitations, clock, seats }
    }
}

/// Everything under `/api`.
pub fn router(desk: Desk) -> Router {
    let access = desk.access.clone();
    let forms = Router::new()
        .route("/api/status", get(township::status))
        .route("/api/enrolments", post(members::enrol))
        .route("/api/devices", get(members::devices))
        .route("/api/devices/{id}/revoke", post(members::revoke))
        .route("/api/settings/versions", get(settings::history))
        .route("/api/settings/versions/{version}", get(settings::version))
        .route("/api/incidents", get(works::list::<IncidentRow>).post(incidents::report))
        .route("/api/incidents/{id}/steps", post(incidents::step))
        .route("/api/incidents/{id}/merge", post(incidents::merge))
        .route("/api/patrols", get(works::list::<PatrolRow>))
        .route("/api/households/{id}/steps", post(care::step))
        .route("/api/visits", get(works::list::<VisitRow>))
        .route("/api/tasks/{id}/steps", post(orders::task_step))
        .route("/api/warnings/{id}/steps", post(orders::warning_step))
        .route("/api/notices", get(works::list::<NoticeRow>).post(orders::publish_notice))
        .route("/api/notices/{id}/steps", post(orders::notice_step))
        .merge(of_kind::<IncidentRow>("/api/incidents"))
        .merge(of_kind::<PatrolRow>("/api/patrols"))
        .merge(of_kind::<HouseholdRow>("/api/households"))
        .merge(of_kind::<VisitRow>("/api/visits"))
        .merge(of_kind::<TaskRow>("/api/tasks"))
        .merge(of_kind::<WarningRow>("/api/warnings"))
        .merge(of_kind::<NoticeRow>("/api/notices"))
        .route("/api/held", get(works::held))
        .route("/api/events", get(events::listen));
    let grids = Router::new().route("/api/grids", get(settings::grids).put(township::import_grids));
    let sheets = Router::new()
        .route("/api/settings", get(township::settings).put(settings::import))
        .route("/api/members", get(members::list).put(members::import))
        .route("/api/departments", put(township::import_departments))
        .route("/api/checkpoints", put(settings::import_checkpoints))
        // Orders carry sheets: items, posts.
        .route("/api/tasks", get(works::list::<TaskRow>).post(orders::give_task))
        .route("/api/warnings", get(works::list::<WarningRow>).post(orders::issue_warning))
        .route("/api/households", get(works::list::<HouseholdRow>).post(care::add).put(care::import));
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
        // To be read without a login, as it stands in the source.
        .route("/api/openapi.json", get(document::serve))
        .layer(middleware::from_fn(error::in_words))
        .layer(middleware::map_response(sealed))
}

/// What every kind has: one in full, remarks, photos.
fn of_kind<R: Kind>(path: &str) -> Router<Desk> {
    Router::new()
        .route(&format!("{path}/{{id}}"), get(works::show::<R>))
        .route(&format!("{path}/{{id}}/notes"), post(works::note::<R>))
        .route(&format!("{path}/{{id}}/photos/{{hash}}"), get(works::photo::<R>))
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
