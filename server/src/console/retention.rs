//! Retention: how long each kind is kept, what is on hold, what would go, and runs.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use suishou_core::{id::DocumentId, model::track::TrackFix, time::Timestamp};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, id},
};
use crate::relay::retention::rule::Rule;

/// `GET /api/retention`: rules, holds, the last runs.
pub(super) async fn show(State(desk): State<Desk>) -> Answer {
    Shown::of(desk.relay.retention().await?)
}

/// How long a kind is kept.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RetentionForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    #[schema(value_type = Rule)]
    kind: String,
    amount: u64,
}

/// `PUT /api/retention`
pub(super) async fn set(State(desk): State<Desk>, Form(setting): Form<Setting>) -> Answer {
    let kind: Rule = setting.kind.parse()?;
    desk.relay.set_retention(kind, setting.amount).await?;
    Shown::of(desk.relay.retention().await?)
}

/// `GET /api/retention/due`: what a run would take out now.
pub(super) async fn due(State(desk): State<Desk>) -> Answer {
    Shown::list("due", desk.relay.retention_due().await?)
}

/// `POST /api/retention/runs`: begins one, or goes on with the one that was cut short.
pub(super) async fn begin(State(desk): State<Desk>) -> Answer<(StatusCode, Shown)> {
    let run = desk.relay.begin_retention(false).await?;
    Ok((StatusCode::ACCEPTED, Shown::of(desk.relay.retention_run(run).await?)?))
}

/// `GET /api/retention/runs/{run}`
pub(super) async fn run(State(desk): State<Desk>, Path(run): Path<String>) -> Answer {
    let run = run.parse().map_err(|_| ApiError::not_found("run"))?;
    Shown::of(desk.relay.retention_run(run).await?)
}

/// A patrol's path, as GeoJSON has it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TrackShown)]
pub(super) struct Track {
    #[serde(rename = "type")]
    #[schema(pattern = "^FeatureCollection$")]
    kind: &'static str,
    features: Vec<Stretch>,
}

/// A stretch of it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TrackStretch)]
struct Stretch {
    #[serde(rename = "type")]
    #[schema(pattern = "^Feature$")]
    kind: &'static str,
    properties: StretchShown,
    /// A line or a point, WGS-84.
    #[schema(value_type = Object)]
    geometry: Value,
}

/// What is known of a stretch beside its line.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TrackStretchShown)]
struct StretchShown {
    /// The exact fixes went after their time.
    is_coarse: bool,
    /// When each point was passed.
    times: Vec<Timestamp>,
}

/// `GET /api/patrols/{id}/track`: GeoJSON, a line for each stretch; between two of them nothing is known.
pub(super) async fn track(State(desk): State<Desk>, Path(document): Path<String>) -> Answer {
    let pieces = desk.relay.track(id(&document)?).await?;
    let features = pieces.iter().map(|piece| {
        let at = |fix: &TrackFix| [fix.position.longitude(), fix.position.latitude()];
        let line: Vec<_> = piece.fixes.iter().map(at).collect();
        let geometry = match line.as_slice() {
            [only] => json!({ "type": "Point", "coordinates": only }),
            _ => json!({ "type": "LineString", "coordinates": line }),
        };
        let times = piece.fixes.iter().map(|fix| fix.at).collect();
        let properties = StretchShown { is_coarse: piece.is_coarse, times };
        Stretch { kind: "Feature", properties, geometry }
    });
    Shown::of(Track { kind: "FeatureCollection", features: features.collect() })
}

/// Why something is to stay.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = HoldForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    reason: String,
}

/// Whether a document stays whatever its age.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HoldState)]
pub(super) struct OnHold {
    document: DocumentId,
    is_held: bool,
}

/// `PUT /api/retention/holds/{id}`
pub(super) async fn hold(
    State(desk): State<Desk>,
    Path(document): Path<String>,
    Form(hold): Form<Hold>,
) -> Answer {
    let document: DocumentId = id(&document)?;
    desk.relay.hold(document, hold.reason).await?;
    Shown::of(OnHold { document, is_held: true })
}

/// `DELETE /api/retention/holds/{id}`
pub(super) async fn release(State(desk): State<Desk>, Path(document): Path<String>) -> Answer {
    let document: DocumentId = id(&document)?;
    desk.relay.release_hold(document).await?;
    Shown::of(OnHold { document, is_held: false })
}
