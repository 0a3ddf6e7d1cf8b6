//! Entries that take no effect: list, one in full, its bytes, try again, turn down.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, header},
};
use serde::Deserialize;
use suishou_core::id::EntryId;

use super::{
    Desk,
    input::{Answer, Form, Shown, id},
};

/// Which of them.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Those too that were turned down.
    all: bool,
}

/// `GET /api/held[?all=true]`
pub(super) async fn list(State(desk): State<Desk>, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let Query(wanted) = wanted?;
    Shown::list("held", desk.relay.held_items(wanted.all).await?)
}

/// `GET /api/held/{id}`
pub(super) async fn show(State(desk): State<Desk>, Path(entry): Path<String>) -> Answer {
    let entry: EntryId = id(&entry)?;
    Shown::of(desk.relay.held_item(entry).await?)
}

type File = ([(HeaderName, String); 2], Vec<u8>);

/// `GET /api/held/{id}/raw`: the bytes as they came, as a file to be saved.
pub(super) async fn raw(State(desk): State<Desk>, Path(entry): Path<String>) -> Answer<File> {
    let entry: EntryId = id(&entry)?;
    let bytes = desk.relay.held_raw(entry).await?;
    let disposition = format!("attachment; filename=\"{entry}.bin\"");
    let kind = "application/octet-stream".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes))
}

/// `POST /api/held/{id}/release`: tries it again on today's state; the answer says why it still can't take effect.
pub(super) async fn release(State(desk): State<Desk>, Path(entry): Path<String>) -> Answer {
    Shown::of(desk.relay.release(id(&entry)?).await?)
}

/// What the sender is told.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RejectionForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Rejection {
    reply: String,
}

/// `POST /api/held/{id}/reject`: it stays held, and its author reads the reply beside it.
pub(super) async fn reject(
    State(desk): State<Desk>,
    Path(entry): Path<String>,
    Form(rejection): Form<Rejection>,
) -> Answer {
    Shown::of(desk.relay.reject(id(&entry)?, rejection.reply).await?)
}
