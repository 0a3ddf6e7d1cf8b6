//! What operators read about phones, held entries and the relay itself.

use std::sync::atomic::Ordering;

use suishou_core::{error::HeldCode, model::DocumentKind};

use super::{
    error::{RelayError, Result},
    shared::Shared,
    shown::{BlobCount, DeviceShown, HeldShown, RelayStatus},
};
use crate::db::{self, Connection};

/// Most rows of one list.
const MAX_LISTED: usize = 500;

/// Entries that take no effect, newest first.
pub fn held(connection: &Connection) -> Result<Vec<HeldShown>> {
    let shown = |held: db::list::Held| HeldShown {
        entry: held.entry,
        document: held.document,
        device: held.device,
        member: held.member,
        code: code_word(held.code),
        received_at: held.received_at,
    };
    Ok(db::list::held(connection, MAX_LISTED)?.into_iter().map(shown).collect())
}

fn code_word(code: u8) -> &'static str {
    HeldCode::from_number(code).map_or("unknown", HeldCode::as_str)
}

/// All phones.
pub fn devices(connection: &Connection) -> Result<Vec<DeviceShown>> {
    let shown = |phone: db::list::Phone| DeviceShown {
        id: phone.device,
        member: phone.member,
        enrolled_at: phone.enrolled_at,
        last_contact_at: phone.last_contact_at,
        is_revoked: phone.is_revoked,
        entries: phone.entries,
        held: phone.held,
    };
    Ok(db::list::phones(connection)?.into_iter().map(shown).collect())
}

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
        devices,
        members,
        blobs: db::blob::totals(&snapshot)?.into_iter().map(blob).collect(),
        events_pending,
        events_dead,
        requests: shared.requests.load(Ordering::Relaxed),
        started_at: shared.started_at,
    })
}
