//! Reporting, answering and correcting incidents.

use super::{Field, Inner, entries::Remark};
use crate::{
    document::Record,
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    id::{BlobHash, CategoryId, DocumentId, EntryId, GridId, ReasonId},
    model::{
        DocumentKind, Severity, encode,
        incident::{
            Dispatch, FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, FIELD_STATE, Incident, IncidentRecord,
            IncidentStep, Matter, StepKind,
        },
        note::Note,
        patrol::PatrolStep,
        place::Fix,
        step::{Author, StepId},
    },
    policy::{Rights, may_step},
    store::{Made, Mine},
    time::Timestamp,
    view::{IncidentListed, IncidentView},
};

/// A report that is ready to be kept.
#[derive(Clone, Debug)]
pub struct ReportDraft {
    /// What the reporter wrote; may be empty if there is a photo or a recording.
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
    /// A recording that [`Field::add_voice`] kept.
    pub voice: Option<BlobHash>,
    /// Only the command centre is to know of it.
    pub is_anonymous: bool,
    /// A complaint or suggestion; none for an incident.
    pub matter: Option<Matter>,
}

impl ReportDraft {
    /// Only the command centre and those to whom it dispatches are to see it, as the record will say.
    pub(super) fn is_confidential(&self) -> bool {
        self.is_anonymous || self.matter.is_some()
    }
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
    /// Said instead of written.
    pub voice: Option<BlobHash>,
}

impl StepDraft {
    /// A step with nothing beside it.
    pub fn plain(kind: StepKind) -> Self {
        Self {
            kind,
            dispatch: None,
            reason: None,
            rating: None,
            remark: None,
            photos: Vec::new(),
            voice: None,
        }
    }
}

impl Field {
    /// Keeps a report. It is durable when this returns.
    pub fn report(&self, draft: ReportDraft) -> Result<DocumentId> {
        let now = self.now();
        let mut inner = self.inner();
        let document = DocumentId::at(now, inner.store.random_bytes());
        let made = inner.report(document, draft, now)?;
        let rights = inner.rights()?;
        inner.store.append(made, &rights)?;
        Ok(document)
    }

    /// Adds a remark, photos or a voice recording to a document.
    pub fn add_note(&self, document: DocumentId, remark: &Remark) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let kind = inner.store.document(document)?.kind();
        let note = inner.remark(document, kind, remark, None, now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![note], &rights)
    }

    /// Says what a record's text should have said; the record itself stays as it was.
    pub fn correct_text(&self, document: DocumentId, text: &str) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let kind = inner.store.document(document)?.kind();
        let note = Note { is_correction: Some(true), ..Note::plain(inner.salt(), text.trim().to_owned()) };
        let note = inner.note_entry(document, kind, &note, now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![note], &rights)
    }

    /// Answers somebody's remark or question.
    pub fn answer_note(&self, document: DocumentId, note: EntryId, text: &str) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let kind = inner.store.document(document)?.kind();
        let answer = Note { answers: Some(note), ..Note::plain(inner.salt(), text.trim().to_owned()) };
        let answer = inner.note_entry(document, kind, &answer, now)?;
        let rights = inner.rights()?;
        inner.store.append(vec![answer], &rights)
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
        let remark =
            Remark { text: draft.remark.unwrap_or_default(), photos: draft.photos, voice: draft.voice };
        let entries = inner.change(document, DocumentKind::Incident, &[encode(&step)], &[], &remark, now)?;
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
        let remark = Remark::text(remark.unwrap_or_default());
        let entries = inner.change(document, DocumentKind::Incident, &[], &fields, &remark, now)?;
        let rights = inner.rights()?;
        inner.store.append(entries, &rights)
    }

    /// Chooses the state that stands, where others chose another one at the same time. To choose another, take the
    /// step that leads to it.
    pub fn keep_state(&self, document: DocumentId, remark: Option<&str>) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let incident = inner.store.document(document)?.incident().ok_or(Error::NotFound { document })?;
        let standing = incident.standing().filter(|_| !incident.lost.is_empty());
        let standing = standing.ok_or(Error::Refused { code: HeldCode::WrongState })?;
        let fields = [(FIELD_STATE, standing.id.to_string())];
        let remark = Remark::text(remark.unwrap_or_default());
        let entries = inner.change(document, DocumentKind::Incident, &[], &fields, &remark, now)?;
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
        let is_author = captured.origin.author == Author::You;
        Ok(IncidentView {
            document,
            text: record.text.clone(),
            place: record.place.clone(),
            photos: inner.photos(&record.photos)?,
            voice: record.voice.map(|voice| inner.voice(voice)),
            is_anonymous: record.is_anonymous == Some(true),
            matter: record.matter,
            author: captured.origin.author,
            reported_at: captured.origin.claimed_at,
            possible: possible_steps(&incident, is_author, &rights),
            my_dispatch: my_dispatch(&incident, &rights),
            incident,
            about: inner.about(document)?,
        })
    }
}

impl Inner {
    /// A report with its mention in the patrol under way.
    pub(super) fn report(
        &mut self,
        document: DocumentId,
        draft: ReportDraft,
        now: Timestamp,
    ) -> Result<Made> {
        let is_confidential = draft.is_confidential();
        let entry = self.report_entry(document, draft, now)?;
        let mention = if is_confidential { None } else { self.mention(&[document], now) };
        Ok(Made { entries: vec![entry], mention })
    }

    /// A report's record.
    pub(super) fn report_entry(
        &mut self,
        document: DocumentId,
        draft: ReportDraft,
        now: Timestamp,
    ) -> Result<Entry> {
        let place = self.place(draft.fix.as_ref(), draft.grid, now)?;
        let record = IncidentRecord {
            salt: self.salt(),
            text: draft.text.trim().to_owned(),
            category: draft.category,
            severity: draft.severity,
            place,
            photos: draft.photos,
            voice: draft.voice,
            patrol: None,
            is_anonymous: draft.is_anonymous.then_some(true),
            matter: draft.matter,
            source: None,
        };
        record.check()?;
        self.check_attached(&record.photos, record.voice)?;
        Entry::new(document, DocumentKind::Incident, now, BodyType::Record, encode(&record))
    }

    /// The patrol under way names what was found on it: all in one change, since one change is made on the
    /// document as it is. A report never waits for it: without a patrol that can take it there is none.
    pub(super) fn mention(&mut self, found: &[DocumentId], now: Timestamp) -> Option<Entry> {
        if found.is_empty() {
            return None;
        }
        match self.try_mention(found, now) {
            Ok(mention) => mention,
            Err(error) => {
                tracing::warn!(found = found.len(), %error, "no patrol names what was found");
                None
            }
        }
    }

    fn try_mention(&mut self, found: &[DocumentId], now: Timestamp) -> Result<Option<Entry>> {
        let Some(patrol) = self.store.open_patrol()? else { return Ok(None) };
        Self::check_room(&self.store.document(patrol)?)?;
        let steps: Vec<Vec<u8>> =
            found.iter().map(|incident| encode(&PatrolStep::Found { incident: *incident })).collect();
        let change = self.store.edit(patrol, &steps, &[])?;
        Entry::new(patrol, DocumentKind::Patrol, now, BodyType::Change, change).map(Some)
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
