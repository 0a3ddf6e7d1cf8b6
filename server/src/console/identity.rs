//! The keeper's key, and reveals: one asks, another opens.

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Problem,
    id::{DocumentId, MemberId},
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown},
    matrix::{Caller, OperatorRole},
};
use crate::relay::identity::{Passphrase, RevealAsk};

/// A new passphrase.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = KeeperForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Init {
    passphrase: Passphrase,
}

/// `POST /api/identity`: makes the keeper's key and seals every informant.
pub(super) async fn init(State(desk): State<Desk>, Form(init): Form<Init>) -> Answer<(StatusCode, Shown)> {
    Ok((StatusCode::CREATED, Shown::of(desk.relay.init_identity(init.passphrase).await?)?))
}

/// Another passphrase.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PassphraseForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The present one, or the recovery code.
    present: Passphrase,
    next: Passphrase,
}

/// The passphrase is another one.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PassphraseChanged)]
pub(super) struct Changed {
    is_changed: bool,
}

/// `POST /api/identity/passphrase`
pub(super) async fn change(State(desk): State<Desk>, Form(change): Form<Change>) -> Answer {
    desk.relay.change_passphrase(change.present, change.next).await?;
    Shown::of(Changed { is_changed: true })
}

/// Of whom, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RevealForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    #[serde(default)]
    document: Option<DocumentId>,
    /// An alias in the document; the reporter's if there is none.
    #[serde(default)]
    author: Option<u16>,
    #[serde(default)]
    member: Option<MemberId>,
    reason: String,
}

/// `POST /api/reveals`
pub(super) async fn ask(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Form(ask): Form<Ask>,
) -> Answer<(StatusCode, Shown)> {
    let whom = match (ask.document, ask.member) {
        (Some(document), None) => RevealAsk::Document(document, ask.author),
        (None, Some(member)) => RevealAsk::Member(member),
        _ => return Err(ApiError::invalid(vec![Problem::Missing("document or member")])),
    };
    let asked = desk.relay.ask_reveal(whom, ask.reason, caller.operator).await?;
    Ok((StatusCode::CREATED, Shown::of(asked)?))
}

/// `GET /api/reveals`: no identities in it, and a member's number only for whom may know it.
pub(super) async fn list(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Answer {
    let mut reveals = desk.relay.reveals().await?;
    if !caller.is_one_of(&[OperatorRole::IdentityKeeper, OperatorRole::Administrator]) {
        for reveal in &mut reveals {
            reveal.member = None;
        }
    }
    Shown::list("reveals", reveals)
}

/// The keeper's proof.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RevealOpenForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    passphrase: Passphrase,
}

/// `POST /api/reveals/{id}/open`: the identity, this once. An identity keeper, or on this machine whoever has the
/// keeper's passphrase; never who asked.
pub(super) async fn open(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Form(open): Form<Open>,
) -> Answer {
    may_keep(&caller)?;
    Shown::of(desk.relay.open_reveal(number(&id)?, caller.operator, open.passphrase).await?)
}

/// `POST /api/reveals/{id}/refuse`
pub(super) async fn refuse(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    may_keep(&caller)?;
    Shown::of(desk.relay.refuse_reveal(number(&id)?, caller.operator).await?)
}

/// The matrix lets administrators through for the sake of this machine's token; of operators with a login only
/// identity keepers pass.
fn may_keep(caller: &Caller) -> Answer<()> {
    if caller.operator.is_none() || caller.is_one_of(&[OperatorRole::IdentityKeeper]) {
        Ok(())
    } else {
        Err(ApiError::forbidden())
    }
}

fn number(text: &str) -> Answer<i64> {
    text.parse().map_err(|_| ApiError::not_found("reveal"))
}

#[cfg(test)]
mod tests;
