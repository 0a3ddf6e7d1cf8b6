//! `/api`: what the command centre's programs on this machine ask of the relay, and order it to do.
//!
//! Served on loopback to who shows the folder's token, and to operators who logged in. The routes check what was asked for
//! against the township's settings; the relay's policy has the last word.

mod access;
mod backups;
mod basemap;
mod buckets;
mod bundles;
mod care;
mod devices;
mod enrolments;
mod bound;
mod cookie;
mod identity;
mod held;
mod exports;
mod figures;
mod document;
mod error;
mod events;
mod incidents;
mod input;
mod intake;
mod ledger;
pub mod matrix;
mod members;
mod operators;
mod orders;
mod photos;
mod retention;
mod session;
mod settings;
mod sheet;
mod subject;
mod township;
mod webhooks;
mod works;

use std::{net::SocketAddr, time::Duration};

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
pub use self::{error::RequestId, ledger::Noted};
use crate::relay::{Kind, Relay};

/// Largest GeoJSON file in bytes.
const MAX_GRIDS_BYTES: usize = 32 * 1024 * 1024;
/// Largest CSV file in bytes.
const MAX_SHEET_BYTES: usize = 8 * 1024 * 1024;
/// Largest photo in bytes, as a camera wrote it.
const MAX_PHOTO_BYTES: usize = 24 * 1024 * 1024;
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
    buckets: buckets::Buckets,
    own: Vec<SocketAddr>,
    console: String,
    seats: events::Seats,
}

impl Desk {
    /// A desk for who shows `token`.
    pub fn new(relay: Relay, token: &str, invitations: Invitations, clock: SharedClock) -> Self {
        let access = Access::new(token, relay.clone(), SharedClock::clone(&clock));
        let (buckets, seats) = (buckets::Buckets::default(), events::Seats::default());
        let (own, console) = (Vec::new(), String::new());
        Self { relay, access, invitations, clock, buckets, own, console, seats }
    }

    /// Says under which address browsers find the console.
    #[must_use]
    pub fn found_at(self, console: String) -> Self {
        Self { access: self.access.found_at(&console), console, ..self }
    }

    /// How many listen to what changes.
    pub fn listeners(&self) -> usize {
        self.seats.count()
    }

    /// The same desk for other machines, which ask for one of these hosts: no token, only sessions.
    #[must_use]
    pub fn for_network(&self, hosts: Vec<String>) -> Self {
        Self { access: self.access.for_network(hosts), ..self.clone() }
    }

    /// With the addresses where the relay listens: no webhook is sent there.
    #[must_use]
    pub fn listening(self, own: Vec<SocketAddr>) -> Self {
        Self { own, ..self }
    }
}

/// What other systems reach without a login, for they sign: the same route stands under `/api`.
pub fn signed_router(desk: Desk) -> Router {
    limited(Router::new().route("/api/intake/{id}", post(intake::take)), MAX_FORM_BYTES)
        .method_not_allowed_fallback(async || ApiError::method())
        .with_state(desk)
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(30)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_mins(1)))
        .layer(middleware::from_fn(error::in_words))
        .layer(middleware::map_response(sealed))
}

/// Everything under `/api`.
pub fn router(desk: Desk) -> Router {
    let access = desk.access.clone();
    routes(desk)
        .layer(middleware::from_fn_with_state(access, access::check))
        // To be read without a login, as it stands in the source.
        .route("/api/openapi.json", get(document::serve))
        .layer(middleware::from_fn(error::in_words))
        .layer(middleware::map_response(sealed))
}

