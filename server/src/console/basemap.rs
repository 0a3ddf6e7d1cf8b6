//! The map under the grids: which there is, another one, and its tiles.

use axum::{
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use suishou_core::capture::picture_type;

use super::{
    Desk,
    bundles::spool,
    error::ApiError,
    input::{Answer, Form, Shown},
};
use crate::relay::basemap::TileAddress;

/// How a browser keeps a tile: for itself, for a day. Whoever asks for one names the map's version.
const KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "private, max-age=86400");

/// `GET /api/basemap`
pub(super) async fn show(State(desk): State<Desk>) -> Answer {
    Shown::of(desk.relay.base_map())
}

/// What is known of a file beside its bytes.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// Its places are shifted, as in maps of the mainland.
    is_gcj02: bool,
}

/// `PUT /api/basemap/file[?is_gcj02=true]`: an MBTiles file of any size that the disk takes.
pub(super) async fn load(
    State(desk): State<Desk>,
    about: Result<Query<About>, QueryRejection>,
    request: Request,
) -> Answer {
    let Query(about) = about?;
    let spooled = spool(&desk, request).await?;
    Shown::of(desk.relay.load_base_map(spooled, about.is_gcj02).await?)
}

/// `PUT /api/basemap/address`: somebody's tile service.
pub(super) async fn set(State(desk): State<Desk>, Form(address): Form<TileAddress>) -> Answer {
    Shown::of(desk.relay.set_base_map(address).await?)
}

/// `DELETE /api/basemap`
pub(super) async fn remove(State(desk): State<Desk>) -> Answer {
    Shown::of(desk.relay.remove_base_map().await?)
}

/// `GET /tiles/{z}/{x}/{y}`: one tile of the file that was loaded.
pub(super) async fn tile(
    State(desk): State<Desk>,
    Path((z, x, y)): Path<(String, String, String)>,
) -> Answer<Response> {
    let no_tile = || ApiError::not_found("tile");
    let (Ok(z), Ok(x), Ok(y)) = (z.parse(), x.parse(), y.parse()) else { return Err(no_tile()) };
    let bytes = desk.relay.tile(z, x, y).await?.ok_or_else(no_tile)?;
    let (kind, _) = picture_type(&bytes).ok_or_else(no_tile)?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, kind), KEPT], bytes).into_response())
}
