//! The township's settings: shown, exported, imported, with their history; checkpoints from a sheet.

use axum::{
    body::Bytes,
    extract::{Path, State},
};
use serde_json::json;

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

/// `GET /api/grids`: the map, as `grid import` takes it.
pub(super) async fn grids(State(desk): State<Desk>) -> Answer {
    let settings = desk.relay.settings().await;
    let features = settings.grids.iter().map(|grid| {
        json!({
            "type": "Feature",
            "properties": { "id": grid.id, "name": grid.name, "kind": grid.kind, "parent": grid.parent },
            "geometry": grid.boundary.to_geojson(),
        })
    });
    Shown::of(json!({ "type": "FeatureCollection", "features": features.collect::<Vec<_>>() }))
}
