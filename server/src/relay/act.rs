//! An operator's action: entries in the relay's own log, through the same commit and projection as a
//! phone's. What is not possible is refused before anything is stored.

use suishou_core::{
    document::{Document, Record, Work as Amount},
    entry::{BodyType, Entry},
    error::Problem,
    guard::{Edit, check},
    id::{BlobHash, CategoryId, DocumentId, EntryId, GridId, MemberId, ReasonId, Salt},
    model::{
        DocumentKind, Severity, encode,
        household::{self, HouseholdCard, HouseholdStep},
        incident::{FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, FIELD_STATE, IncidentStep, StepKind},
        note::Note,
        notice::NoticeStep,
        settings::Settings,
        step::{Author, Origin, StepId},
        task::TaskStep,
        visit::VisitStep,
        warning::WarningStep,
    },
    policy::Rights,
    project::{Incoming, project},
    store::tables::load_document,
};

use super::{
    engine::{Engine, PROJECTED_AT_ONCE, Work},
    error::{RelayError, Result},
};
use crate::db;

/// A step of whichever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An incident's.
    Incident(IncidentStep),
    /// A household's.
    Household(HouseholdStep),
    /// A visit's.
    Visit(VisitStep),
    /// A task's.
    Task(TaskStep),
    /// A warning's; issue 0 stands for the next one.
    Warning(WarningStep),
    /// A notice's.
    Notice(NoticeStep),
}

impl From<IncidentStep> for Step {
    fn from(step: IncidentStep) -> Self {
        Self::Incident(step)
    }
}

impl Step {
    /// Of which kind of document.
    fn kind(&self) -> DocumentKind {
        match self {
            Self::Incident(_) => DocumentKind::Incident,
            Self::Household(_) => DocumentKind::Household,
            Self::Visit(_) => DocumentKind::Visit,
            Self::Task(_) => DocumentKind::Task,
            Self::Warning(_) => DocumentKind::Warning,
            Self::Notice(_) => DocumentKind::Notice,
        }
    }

    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Incident(step) => encode(step),
            Self::Household(step) => encode(step),
            Self::Visit(step) => encode(step),
            Self::Task(step) => encode(step),
            Self::Warning(step) => encode(step),
            Self::Notice(step) => encode(step),
        }
    }

    /// Whom it names.
    fn members(&self) -> Vec<&MemberId> {
        match self {
            Self::Incident(step) => step.member.iter().collect(),
            Self::Task(TaskStep::HandedOver { member, to }) => vec![member, to],
            Self::Task(step) => step.member().into_iter().collect(),
            Self::Warning(step) => step.member().into_iter().collect(),
            Self::Notice(NoticeStep::Read { member }) => vec![member],
            Self::Notice(NoticeStep::Withdrawn) | Self::Household(_) | Self::Visit(_) => Vec::new(),
        }
    }

    fn reason(&self) -> Option<&ReasonId> {
        match self {
            Self::Incident(step) => step.reason.as_ref(),
            Self::Household(HouseholdStep::Ended { reason })
            | Self::Task(
                TaskStep::Answered { reason, .. }
                | TaskStep::Cancelled { reason }
                | TaskStep::Reopened { reason },
            ) => reason.as_ref(),
            _ => None,
        }
    }
}

/// What an operator does to a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// Steps, in order.
    pub steps: Vec<Step>,
    /// Fields to set, such as an incident's category, severity, grid.
    pub fields: Vec<(String, String)>,
    /// A remark beside it, which everyone who sees the document reads.
    pub remark: Option<String>,
    /// The remark that this one answers.
    pub answers: Option<EntryId>,
    /// Photos beside it, which an operator added and no document names yet.
    pub photos: Vec<BlobHash>,
    /// A household's new card, in use from now on.
    pub card: Option<HouseholdCard>,
    /// How many entries took effect in the document when the operator looked at it: if there are others now, nothing
    /// is done.
    pub seen: Option<u64>,
}

impl Act {
    /// One step and nothing else.
    pub fn step(step: impl Into<Step>) -> Self {
        Self { steps: vec![step.into()], ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty()
            && self.fields.is_empty()
            && self.remark.is_none()
            && self.photos.is_empty()
            && self.card.is_none()
    }
}

impl Engine {
    /// Does what an operator asked for, in one commit with its projection. With an incident those are closed
    /// that still stand as its repetitions, with the same answer.
    pub fn act(&mut self, document: DocumentId, act: &Act) -> Result<()> {
        check_act(&self.shared().settings(), act)?;
        self.follow()?;
        self.write(|work| work.act(document, act))
    }