/// The routes, for whoever was let in.
fn routes(desk: Desk) -> Router {
    let forms = Router::new()
        .merge(logins())
        .route("/api/status", get(township::status))
        .route("/api/enrolments", get(enrolments::list).post(enrolments::enrol))
        .route("/api/enrolments/{number}", get(enrolments::show))
        .route("/api/enrolments/{number}/withdraw", post(enrolments::withdraw))
        .route("/api/devices", get(devices::list))
        .route("/api/devices/{id}", get(devices::show))
        .route("/api/devices/{id}/revoke", post(devices::revoke))
        .route("/api/devices/{id}/restore", post(devices::restore))
        .route("/api/devices/{id}/release", post(devices::release))
        .route("/api/devices/{id}/replace", post(enrolments::replace))
        .route("/api/held", get(held::list))
        .route("/api/held/{id}", get(held::show))
        .route("/api/held/{id}/raw", get(held::raw))
        .route("/api/held/{id}/release", post(held::release))
        .route("/api/held/{id}/reject", post(held::reject))
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
        .route("/api/backups", get(backups::list).post(backups::take))
        .route("/api/checks", post(backups::check))
        .route("/api/identity", post(identity::init))
        .route("/api/identity/passphrase", post(identity::change))
        .route("/api/subjects/exports", post(subject::export))
        .route("/api/subjects/erasures", post(subject::erase))
        .route("/api/reveals", get(identity::list).post(identity::ask))
        .route("/api/reveals/{id}/open", post(identity::open))
        .route("/api/reveals/{id}/refuse", post(identity::refuse))
        .route("/api/intake/{id}", post(intake::take))
        .route("/api/intake-sources", get(intake::sources).post(intake::add))
        .route("/api/intake-sources/{id}/enabled", post(intake::enable))
        .route("/api/intake-sources/{id}/rotate", post(intake::rotate))
        .route("/api/incidents/{id}/contact", get(intake::contact_of))
        .route("/api/webhooks", get(webhooks::list).post(webhooks::add))
        .route("/api/webhooks/{id}/enabled", post(webhooks::enable))
        .route("/api/webhooks/{id}/test", post(webhooks::test))
        .route("/api/webhooks/{id}/retry", post(webhooks::retry))
        .route("/api/webhook-items", get(webhooks::dead))
        .route("/api/figures", get(figures::figures))
        .route("/api/figures/definitions", get(figures::definitions))
        .route("/api/figures/published", get(figures::published))
        .route("/api/figures/grids/{id}", get(figures::grid))
        .route("/api/exports/incidents", get(exports::incidents))
        .route("/api/exports/patrols", get(exports::patrols))
        .route("/api/exports/tasks", get(exports::tasks))
        .route("/api/exports/visits", get(exports::visits))
        .route("/api/exports/warnings", get(exports::warnings))
        .route("/api/exports/figures", get(exports::figures))
        .route("/api/patrols/{id}/track", get(retention::track))
        .route("/api/retention", get(retention::show).put(retention::set))
        .route("/api/retention/due", get(retention::due))
        .route("/api/retention/runs", post(retention::begin))
        .route("/api/retention/runs/{run}", get(retention::run))
        .route("/api/retention/holds/{id}", put(retention::hold).delete(retention::release))
        .route("/api/basemap", get(basemap::show).delete(basemap::remove))
        .route("/api/basemap/address", put(basemap::set))
        .route("/tiles/{z}/{x}/{y}", get(basemap::tile))
        .route("/api/events", get(events::listen));
    let photos = Router::new().route("/api/photos", post(photos::add));
    let grids = Router::new().route("/api/grids", get(settings::grids).put(township::import_grids));
    let sheets = Router::new()
        .route("/api/settings", get(township::settings).put(settings::import))
        .route("/api/members", get(members::list).put(members::import))
        .route("/api/enrolments/batch", post(enrolments::batch))
        .route("/api/departments", put(township::import_departments))
        .route("/api/checkpoints", put(settings::import_checkpoints))
        .route("/api/intake-items", get(intake::items).post(intake::import))
        // Orders carry sheets: items, posts.
        .route("/api/tasks", get(works::list::<TaskRow>).post(orders::give_task))
        .route("/api/warnings", get(works::list::<WarningRow>).post(orders::issue_warning))
        .route("/api/households", get(works::list::<HouseholdRow>).post(care::add).put(care::import));
    // A phone may have photos of weeks, a map all of a county: it comes in pieces, takes its time and has no limit but
    // the disk.
    let bundles = Router::new()
        .route("/api/bundles", post(bundles::import))
        .route("/api/bundles/drafts", post(bundles::drafts))
        .route("/api/basemap/file", put(basemap::load))
        .layer(DefaultBodyLimit::disable())
        .with_state(desk.clone());
    Router::new()
        .merge(limited(forms, MAX_FORM_BYTES))
        .merge(limited(grids, MAX_GRIDS_BYTES))
        .merge(limited(sheets, MAX_SHEET_BYTES))
        .merge(limited(photos, MAX_PHOTO_BYTES))
        .fallback(async || ApiError::not_found("path"))
        .method_not_allowed_fallback(async || ApiError::method())
        .with_state(desk)
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(30)))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_mins(2)))
        .merge(bundles)
}

/// Logins, operators and what they did.
fn logins() -> Router<Desk> {
    Router::new()
        .route("/api/session", get(session::who).post(session::enter).delete(session::leave))
        .route("/api/session/join", post(session::join))
        .route("/api/session/confirm", post(session::confirm))
        .route("/api/session/password", post(session::password))
        .route("/api/operators", get(operators::list).post(operators::add))
        .route("/api/operators/{id}/disable", post(operators::disable))
        .route("/api/operators/{id}/enable", post(operators::enable))
        .route("/api/operators/{id}/roles", post(operators::set_roles))
        .route("/api/operators/{id}/reset", post(operators::reset))
        .route("/api/audit", get(operators::audit))
        .route("/api/audit/verify", get(operators::verify))
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

/// No answer is kept by a browser, unless it says so, or read as something else than it is.
async fn sealed(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"));
    response
}

#[cfg(test)]
mod tests;
