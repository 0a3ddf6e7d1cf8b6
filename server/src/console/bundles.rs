//! Bundles: what revoked phones had not sent, brought here by hand.

use axum::{
    body::Body,
    extract::{Query, Request, State, rejection::QueryRejection},
};
use http_body_util::BodyExt as _;
use serde::Deserialize;

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown},
};

/// What of a bundle is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The drafts themselves, for the person who began them; else they are only counted.
    drafts: bool,
}

/// `POST /api/bundles`: a sealed file as a phone wrote it, of any size that the disk takes.
pub(super) async fn import(
    State(desk): State<Desk>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Answer {
    let Query(wanted) = wanted?;
    let spooled = desk.relay.spool_bundle().await?;
    let mut body: Body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::malformed(error.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            spooled.write(&piece)?;
        }
    }
    Shown::of(desk.relay.import_bundle(spooled, wanted.drafts).await?)
}
