//! The township's settings: shown, exported, imported, with their history; checkpoints from a sheet.

use axum::{
    body::Bytes,
    extract::{Path, State},
};
use serde::Serialize;
use serde_json::{Value, json};
use suishou_core::{geo::GridKind, id::GridId};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, from_json},
    sheet::checkpoints,
};
use crate::relay::SettingsFile;

/// `GET /api/settings/versions`
pub(super) async fn history(State(desk): State<Desk>) -> Answer {
    Shown::list("versions", desk.relay.settings_history().await?)
}

/// `GET /api/settings/versions/{version}`: the file of a version; `current` is the newest.
pub(super) async fn version(State(desk): State<Desk>, Path(version): Path<String>) -> Answer {
    let version = match version.as_str() {
        "current" => desk.relay.settings().await.version,
        text => text.parse().map_err(|_| ApiError::not_found("version"))?,
    };
    Shown::of(desk.relay.settings_version(version).await?)
}

/// `PUT /api/settings`: a file in place of the present settings.
pub(super) async fn import(State(desk): State<Desk>, bytes: Bytes) -> Answer {
    let file: SettingsFile = from_json(&bytes)?;
    Shown::of(desk.relay.import_settings(file).await?)
}

/// `PUT /api/checkpoints`: CSV.
pub(super) async fn import_checkpoints(State(desk): State<Desk>, bytes: Bytes) -> Answer {
    let settings = desk.relay.settings().await;
    let checkpoints = checkpoints::read(&bytes, &settings).map_err(ApiError::invalid)?;
    Shown::of(desk.relay.import_checkpoints(checkpoints).await?)
}

/// A map, as GeoJSON has it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MapShown)]
pub(super) struct Map {
    #[serde(rename = "type")]
    #[schema(pattern = "^FeatureCollection$")]
    kind: &'static str,
    features: Vec<Feature>,
}

/// A grid with its outline.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GridFeature)]
struct Feature {
    #[serde(rename = "type")]
    #[schema(pattern = "^Feature$")]
    kind: &'static str,
    properties: GridShown,
    /// A polygon or several, WGS-84.
    #[schema(value_type = Object)]
    geometry: Value,
}

/// What is known of a grid beside its outline.
#[derive(Serialize, utoipa::ToSchema)]
struct GridShown {
    id: GridId,
    name: String,
    kind: GridKind,
    parent: Option<GridId>,
}

/// `GET /api/grids`: the map, as `grid import` takes it.
pub(super) async fn grids(State(desk): State<Desk>) -> Answer {
    let settings = desk.relay.settings().await;
    let features = settings.grids.iter().map(|grid| {
        let (id, name, parent) = (grid.id.clone(), grid.name.clone(), grid.parent.clone());
        let properties = GridShown { id, name, kind: grid.kind, parent };
        Feature { kind: "Feature", properties, geometry: json!(grid.boundary.to_geojson()) }
    });
    Shown::of(Map { kind: "FeatureCollection", features: features.collect() })
}
