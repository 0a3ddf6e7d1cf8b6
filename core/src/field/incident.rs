//! Reporting, answering and correcting incidents.

use super::{Field, Inner};
use crate::{
    capture,
    document::Record,
    entry::{BodyType, Entry},
    error::{Error, Result},
    id::{BlobHash, CategoryId, DocumentId, EntryId, GridId, ReasonId},
    model::{
        DocumentKind, Severity, encode,
        incident::{
            Dispatch, FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, Incident, IncidentRecord, IncidentStep,
            StepKind,
        },
        note::Note,
        place::{Fix, GridSource, Place},
        step::{Author, StepId},
    },
    policy::{Rights, may_step},
    store::Mine,
    time::Timestamp,
    view::{IncidentListed, IncidentView, NoteView, PhotoView},
};

/// A report that is ready to be kept.
#[derive(Clone, Debug)]
pub struct ReportDraft {
    /// What the reporter wrote; may be empty if there is a photo.
    pub text: String,
    /// What it is about.
    pub category: CategoryId,
    /// How much it matters.
    pub severity: Severity,
    /// The last known fix; none never blocks.
    pub fix: Option<Fix>,
    /// The grid, if the person chose one; else it is found.
    pub grid: Option<GridId>,
    /// Photos that [`Field::add_photo`] kept.
    pub photos: Vec<BlobHash>,
    /// The patrol during which it was found.
    pub patrol: Option<DocumentId>,
}

/// A step that is ready to be taken.
#[derive(Clone, Debug)]
pub struct StepDraft {
    /// What it does.
    pub kind: StepKind,
    /// Handling, resolved, returned: which dispatch it is about.
    pub dispatch: Option<StepId>,
    /// Returned, reopened: why.
    pub reason: Option<ReasonId>,
    /// Rated: 1 to 5.
    pub rating: Option<u8>,
    /// In the person's words.
    pub remark: Option<String>,
    /// Photos of the result.
    pub photos: Vec<BlobHash>,
}

impl StepDraft {
    /// A step with nothing beside it.
    pub fn plain(kind: StepKind) -> Self {
        Self { kind, dispatch: None, reason: None, rating: None, remark: None, photos: Vec::new() }
    }
}

impl Field {
    /// Develops a photo (turned, stripped of all metadata, made small) and keeps it with its preview.
    pub fn add_photo(&self, original: &[u8]) -> Result<BlobHash> {
        let photo = capture::develop(original)?;
        let now = self.now();
        self.inner().keep_photo(&photo, now)
    }

