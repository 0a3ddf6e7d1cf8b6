//! People: the list of members.

use axum::{body::Bytes, extract::State, http::HeaderMap};
use serde::Deserialize;

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, from_json},
    sheet::{MemberRow, members},
    township::is_json,
};

/// `GET /api/members`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::list("members", desk.relay.members().await?)
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
