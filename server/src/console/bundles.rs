//! Bundles: what revoked phones had not sent, brought here by hand.

use axum::{
    body::Body,
    extract::{Request, State},
};
use http_body_util::BodyExt as _;

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown},
};

/// `POST /api/bundles`: a sealed file as a phone wrote it, of any size that the disk takes.
pub(super) async fn import(State(desk): State<Desk>, request: Request) -> Answer {
    let spooled = desk.relay.spool_bundle().await?;
    let mut body: Body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::malformed(error.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            spooled.write(&piece)?;
        }
    }
    Shown::of(desk.relay.import_bundle(spooled).await?)
}
