//! Photos that operators add, from a desk or from a phone's browser.

use axum::{body::Bytes, extract::State, http::StatusCode};

use super::{
    Desk,
    input::{Answer, Shown},
};

/// `POST /api/photos`: a picture as a camera wrote it. No document names it until a step does.
pub(super) async fn add(State(desk): State<Desk>, bytes: Bytes) -> Answer<(StatusCode, Shown)> {
    Ok((StatusCode::CREATED, Shown::of(desk.relay.add_photo(bytes.to_vec()).await?)?))
}
