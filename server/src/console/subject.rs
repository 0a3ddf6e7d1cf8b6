//! What is held about one person: handed out, or erased.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use suishou_core::id::{DocumentId, MemberId};

use super::{
    Desk,
    input::{Answer, Form, Shown},
    matrix::Caller,
};
use crate::relay::{
    identity::Passphrase,
    subject::{self, ErasurePlan, SignedCertificate, subject_of},
};

/// About whom.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = SubjectExportForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    #[serde(default)]
    member: Option<MemberId>,
    #[serde(default)]
    household: Option<DocumentId>,
    /// Who called another system about this incident.
    #[serde(default)]
    caller: Option<DocumentId>,
    /// The keeper's, for an informant.
    #[serde(default)]
    passphrase: Option<Passphrase>,
}

/// `POST /api/subjects/exports`
pub(super) async fn export(State(desk): State<Desk>, Form(export): Form<Export>) -> Answer {
    let subject = subject_of(export.member, export.household, export.caller)?;
    Shown::of(desk.relay.export_subject(subject, export.passphrase).await?)
}

/// About whom, why, and whether only to look.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ErasureForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Erasure {
    #[serde(default)]
    member: Option<MemberId>,
    #[serde(default)]
    household: Option<DocumentId>,
    /// Who called another system about this incident.
    #[serde(default)]
    caller: Option<DocumentId>,
    /// Of a caller: the incidents that the dry run named, or some of them. No other is touched.
    #[serde(default)]
    incidents: Vec<DocumentId>,
    #[serde(default)]
    reason: String,
    is_dry_run: bool,
}

/// What would be erased, or what was.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(super) enum Erased {
    /// Nothing is changed.
    Plan(ErasurePlan),
    /// It is gone.
    Done(Box<SignedCertificate>),
}

/// `POST /api/subjects/erasures`: what would be erased, or the certificate of what was.
pub(super) async fn erase(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Form(erasure): Form<Erasure>,
) -> Answer {
    let subject = subject_of(erasure.member, erasure.household, erasure.caller)?;
    if erasure.is_dry_run {
        return Shown::of(Erased::Plan(desk.relay.plan_erasure(subject).await?));
    }
    let Erasure { incidents, reason, .. } = erasure;
    let erasure = subject::Erasure { subject, incidents, reason, by: caller.operator };
    Shown::of(Erased::Done(Box::new(desk.relay.erase(erasure).await?)))
}
