//! What operators read about the relay itself.

use std::sync::atomic::Ordering;

use suishou_core::model::DocumentKind;

use super::{
    error::{RelayError, Result},
    held::code_word,
    quota,
    shared::Shared,
    shown::{BlobCount, RelayStatus},
};
use crate::db::{self, Connection};

/// How the relay is.
pub fn status(connection: &Connection, shared: &Shared) -> Result<RelayStatus> {
    let snapshot = db::snapshot(connection)?;
    let meta = db::meta::read(&snapshot)?.ok_or(RelayError::NotFound)?;
    let (events_pending, events_dead) = db::webhook::counts(&snapshot, None)?;
    let (entries, devices, members) = db::list::totals(&snapshot)?;
    let seq = |number: i64| u64::try_from(number).unwrap_or(0);
    let kind =
        |(number, count)| (DocumentKind::from_number(number).map_or("other", DocumentKind::as_str), count);
    let blob = |(kind, count, bytes)| (kind, BlobCount { count, bytes });
    Ok(RelayStatus {
        epoch: meta.epoch,
        stored_seq: seq(db::meta::stored_seq(&snapshot)?),
        projected_seq: seq(meta.projected),
        feed_seq: seq(db::meta::feed_seq(&snapshot)?),
        entries,
        documents: db::list::documents_by_kind(&snapshot)?.into_iter().map(kind).collect(),
        incidents: db::list::incidents_by_state(&snapshot)?.into_iter().collect(),
        held: db::list::held_by_code(&snapshot)?
            .into_iter()
            .map(|(code, count)| (code_word(code), count))
            .collect(),
        quota: quota::shown(&snapshot, shared)?,
        devices,
        members,
        blobs: db::blob::totals(&snapshot)?.into_iter().map(blob).collect(),
        events_pending,
        events_dead,
        requests: shared.requests.load(Ordering::Relaxed),
        started_at: shared.started_at,
        identities: super::identity::status(&snapshot)?,
    })
}
