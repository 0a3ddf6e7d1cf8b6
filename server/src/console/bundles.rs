//! Bundles: what revoked phones had not sent, brought here by hand.

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http_body_util::BodyExt as _;
use suishou_core::id::DeviceId;

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown},
    ledger::Noted,
    matrix::{Caller, OperatorRole},
};
use crate::relay::{DraftReader, Spooled};

/// `POST /api/bundles`: a sealed file as a phone wrote it, of any size that the disk takes.
pub(super) async fn import(State(desk): State<Desk>, request: Request) -> Answer<(Extension<Noted>, Shown)> {
    let spooled = spool(&desk, request).await?;
    let imported = desk.relay.import_bundle(spooled).await?;
    Ok((noted(imported.device), Shown::of(imported)?))
}

/// `POST /api/bundles/drafts`: what the person had begun to write and sent to nobody. Nothing is stored.
pub(super) async fn drafts(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer<Response> {
    let spooled = spool(&desk, request).await?;
    let is_keeper = caller.is_one_of(&[OperatorRole::IdentityKeeper]);
    let reader = if is_keeper { DraftReader::Keeper } else { DraftReader::Other };
    let (device, opened) = desk.relay.open_drafts(spooled, reader).await?;
    let answer = match opened {
        Ok(drafts) => Shown::of(drafts)?.into_response(),
        Err(error) => ApiError::from(error).into_response(),
    };
    Ok((noted(device), answer).into_response())
}

/// The audit log says of whose phone it was, also if it was refused.
fn noted(device: DeviceId) -> Extension<Noted> {
    Extension(Noted { target: Some(device.to_string()), ..Noted::default() })
}

pub(super) async fn spool(desk: &Desk, request: Request) -> Answer<Spooled> {
    let spooled = desk.relay.spool_bundle().await?;
    let mut body: Body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::malformed(error.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            spooled.write(&piece)?;
        }
    }
    Ok(spooled)
}
