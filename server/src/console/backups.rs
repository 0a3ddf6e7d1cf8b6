//! Backups and checks of the running relay: begun here, looked at until they end.

use std::path::PathBuf;

use axum::{Extension, extract::State};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, from_json},
    matrix::Caller,
};
use crate::relay::{
    backup::{KeepingError, Order, Seal, Snapshot},
    keeper::KeepingShown,
};

/// How the housekeeping stands, and what it left.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Backups {
    #[serde(flatten)]
    keeping: KeepingShown,
    /// What is in the folder of scheduled backups; none if it can't be read.
    snapshots: Option<Vec<Snapshot>>,
}

/// `GET /api/backups`: how the housekeeping stands, and the snapshots.
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::of(Backups { keeping: desk.relay.keeping(), snapshots: desk.relay.snapshots().await.ok() })
}

/// What a backup may be told.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = BackupForm)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TakeForm {
    #[schema(value_type = Option<String>)]
    to: Option<PathBuf>,
    keep: Option<usize>,
    encrypt_to: Option<String>,
    /// The locked key of a new folder with a passphrase, in base64.
    key: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ChoreBegun)]
pub(super) struct Begun {
    /// What ends after this number is what was begun now.
    after: u64,
}

/// `POST /api/backups`: begins a backup.
pub(super) async fn take(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    bytes: axum::body::Bytes,
) -> Answer {
    let form: TakeForm = if bytes.is_empty() { TakeForm::default() } else { from_json(&bytes)? };
    let is_of_scheduled = form.to.is_none() && form.encrypt_to.is_none() && form.key.is_none();
    // Whoever names a folder writes a whole township into it: that is for who sits at this machine.
    if !is_of_scheduled && caller.operator.is_some() {
        return Err(ApiError::forbidden());
    }
    let mut order = match form.to {
        Some(to) => Order { to, ..Order::default() },
        None => desk.relay.keeper().order().map_err(refused)?,
    };
    if let Some(recipient) = &form.encrypt_to {
        order.seal = Some(Seal::to(recipient).map_err(refused)?);
    }
    if let Some(key) = &form.key {
        order.key = Some(BASE64.decode(key.as_bytes()).map_err(|_| ApiError::malformed("key"))?);
    }
    order.keep = form.keep.or(order.keep);
    Shown::of(Begun { after: desk.relay.begin_backup(order).map_err(refused)? })
}

/// What a check may be told.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CheckForm {
    deep: bool,
    repair: bool,
}

/// `POST /api/checks`: begins a check.
pub(super) async fn check(State(desk): State<Desk>, bytes: axum::body::Bytes) -> Answer {
    let form: CheckForm = if bytes.is_empty() { CheckForm::default() } else { from_json(&bytes)? };
    Shown::of(Begun { after: desk.relay.begin_check(form.deep, form.repair).map_err(refused)? })
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn refused(error: KeepingError) -> ApiError {
    ApiError::keeping(error.code(), error.detail())
}
