//! People: the list of members.

use axum::{Extension, body::Bytes, extract::State, http::HeaderMap};
use serde::Deserialize;
use serde_json::json;
use suishou_core::model::Role;

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, from_json},
    matrix::{Caller, OperatorRole},
    sheet::{MemberRow, members},
    township::is_json,
};

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