    /// Says of incidents that they repeat another one; all of them or none.
    pub fn merge(
        &mut self,
        primary: DocumentId,
        others: &[DocumentId],
        remark: Option<&str>,
        seen: Option<u64>,
    ) -> Result<()> {
        if others.is_empty() || others.contains(&primary) {
            return Err(RelayError::invalid(Problem::Missing("another incident")));
        }
        self.follow()?;
        self.write(|work| {
            work.check_seen(primary, seen)?;
            let incident = load_document(work.transaction, primary)?.and_then(|document| document.incident());
            let incident = incident.ok_or(RelayError::NotFound)?;
            if incident.duplicate_of.is_some() {
                // Or answers would have to find their way along a chain that somebody may cut.
                return Err(RelayError::invalid(Problem::Malformed("an incident that repeats no other")));
            }
            for other in others {
                let step = IncidentStep { of: Some(primary), ..IncidentStep::plain(StepKind::Duplicate) };
                let act = Act { remark: remark.map(str::to_owned), ..Act::step(step) };
                work.act(*other, &act)?;
            }
            Ok(())
        })
    }

    /// Acts are judged on what is known now, not on what was known some commits ago.
    pub(super) fn follow(&mut self) -> Result<()> {
        while self.project()? {}
        Ok(())
    }
}

impl Work<'_> {
    pub(super) fn act(&mut self, id: DocumentId, act: &Act) -> Result<()> {
        let mut document = load_document(self.transaction, id)?.ok_or(RelayError::NotFound)?;
        if document.captured().is_none() || act.steps.iter().any(|step| step.kind() != document.kind()) {
            return Err(RelayError::NotFound);
        }
        for member in act.steps.iter().flat_map(Step::members) {
            self.check_member(member)?;
        }
        check_fields(&self.settings, document.kind(), &act.fields)?;
        self.check_seen(id, act.seen)?;
        self.check_photos(&act.photos)?;
        self.append_act(&mut document, act)?;
        // What repeats it may be answered by this, and that is a part of the act.
        while self.state.meta.projected < self.state.stored_seq {
            self.project(PROJECTED_AT_ONCE)?;
        }
        Ok(())
    }

    /// Appends an act on a document to the relay's own log without projecting it.
    pub(super) fn append_act(&mut self, document: &mut Document, act: &Act) -> Result<()> {
        let mut entries = Vec::new();
        let mut fields = act.fields.clone();
        if let Some(card) = &act.card {
            let entry = self.card_entry(document, card)?;
            fields.push((household::FIELD_CARD.to_owned(), entry.id().to_string()));
            entries.push(entry);
        }
        let mut step = None;
        if !act.steps.is_empty() || !fields.is_empty() {
            let steps = completed(document, &act.steps)?;
            let change = self.change(document, &steps, fields)?;
            step = first_step(&change);
            entries.push(Entry::new(document.id(), document.kind(), self.now, BodyType::Change, change)?);
        }
        if act.remark.is_some() || !act.photos.is_empty() {
            let salt = Salt::new(self.random.bytes());
            let text = act.remark.clone().unwrap_or_default();
            let photos = (!act.photos.is_empty()).then(|| act.photos.clone());
            let note = Note { step, answers: act.answers, photos, ..Note::plain(salt, text) };
            note.check()?;
            entries.push(Entry::new(
                document.id(),
                document.kind(),
                self.now,
                BodyType::Note,
                encode(&note),
            )?);
        }
        self.judge(document, &entries)?;
        self.append_own(&entries)
    }

    /// Refuses what somebody decided on another state of things than there is.
    fn check_seen(&self, document: DocumentId, seen: Option<u64>) -> Result<()> {
        match seen {
            Some(seen) if seen != db::list::count_passed(self.transaction, document)? => {
                Err(RelayError::Changed)
            }
            _ => Ok(()),
        }
    }

    /// Refuses, with the code, what would be held.
    pub(super) fn judge(&self, document: &mut Document, entries: &[Entry]) -> Result<()> {
        let incoming: Vec<_> = entries.iter().map(|entry| self.own(entry)).collect();
        for verdict in project(document, &incoming) {
            verdict.map_err(|code| RelayError::Refused { code })?;
        }
        Ok(())
    }

    fn own(&self, entry: &Entry) -> Incoming {
        let origin = Origin {
            entry: entry.id(),
            author: Author::Centre,
            claimed_at: self.now,
            received_at: Some(self.now),
        };
        Incoming { entry: entry.clone(), origin, rights: Some(Rights::centre()) }
    }

    fn card_entry(&mut self, document: &Document, card: &HouseholdCard) -> Result<Entry> {
        let salt = Salt::new(self.random.bytes());
        let card = HouseholdCard { salt: Salt::new(self.random.bytes()), ..card.clone() };
        let note = Note { card: Some(card), ..Note::plain(salt, String::new()) };
        note.check()?;
        Ok(Entry::new(document.id(), document.kind(), self.now, BodyType::Note, encode(&note))?)
    }

