//! What is held about one person: handed out, or erased.

use axum::{Extension, extract::State};
use serde::Deserialize;
use suishou_core::id::{DocumentId, MemberId};

use super::{
    Desk,
    input::{Answer, Form, Shown},
    matrix::Caller,
};
use crate::relay::{identity::Passphrase, subject::subject_of};

/// About whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    #[serde(default)]
    member: Option<MemberId>,
    #[serde(default)]
    household: Option<DocumentId>,
    /// The keeper's, for an informant.
    #[serde(default)]
    passphrase: Option<Passphrase>,
}

/// `POST /api/subjects/exports`
pub(super) async fn export(State(desk): State<Desk>, Form(export): Form<Export>) -> Answer {
    let subject = subject_of(export.member, export.household)?;
    Shown::of(desk.relay.export_subject(subject, export.passphrase).await?)
}

/// About whom, why, and whether only to look.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Erasure {
    #[serde(default)]
    member: Option<MemberId>,
    #[serde(default)]
    household: Option<DocumentId>,
    #[serde(default)]
    reason: String,
    is_dry_run: bool,
}

/// `POST /api/subjects/erasures`: what would be erased, or the certificate of what was.
pub(super) async fn erase(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Form(erasure): Form<Erasure>,
) -> Answer {
    let subject = subject_of(erasure.member, erasure.household)?;
    if erasure.is_dry_run {
        return Shown::of(desk.relay.plan_erasure(subject).await?);
    }
    Shown::of(desk.relay.erase(subject, erasure.reason, caller.operator).await?)
}
