//! Phones: list, one in full, revoke, want again.

use axum::extract::{Path, State};
use serde::Serialize;
use suishou_core::id::DeviceId;

use super::{
    Desk,
    input::{Answer, Shown, id},
};

/// `GET /api/devices`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::list("devices", desk.relay.devices().await?)
}

/// `GET /api/devices/{id}`
pub(super) async fn show(State(desk): State<Desk>, Path(device): Path<String>) -> Answer {
    Shown::of(desk.relay.device_detail(id(&device)?).await?)
}

/// A phone that is out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeviceRevoked)]
pub(super) struct Revoked {
    id: DeviceId,
    is_revoked: bool,
}

/// `POST /api/devices/{id}/revoke`
pub(super) async fn revoke(State(desk): State<Desk>, Path(device): Path<String>) -> Answer {
    let device: DeviceId = id(&device)?;
    desk.relay.revoke(device).await?;
    Shown::of(Revoked { id: device, is_revoked: true })
}

/// `POST /api/devices/{id}/restore`: it is wanted again, and what was held because it was revoked is tried again.
pub(super) async fn restore(State(desk): State<Desk>, Path(device): Path<String>) -> Answer {
    Shown::of(desk.relay.restore_device(id(&device)?).await?)
}

/// `POST /api/devices/{id}/release`: tries again what is held because it was revoked; it stays revoked.
pub(super) async fn release(State(desk): State<Desk>, Path(device): Path<String>) -> Answer {
    Shown::of(desk.relay.release_of(id(&device)?).await?)
}
