//! What operators read: lists, one incident or patrol with everything, and how the relay is.

use std::sync::atomic::Ordering;

use suishou_core::{
    document::Record,
    error::HeldCode,
    id::{BlobHash, CheckpointId, DepartmentId, DocumentId, MemberId, ReasonId},
    model::{
        DocumentKind, decode,
        incident::{Incident, IncidentStep, StepKind},
        note::Note,
        settings::Settings,
        step::Author,
    },
    policy::{Rights, may_step},
    rows::{IncidentRow, PatrolRow},
    store::tables::load_document,
    time::Timestamp,
};

use super::{
    error::{RelayError, Result},
    project::within,
    shared::Shared,
    shown::{
        BlobCount, BlobShown, DeviceShown, DispatchShown, GapShown, HeldShown, IncidentFilter,
        IncidentListed, IncidentShown, NoteShown, OriginShown, PatrolListed, PatrolShown, PersonShown,
        RelayStatus, StepListed, VisitShown,
    },
};
use crate::db::{self, Connection, entry::Stored};

/// Most rows of one list.
const MAX_LISTED: usize = 500;

/// Incidents, newest first.
pub fn incidents(
    connection: &Connection,
    settings: &Settings,
    now: Timestamp,
    filter: IncidentFilter,
) -> Result<Vec<IncidentListed>> {
    let filter = db::list::Filter {
        states: filter.states,
        grids: filter.grid.map(|grid| within(settings, &[grid]).into_iter().collect()).unwrap_or_default(),
        department: filter.department,
        category: filter.category,
        limit: filter.limit.clamp(1, MAX_LISTED),
        before: filter.before,
    };
    let found = db::list::incidents(connection, &filter)?;
    Ok(found.into_iter().map(|(seq, row)| listed(seq, row, now)).collect())
}

fn listed(seq: u64, row: IncidentRow, now: Timestamp) -> IncidentListed {
    IncidentListed {
        document: row.document,
        seq,
        state: row.state,
        category: row.category,
        severity: row.severity,
        grid: row.grid,
        position: row.position,
        excerpt: row.excerpt,
        photos: row.photos,
        reported_at: row.reported_at,
        received_at: row.received_at,
        state_since: row.state_since,
        due_at: row.due_at,
        is_overdue: row.due_at.is_some_and(|due_at| due_at < now),
        departments: row.departments,
        members: row.members,
        has_clash: row.has_clash,
    }
}

/// All of an incident.
pub fn incident(connection: &Connection, now: Timestamp, id: DocumentId) -> Result<IncidentShown> {
    let snapshot = db::snapshot(connection)?;
    let (seq, row) = db::list::incident(&snapshot, id)?.ok_or(RelayError::NotFound)?;
    let document = load_document(&snapshot, id)?.ok_or(RelayError::NotFound)?;
    let (Some(captured), Some(incident)) = (document.captured(), document.incident()) else {
        return Err(RelayError::NotFound);
    };
    let Record::Incident(record) = &captured.record else { return Err(RelayError::NotFound) };
    let people = people(&snapshot, id)?;
    let possible = possible(&incident);
    let steps = incident.steps.into_iter().map(|step| StepListed {
        id: step.id,
        kind: step.kind,
        origin: step.origin.into(),
        department: step.department,
        member: step.member,
        due_at: step.due_at,
        reason: step.reason,
        rating: step.rating,
        of: step.of,
        took_effect: step.took_effect,
    });
    let dispatches = incident.dispatches.into_iter().map(|dispatch| DispatchShown {
        step: dispatch.step,
        department: dispatch.department,
        member: dispatch.member,
        due_at: dispatch.due_at,
        state: dispatch.state,
    });
    Ok(IncidentShown {
        listed: listed(seq, row, now),
        text: record.text.clone(),
        place: record.place.clone(),
        photo_blobs: blobs(&snapshot, &record.photos)?,
        voice: record.voice.map(|voice| blob(&snapshot, voice)).transpose()?,
        patrol: record.patrol,
        origin: captured.origin.into(),
        reporter: people.iter().find(|person| person.author == captured.origin.author).cloned(),
        people,
        category_choice: incident.category,
        severity_choice: incident.severity,
        grid_choice: incident.grid,
        dispatches: dispatches.collect(),
        steps: steps.collect(),
        notes: notes(&snapshot, id)?,
        duplicate_of: incident.duplicate_of,
        reason: incident.reason,
        rating: incident.rating,
        held: db::list::count_held(&snapshot, id)?,
        possible,
    })
}

