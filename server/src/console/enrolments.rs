//! Invitations: one code, a sheet of them, what became of them; and the phone that takes a lost one's place.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Problem,
    id::{EnrolCode, MemberId},
    model::Role,
    sync::wire::{Invitation, VERSION},
    time::Timestamp,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, from_json, id, too_large},
    sheet::members,
    township::is_json,
};
use crate::relay::{
    Invited, Member,
    enrolment::{InvitationShown, MAX_AT_ONCE},
};

/// How long a code is good unless the operator says otherwise.
const VALID_FOR: Duration = Duration::from_hours(24);
/// A code that lies about for longer is found by somebody else.
const MAX_VALID_FOR: Duration = Duration::from_hours(7 * 24);

/// Whose phone it is to be.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitationMember)]
pub(super) struct Whose<'a> {
    id: &'a MemberId,
    name: &'a str,
    role: Role,
}

/// A code as it is handed over: once, and never again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitationHanded)]
pub(super) struct Handed<'a> {
    number: i64,
    /// The text of the QR.
    invitation: String,
    code: EnrolCode,
    typed_code: String,
    expires_at: Timestamp,
    addresses: &'a [String],
    member: Whose<'a>,
}

/// An invitation with the name of who it is for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InvitationInList)]
pub(super) struct Listed {
    #[serde(flatten)]
    shown: InvitationShown,
    name: String,
}

fn handed<'a>(desk: &'a Desk, member: &'a Member, invited: Invited) -> Handed<'a> {
    let invitations = &desk.invitations;
    let invitation = Invitation {
        version: VERSION,
        addresses: invitations.addresses.clone(),
        pin: invitations.pin,
        relay_key: invitations.relay_key,
        township: invitations.township,
        code: invited.code,
    };
    Handed {
        number: invited.number,
        invitation: invitation.to_text(),
        code: invited.code,
        typed_code: invited.typed_code,
        expires_at: invited.expires_at,
        addresses: &invitations.addresses,
        member: Whose { id: &member.id, name: &member.name, role: member.role },
    }
}

fn valid_for(seconds: Option<u64>) -> Answer<Duration> {
    let valid_for = seconds.map_or(VALID_FOR, Duration::from_secs);
    if valid_for > MAX_VALID_FOR || valid_for.is_zero() {
        return Err(too_large("validity in seconds", valid_for.as_secs(), MAX_VALID_FOR.as_secs()));
    }
    Ok(valid_for)
}

async fn member_of(desk: &Desk, id: &MemberId) -> Answer<Member> {
    let members = desk.relay.members().await?;
    members
        .into_iter()
        .find(|member| member.id == *id)
        .ok_or_else(|| ApiError::invalid(vec![Problem::Unknown { what: "member", code: id.to_string() }]))
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

/// `POST /api/enrolments`: a one-time code as the text of its QR and to be typed.
pub(super) async fn enrol(
    State(desk): State<Desk>,
    Form(form): Form<Enrolment>,
) -> Answer<(StatusCode, Shown)> {
    let valid_for = valid_for(form.valid_for_s)?;
    let member = member_of(&desk, &form.member).await?;
    let invited = desk.relay.invite(member.id.clone(), valid_for).await?;
    Ok((StatusCode::CREATED, Shown::of(handed(&desk, &member, invited))?))
}

/// For how long.
#[derive(Default, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(as = ValidityForm)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Validity {
    valid_for_s: Option<u64>,
}

/// The JSON form of a batch: members that are on the list already.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = EnrolmentBatch)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    members: Vec<MemberId>,
}

/// `POST /api/enrolments/batch`: a code for each member of a list. CSV as for the import of members adds those that
/// are not on the township's list yet; JSON names some that are. All or none.
pub(super) async fn batch(
    State(desk): State<Desk>,
    validity: Result<Query<Validity>, QueryRejection>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer<(StatusCode, Shown)> {
    let Query(validity) = validity?;
    let valid_for = valid_for(validity.valid_for_s)?;
    let wanted: Vec<MemberId> = if is_json(&headers) {
        from_json::<Batch>(&bytes)?.members
    } else {
        let settings = desk.relay.settings().await;
        let read = members::read(&bytes, &settings).map_err(ApiError::invalid)?;
        let wanted: Vec<MemberId> = read.iter().map(|member| member.id.clone()).collect();
        check_number(wanted.len())?;
        desk.relay.import_members(read).await?;
        wanted
    };
    check_number(wanted.len())?;
    let known = desk.relay.members().await?;
    let known: BTreeMap<&MemberId, &Member> = known.iter().map(|member| (&member.id, member)).collect();
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for (number, id) in (1..).zip(&wanted) {
        if let Some(member) = known.get(id) {
            named.push(*member);
        } else {
            let problem = Box::new(Problem::Unknown { what: "member", code: id.to_string() });
            problems.push(Problem::At { what: "item", number, problem });
        }
    }
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    let invited = desk.relay.invite_all(wanted.clone(), valid_for).await?;
    let handed = named.into_iter().zip(invited).map(|(member, invited)| handed(&desk, member, invited));
    Ok((StatusCode::CREATED, Shown::list("enrolments", handed.collect())?))
}

fn check_number(found: usize) -> Answer<()> {
    match found {
        0 => Err(ApiError::invalid(vec![Problem::Missing("member")])),
        found if found > MAX_AT_ONCE => Err(too_large("number of rows", found as u64, MAX_AT_ONCE as u64)),
        _ => Ok(()),
    }
}

/// `GET /api/enrolments`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    let invitations = desk.relay.invitations().await?;
    let members = desk.relay.members().await?;
    let names: BTreeMap<MemberId, String> =
        members.into_iter().map(|member| (member.id, member.name)).collect();
    let listed = invitations.into_iter().map(|shown| {
        let name = names.get(&shown.member).cloned().unwrap_or_default();
        Listed { shown, name }
    });
    Shown::list("enrolments", listed.collect())
}

/// `GET /api/enrolments/{number}`
pub(super) async fn show(State(desk): State<Desk>, Path(number): Path<String>) -> Answer {
    Shown::of(desk.relay.invitation(parsed(&number)?).await?)
}

/// `POST /api/enrolments/{number}/withdraw`
pub(super) async fn withdraw(State(desk): State<Desk>, Path(number): Path<String>) -> Answer {
    Shown::of(desk.relay.withdraw_invitation(parsed(&number)?).await?)
}

fn parsed(number: &str) -> Answer<i64> {
    number.parse().map_err(|_| ApiError::not_found("enrolment"))
}

/// A lost phone and the code for the next.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Replacement<'a> {
    replaced: suishou_core::id::DeviceId,
    #[serde(flatten)]
    handed: Handed<'a>,
}

/// `POST /api/devices/{id}/replace`: revokes a lost phone and hands out a code for the same person's next one.
pub(super) async fn replace(
    State(desk): State<Desk>,
    Path(device): Path<String>,
    Form(form): Form<Validity>,
) -> Answer<(StatusCode, Shown)> {
    let valid_for = valid_for(form.valid_for_s)?;
    let replaced = desk.relay.replace_device(id(&device)?, valid_for).await?;
    let member = member_of(&desk, &replaced.member).await?;
    let handed = handed(&desk, &member, replaced.invited);
    Ok((StatusCode::CREATED, Shown::of(Replacement { replaced: replaced.replaced, handed })?))
}