    /// Keeps a report. It is durable when this returns.
    pub fn report(&self, draft: ReportDraft) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        let found = match draft.fix.as_ref() {
            Some(fix) => inner.find_grid(fix.position)?,
            None => None,
        };
        let mut place = Place::captured(draft.fix.as_ref(), found, now);
        if draft.grid.is_some() && draft.grid != place.grid {
            place.grid = draft.grid;
            place.grid_source = Some(GridSource::Chosen);
        }
        let record = IncidentRecord {
            salt: inner.salt(),
            text: draft.text.trim().to_owned(),
            category: draft.category,
            severity: draft.severity,
            place,
            photos: draft.photos,
            voice: None,
            patrol: draft.patrol,
        };
        record.check()?;
        inner.check_photos(&record.photos)?;
        let document = DocumentId::at(now, inner.store.random_bytes());
        let rights = inner.rights()?;
        let entry = Entry::new(document, DocumentKind::Incident, now, BodyType::Record, encode(&record))?;
        inner.store.append(vec![entry], &rights)?;
        Ok(document)
    }

    /// Adds a remark or photos to an incident.
    pub fn add_note(&self, document: DocumentId, text: &str, photos: Vec<BlobHash>) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        inner.check_photos(&photos)?;
        let kind = inner.store.document(document)?.kind();
        let note = inner.note(document, kind, text, photos, None, now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![note], &rights)
    }

    /// Takes a step with its remark; refused here already if it is not possible now.
    pub fn step(&self, document: DocumentId, draft: StepDraft) -> Result<()> {
        let step = IncidentStep {
            dispatch: draft.dispatch,
            reason: draft.reason,
            rating: draft.rating,
            ..IncidentStep::plain(draft.kind)
        };
        step.check()?;
        let now = self.now();
        let mut inner = self.inner();
        inner.check_photos(&draft.photos)?;
        let change = inner.store.edit(document, &[encode(&step)], &[])?;
        let mut entries = Vec::new();
        if draft.remark.is_some() || !draft.photos.is_empty() {
            let id = first_step(&change);
            let remark = draft.remark.unwrap_or_default();
            entries.push(inner.note(document, DocumentKind::Incident, &remark, draft.photos, id, now)?);
        }
        entries.push(Entry::new(document, DocumentKind::Incident, now, BodyType::Change, change)?);
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Corrects category, severity or grid, with an optional remark.
    pub fn correct(
        &self,
        document: DocumentId,
        category: Option<CategoryId>,
        severity: Option<Severity>,
        grid: Option<GridId>,
        remark: Option<&str>,
    ) -> Result<()> {
        let mut fields: Vec<(&str, String)> = Vec::new();
        fields.extend(category.map(|category| (FIELD_CATEGORY, category.to_string())));
        fields.extend(severity.map(|severity| (FIELD_SEVERITY, severity.as_str().to_owned())));
        fields.extend(grid.map(|grid| (FIELD_GRID, grid.to_string())));
        if fields.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let mut inner = self.inner();
        let mut entries = Vec::new();
        if let Some(remark) = remark {
            entries.push(inner.note(document, DocumentKind::Incident, remark, Vec::new(), None, now)?);
        }
        let change = inner.store.edit(document, &[], &fields)?;
        entries.push(Entry::new(document, DocumentKind::Incident, now, BodyType::Change, change)?);
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Does a held step again on the state of today.
    pub fn try_again(&self, entry: EntryId) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let rights = inner.rights()?;
        inner.store.try_again(entry, &rights, now)
    }

    /// Incidents, newest first, with how much of each the relay holds.
    pub fn incidents(&self, whose: Mine, limit: u32, offset: u32) -> Result<Vec<IncidentListed>> {
        let inner = self.inner();
        let rows = inner.store.incidents(whose, limit, offset)?;
        rows.into_iter()
            .map(|row| {
                let stored = inner.store.stored(row.document)?;
                Ok(IncidentListed { row, stored })
            })
            .collect()
    }

    /// One incident with everything that this phone may know of it.
    pub fn incident(&self, document: DocumentId) -> Result<IncidentView> {
        let mut inner = self.inner();
        let rights = inner.rights()?;
        let found = inner.store.document(document)?;
        let (Some(captured), Some(incident)) = (found.captured(), found.incident()) else {
            return Err(Error::NotFound { document });
        };
        let Record::Incident(record) = &captured.record else { return Err(Error::NotFound { document }) };
        let notes = inner.store.notes(document)?;
        let held = inner.store.held()?.into_iter().filter(|held| held.document == document).collect();
        let is_author = captured.origin.author == Author::You;
        let photo = |hash: &BlobHash| -> Result<PhotoView> {
            let is_here = inner.store.blobs().path(hash).is_file();
            Ok(PhotoView { hash: *hash, is_here, is_on_relay: inner.store.is_on_relay(hash)? })
        };
        Ok(IncidentView {
            document,
            text: record.text.clone(),
            place: record.place.clone(),
            photos: record.photos.iter().map(photo).collect::<Result<_>>()?,
            author: captured.origin.author,
            reported_at: captured.origin.claimed_at,
            possible: possible_steps(&incident, is_author, &rights),
            my_dispatch: my_dispatch(&incident, &rights),
            incident,
            notes: notes
                .into_iter()
                .map(|shown| NoteView {
                    text: shown.note.text,
                    author: shown.origin.author,
                    at: shown.origin.claimed_at,
                    step: shown.note.step,
                })
                .collect(),
            stored: inner.store.stored(document)?,
            held,
        })
    }
}

impl Inner {
    fn note(
        &mut self,
        document: DocumentId,
        kind: DocumentKind,
        text: &str,
        photos: Vec<BlobHash>,
        step: Option<StepId>,
        at: Timestamp,
    ) -> Result<Entry> {
        let note = Note {
            salt: self.salt(),
            text: text.trim().to_owned(),
            step,
            voice: None,
            photos: (!photos.is_empty()).then_some(photos),
        };
        note.check()?;
        Entry::new(document, kind, at, BodyType::Note, encode(&note))
    }

    /// A report may promise only photos that are on this phone.
    fn check_photos(&self, photos: &[BlobHash]) -> Result<()> {
        if photos.iter().all(|photo| self.store.blobs().path(photo).is_file()) {
            Ok(())
        } else {
            Err(Error::BlobMissing)
        }
    }
}

/// The dispatch that went to this member or their department and is not done.
fn my_dispatch(incident: &Incident, rights: &Rights) -> Option<StepId> {
    let is_mine = |dispatch: &&Dispatch| {
        let to_person = dispatch.member.is_some() && dispatch.member == rights.member;
        let to_department = dispatch.department.is_some() && dispatch.department == rights.department;
        dispatch.is_open() && (to_person || to_department)
    };
    incident.dispatches.iter().find(is_mine).map(|dispatch| dispatch.step)
}

/// Which buttons to show: policy asked for each kind, about the dispatch that went to this member if
/// there is one.
fn possible_steps(incident: &Incident, is_author: bool, rights: &Rights) -> Vec<StepKind> {
    let mine = my_dispatch(incident, rights);
    let is_possible = |kind: &StepKind| {
        let is_about_dispatch = matches!(kind, StepKind::Handling | StepKind::Resolved | StepKind::Returned);
        let dispatch = mine.filter(|_| is_about_dispatch);
        let step = IncidentStep { rating: Some(5), dispatch, ..IncidentStep::plain(*kind) };
        may_step(incident, &step, is_author, rights).is_ok()
    };
    StepKind::ALL.into_iter().filter(is_possible).collect()
}

fn first_step(change: &[u8]) -> Option<StepId> {
    crate::guard::check(change).ok()?.edits.into_iter().find_map(|edit| match edit {
        crate::guard::Edit::Step { id, .. } => Some(id),
        crate::guard::Edit::Field { .. } => None,
    })
}
