//! What each kind of document is made of: its record, its steps and fields, and what they amount to.

use crate::{
    error::Result,
    guard::Edit,
    id::BlobHash,
    model::{
        DocumentKind,
        choice::Fields,
        decode, encode,
        household::{self, Household, HouseholdCard, HouseholdStep},
        incident::{self, Incident, IncidentRecord, IncidentStep, StepKind},
        notice::{Notice, NoticeRecord, NoticeStep},
        patrol::{Patrol, PatrolRecord, PatrolStep},
        step::{Origin, RawStep},
        task::{Task, TaskRecord, TaskStep, field_item, read_item_word},
        visit::{Visit, VisitRecord, VisitStep},
        warning::{Warning, WarningRecord, WarningStep},
    },
};

/// What was captured, as the document's kind has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An incident's.
    Incident(IncidentRecord),
    /// A patrol's.
    Patrol(PatrolRecord),
    /// A household's first card.
    Household(HouseholdCard),
    /// A visit's.
    Visit(VisitRecord),
    /// A task's.
    Task(TaskRecord),
    /// A warning's.
    Warning(WarningRecord),
    /// A notice's.
    Notice(NoticeRecord),
}

/// What a document amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// An incident.
    Incident(Incident),
    /// A patrol.
    Patrol(Patrol),
    /// A household.
    Household(Household),
    /// A visit.
    Visit(Visit),
    /// A task.
    Task(Task),
    /// A warning.
    Warning(Warning),
    /// A notice.
    Notice(Notice),
}

impl Record {
    /// Reads and checks a record's body.
    pub fn read(kind: DocumentKind, body: &[u8]) -> Result<Self> {
        let record = match kind {
            DocumentKind::Incident => Self::Incident(decode(body, "an incident's record")?),
            DocumentKind::Patrol => Self::Patrol(decode(body, "a patrol's record")?),
            DocumentKind::Household => Self::Household(decode(body, "a household's record")?),
            DocumentKind::Visit => Self::Visit(decode(body, "a visit's record")?),
            DocumentKind::Task => Self::Task(decode(body, "a task's record")?),
            DocumentKind::Warning => Self::Warning(decode(body, "a warning's record")?),
            DocumentKind::Notice => Self::Notice(decode(body, "a notice's record")?),
        };
        match &record {
            Self::Incident(record) => record.check(),
            Self::Patrol(record) => record.check(),
            Self::Household(card) => card.check(),
            Self::Visit(record) => record.check(),
            Self::Task(record) => record.check(),
            Self::Warning(record) => record.check(),
            Self::Notice(record) => record.check(),
        }?;
        Ok(record)
    }

    /// As a record's body.
    pub fn to_body(&self) -> Vec<u8> {
        match self {
            Self::Incident(record) => encode(record),
            Self::Patrol(record) => encode(record),
            Self::Household(card) => encode(card),
            Self::Visit(record) => encode(record),
            Self::Task(record) => encode(record),
            Self::Warning(record) => encode(record),
            Self::Notice(record) => encode(record),
        }
    }

    /// Its photos.
    pub fn photos(&self) -> &[BlobHash] {
        match self {
            Self::Incident(record) => &record.photos,
            Self::Visit(record) => &record.photos,
            Self::Task(record) => &record.photos,
            Self::Warning(record) => &record.photos,
            Self::Notice(record) => &record.photos,
            Self::Patrol(_) | Self::Household(_) => &[],
        }
    }

    /// Its recording.
    pub fn voice(&self) -> Option<BlobHash> {
        match self {
            Self::Incident(record) => record.voice,
            Self::Visit(record) => record.voice,
            _ => None,
        }
    }

    /// Every blob that it names.
    pub fn blobs(&self) -> Vec<BlobHash> {
        self.photos().iter().copied().chain(self.voice()).collect()
    }

    /// What it says first, in a person's words.
    pub fn text(&self) -> &str {
        match self {
            Self::Incident(record) => &record.text,
            Self::Patrol(record) => &record.purpose,
            Self::Household(card) => &card.name,
            Self::Visit(record) => &record.text,
            Self::Task(record) => &record.title,
            Self::Warning(record) => &record.title,
            Self::Notice(record) => &record.title,
        }
    }

    /// Folds steps and fields over it.
    pub fn fold(&self, origin: &Origin, steps: &[RawStep], fields: &Fields) -> Work {
        match self {
            Self::Incident(record) => Work::Incident(Incident::fold(record, origin, steps, fields)),
            Self::Patrol(record) => Work::Patrol(Patrol::fold(record, origin, steps)),
            Self::Household(card) => Work::Household(Household::fold(card, origin, steps, fields)),
            Self::Visit(record) => Work::Visit(Visit::fold(record, origin, steps)),
            Self::Task(record) => Work::Task(Task::fold(record, origin, steps, fields)),
            Self::Warning(record) => Work::Warning(Warning::fold(record, origin, steps)),
            Self::Notice(_) => Work::Notice(Notice::fold(origin, steps)),
        }
    }
}

/// Steps must be readable as the kind's, fields among those it has.
pub(super) fn is_known(kind: DocumentKind, edit: &Edit) -> bool {
    match edit {
        Edit::Step { body, .. } => is_step(kind, body),
        Edit::Field { name, value } => is_field(kind, name, value),
    }
}

/// Whether a step decides in which state its document is: two such steps at the same time are for a person to
/// choose from. Other kinds fold so that nothing is lost.
pub(super) fn is_decision(kind: DocumentKind, body: &[u8]) -> bool {
    kind == DocumentKind::Incident
        && decode::<IncidentStep>(body, "a step").is_ok_and(|step| step.kind != StepKind::Reminded)
}

fn is_step(kind: DocumentKind, body: &[u8]) -> bool {
    const WHAT: &str = "a step";
    match kind {
        DocumentKind::Incident => decode::<IncidentStep>(body, WHAT).is_ok_and(|step| step.check().is_ok()),
        DocumentKind::Patrol => decode::<PatrolStep>(body, WHAT).is_ok(),
        DocumentKind::Household => decode::<HouseholdStep>(body, WHAT).is_ok(),
        DocumentKind::Visit => decode::<VisitStep>(body, WHAT).is_ok(),
        DocumentKind::Task => decode::<TaskStep>(body, WHAT).is_ok(),
        DocumentKind::Warning => decode::<WarningStep>(body, WHAT).is_ok(),
        DocumentKind::Notice => decode::<NoticeStep>(body, WHAT).is_ok(),
    }
}

fn is_field(kind: DocumentKind, name: &str, value: &str) -> bool {
    match kind {
        DocumentKind::Incident => incident::FIELDS.contains(&name),
        DocumentKind::Household => household::FIELDS.contains(&name),
        DocumentKind::Task => field_item(name).is_some() && read_item_word(value).is_some(),
        DocumentKind::Patrol | DocumentKind::Visit | DocumentKind::Warning | DocumentKind::Notice => false,
    }
}
