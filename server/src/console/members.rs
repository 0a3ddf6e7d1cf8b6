//! People and their phones: the list of members, one-time codes, devices.

use std::time::Duration;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::json;
use suishou_core::{
    error::Problem,
    id::{DeviceId, MemberId},
    model::Role,
    sync::wire::{Invitation, VERSION},
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, from_json, id, too_large},
    matrix::{Caller, OperatorRole},
    sheet::{MemberRow, members},
    township::is_json,
};

/// How long a code is good unless the operator says otherwise.
const VALID_FOR: Duration = Duration::from_hours(24);
/// A code that lies about for longer is found by somebody else.
const MAX_VALID_FOR: Duration = Duration::from_hours(7 * 24);

/// `GET /api/members`: staff. Informants only for who keeps the list and enrols their phones, and without names
/// once these are sealed; others see how many there are.
pub(super) async fn list(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Answer {
    let mut members = desk.relay.members().await?;
    let informants = members.iter().filter(|member| member.role == Role::Informant).count();
    if !caller.is_one_of(&[OperatorRole::Administrator]) {
        members.retain(|member| member.role != Role::Informant);
    }
    Shown::of(json!({ "members": members, "informants": informants }))
}

/// The JSON form of an import.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberList {
    members: Vec<MemberRow>,
}

/// `PUT /api/members`: CSV or JSON.
pub(super) async fn import(State(desk): State<Desk>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let settings = desk.relay.settings().await;
    let members = if is_json(&headers) {
        let list: MemberList = from_json(&bytes)?;
        members::check("item", (1..).zip(list.members).collect(), &settings)
    } else {
        members::read(&bytes, &settings)
    };
    Shown::of(desk.relay.import_members(members.map_err(ApiError::invalid)?).await?)
}

/// Whose phone, and for how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolment {
    member: MemberId,
    #[serde(default)]
    valid_for_s: Option<u64>,
}

/// `POST /api/enrolments`: a one-time code and the text of its QR.
pub(super) async fn enrol(
    State(desk): State<Desk>,
    Form(form): Form<Enrolment>,
) -> Answer<(StatusCode, Shown)> {
    let valid_for = form.valid_for_s.map_or(VALID_FOR, Duration::from_secs);
    if valid_for > MAX_VALID_FOR || valid_for.is_zero() {
        return Err(too_large("validity in seconds", valid_for.as_secs(), MAX_VALID_FOR.as_secs()));
    }
    let members = desk.relay.members().await?;
    let Some(member) = members.into_iter().find(|member| member.id == form.member) else {
        let code = form.member.to_string();
        return Err(ApiError::invalid(vec![Problem::Unknown { what: "member", code }]));
    };
    let invited = desk.relay.invite(member.id.clone(), valid_for).await?;
    let invitations = &desk.invitations;
    let invitation = Invitation {
        version: VERSION,
        addresses: invitations.addresses.clone(),
        pin: invitations.pin,
        relay_key: invitations.relay_key,
        township: invitations.township,
        code: invited.code,
    };
    let shown = Shown::of(json!({
        "invitation": invitation.to_text(),
        "code": invited.code,
        "expires_at": invited.expires_at.to_rfc3339(),
        "addresses": invitations.addresses,
        "member": { "id": member.id, "name": member.name, "role": member.role },
    }))?;
    Ok((StatusCode::CREATED, shown))
}

/// `GET /api/devices`
pub(super) async fn devices(State(desk): State<Desk>) -> Answer {
    Shown::list("devices", desk.relay.devices().await?)
}

/// `POST /api/devices/{id}/revoke`
pub(super) async fn revoke(State(desk): State<Desk>, Path(device): Path<String>) -> Answer {
    let device: DeviceId = id(&device)?;
    desk.relay.revoke(device).await?;
    Shown::of(json!({ "id": device, "is_revoked": true }))
}