    fn change(
        &mut self,
        document: &mut Document,
        steps: &[Step],
        mut fields: Vec<(String, String)>,
    ) -> Result<Vec<u8>> {
        let random = &mut *self.random;
        let actor = *self.state.actors.entry(document.id()).or_insert_with(|| random.bytes());
        // The field of a task's item stands beside its step.
        fields.extend(steps.iter().filter_map(|step| match step {
            Step::Task(step) => step.field(),
            _ => None,
        }));
        let steps: Vec<Vec<u8>> = steps.iter().map(Step::encoded).collect();
        let fields: Vec<(&str, String)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Ok(document.edit(actor, &steps, &fields)?)
    }

    /// Refuses a person who is not on the township's list.
    pub(super) fn check_member(&self, member: &MemberId) -> Result<()> {
        if db::member::find(self.transaction, member)?.is_some() {
            return Ok(());
        }
        let code = member.as_str().to_owned();
        Err(RelayError::invalid(Problem::Unknown { what: "the member", code }))
    }
}

/// Steps with what only the document knows: the number of a warning's issue. Items, shelters and posts that
/// it does not have are refused by name.
fn completed(document: &Document, steps: &[Step]) -> Result<Vec<Step>> {
    let unknown = |what, code: u16| {
        let code = code.to_string();
        Err(RelayError::invalid(Problem::Unknown { what, code }))
    };
    let record = document.captured().map(|captured| &captured.record);
    let mut next_issue = match document.work() {
        Some(Amount::Warning(warning)) => warning.issue.saturating_add(1),
        _ => 0,
    };
    let mut completed = steps.to_vec();
    for step in &mut completed {
        match (step, record) {
            (Step::Warning(WarningStep::Set { issue, .. } | WarningStep::Ended { issue }), _) => {
                if *issue == 0 {
                    *issue = next_issue;
                }
                next_issue = issue.saturating_add(1);
            }
            (
                Step::Warning(WarningStep::Reported { post: Some(post), .. }),
                Some(Record::Warning(record)),
            ) if !record.posts.iter().any(|known| known.id == *post) => {
                return unknown("the post", *post);
            }
            (Step::Task(TaskStep::Marked { item, shelter, .. }), Some(Record::Task(record))) => {
                if !record.items.iter().any(|known| known.id == *item) {
                    return unknown("the item", *item);
                }
                if let Some(shelter) = shelter.filter(|at| usize::from(*at) >= record.shelters.len()) {
                    return unknown("the shelter", shelter.into());
                }
            }
            _ => {}
        }
    }
    Ok(completed)
}

/// The first step of a change, which a remark explains.
fn first_step(change: &[u8]) -> Option<StepId> {
    let checked = check(change).ok()?;
    checked.edits.into_iter().find_map(|edit| match edit {
        Edit::Step { id, .. } => Some(id),
        Edit::Field { .. } => None,
    })
}

/// Refuses codes that the township does not have, before anything is made of them.
fn check_act(settings: &Settings, act: &Act) -> Result<()> {
    if act.is_empty() {
        return Err(RelayError::invalid(Problem::Missing("a step, a field or a remark")));
    }
    for step in &act.steps {
        if let Step::Incident(step) = step {
            step.check()?;
            if let Some(department) = &step.department {
                settings.check_department(department)?;
            }
            if let Some(answer) = &step.answer {
                settings.check_answer(answer)?;
            }
        }
        if let Some(reason) = step.reason() {
            settings.check_reason(reason)?;
        }
    }
    Ok(())
}

fn check_fields(settings: &Settings, kind: DocumentKind, fields: &[(String, String)]) -> Result<()> {
    for (name, value) in fields {
        match (kind, name.as_str()) {
            (DocumentKind::Incident, FIELD_CATEGORY) => settings.check_category(&CategoryId::new(value)?)?,
            (DocumentKind::Incident, FIELD_GRID) | (DocumentKind::Household, household::FIELD_GRID) => {
                settings.check_grid(&GridId::new(value)?)?;
            }
            (DocumentKind::Incident, FIELD_SEVERITY) if Severity::from_word(value).is_some() => {}
            (DocumentKind::Incident, FIELD_STATE) => drop(value.parse::<StepId>()?),
            (DocumentKind::Incident, FIELD_SEVERITY) => {
                return Err(RelayError::invalid(Problem::Malformed("a severity")));
            }
            _ => return Err(RelayError::invalid(Problem::Malformed("a field of this document"))),
        }
    }
    Ok(())
}