/// Steps that the command centre could take now, whatever they carry.
fn possible(incident: &Incident) -> Vec<StepKind> {
    let may = |kind: &StepKind| {
        let step = IncidentStep {
            department: DepartmentId::new("any").ok(),
            reason: ReasonId::new("any").ok(),
            rating: Some(5),
            of: Some(DocumentId::ZERO),
            ..IncidentStep::plain(*kind)
        };
        may_step(incident, &step, false, &Rights::centre()).is_ok()
    };
    StepKind::ALL.into_iter().filter(may).collect()
}

fn people(connection: &Connection, document: DocumentId) -> Result<Vec<PersonShown>> {
    let mut people = Vec::new();
    for (row, alias) in db::member::aliases(connection, document)? {
        let member = db::member::get(connection, row)?;
        people.push(PersonShown {
            author: Author::Alias(alias),
            member: member.id,
            name: member.name,
            role: member.role,
            phone: member.phone,
        });
    }
    Ok(people)
}

fn notes(connection: &Connection, document: DocumentId) -> Result<Vec<NoteShown>> {
    let mut shown = Vec::new();
    for stored in db::entry::notes(connection, document)? {
        let Some(body) = &stored.entry.body else { continue };
        let Ok(note) = decode::<Note>(body, "a note") else { continue };
        shown.push(NoteShown {
            text: note.text,
            origin: origin(&stored),
            step: note.step,
            photos: blobs(connection, &note.photos.unwrap_or_default())?,
            voice: note.voice.map(|voice| blob(connection, voice)).transpose()?,
        });
    }
    Ok(shown)
}

fn origin(stored: &Stored) -> OriginShown {
    OriginShown {
        entry: stored.entry_id,
        author: stored.author,
        claimed_at: stored.entry.header.claimed_at,
        received_at: Some(stored.received_at),
    }
}

fn blobs(connection: &Connection, hashes: &[BlobHash]) -> Result<Vec<BlobShown>> {
    hashes.iter().map(|hash| blob(connection, *hash)).collect()
}

fn blob(connection: &Connection, hash: BlobHash) -> Result<BlobShown> {
    Ok(BlobShown {
        hash,
        is_stored: db::blob::find(connection, hash)?.is_some(),
        has_preview: db::blob::find_preview(connection, hash)?.is_some(),
    })
}

/// Patrols, newest first.
pub fn patrols(connection: &Connection, limit: usize) -> Result<Vec<PatrolListed>> {
    let found = db::list::patrols(connection, limit.clamp(1, MAX_LISTED))?;
    Ok(found.into_iter().map(|(row, member)| walked(row, member)).collect())
}

fn walked(row: PatrolRow, member: Option<MemberId>) -> PatrolListed {
    PatrolListed {
        document: row.document,
        state: row.state,
        grid: row.grid,
        member,
        started_at: row.started_at,
        finished_at: row.finished_at,
        distance_m: row.distance_m,
        tracked_s: row.tracked_s,
        visited: row.visited,
        left: row.left,
        gaps: row.gaps,
    }
}

/// All of a patrol.
pub fn patrol(connection: &Connection, id: DocumentId) -> Result<PatrolShown> {
    let snapshot = db::snapshot(connection)?;
    let (row, member) = db::list::patrol(&snapshot, id)?.ok_or(RelayError::NotFound)?;
    let document = load_document(&snapshot, id)?.ok_or(RelayError::NotFound)?;
    let (Some(captured), Some(patrol)) = (document.captured(), document.patrol()) else {
        return Err(RelayError::NotFound);
    };
    let Record::Patrol(record) = &captured.record else { return Err(RelayError::NotFound) };
    let walker = people(&snapshot, id)?.into_iter().find(|person| person.author == captured.origin.author);
    let visits = patrol.visited.into_iter().map(|visited| VisitShown {
        checkpoint: visited.checkpoint,
        at: visited.at,
        distance_m: visited.distance_m,
    });
    let gaps = patrol.gaps.into_iter().map(|gap| GapShown { reason: gap.reason, from: gap.from, to: gap.to });
    let left_over: Vec<CheckpointId> = patrol.left;
    Ok(PatrolShown {
        listed: walked(row, member),
        purpose: record.purpose.clone(),
        walker,
        visits: visits.collect(),
        left_over,
        segments: blobs(&snapshot, &patrol.segments)?,
        gap_list: gaps.collect(),
        notes: notes(&snapshot, id)?,
    })
}

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
        requests: shared.requests.load(Ordering::Relaxed),
        started_at: shared.started_at,
    })
}
