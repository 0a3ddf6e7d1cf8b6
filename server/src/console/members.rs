//! People and their phones: the list of members, one-time codes, devices.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Problem,
    id::{DeviceId, EnrolCode, MemberId},
    model::Role,
    sync::wire::{Invitation, VERSION},
    time::Timestamp,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, from_json, id, too_large},
    sheet::{MemberRow, members},
    township::is_json,
};

/// How long a code is good unless the operator says otherwise.
const VALID_FOR: Duration = Duration::from_hours(24);
/// A code that lies about for longer is found by somebody else.
const MAX_VALID_FOR: Duration = Duration::from_hours(7 * 24);

/// `GET /api/members`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::list("members", desk.relay.members().await?)
}

/// The JSON form of an import.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberList {
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
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolment {
    member: MemberId,
    #[serde(default)]
    valid_for_s: Option<u64>,
}

/// A code for a phone, with the text of its QR.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct InvitationShown<'a> {
    invitation: String,
    code: EnrolCode,
    expires_at: Timestamp,
    /// Where phones find the relay.
    addresses: &'a [String],
    member: InvitedMember<'a>,
}

/// Whose phone it is for.
#[derive(Serialize, utoipa::ToSchema)]
struct InvitedMember<'a> {
    id: &'a MemberId,
    name: &'a str,
    role: Role,
}

/// A phone that was taken out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeviceRevoked)]
pub(super) struct Revoked {
    id: DeviceId,
    is_revoked: bool,
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
    let shown = Shown::of(InvitationShown {
        invitation: invitation.to_text(),
        code: invited.code,
        expires_at: invited.expires_at,
        addresses: &invitations.addresses,
        member: InvitedMember { id: &member.id, name: &member.name, role: member.role },
    })?;
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
    Shown::of(Revoked { id: device, is_revoked: true })
}
