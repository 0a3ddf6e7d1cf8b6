//! An incident: its record and its steps. What they amount to is worked out in [`fold`].

mod fold;

use minicbor::{Decode, Encode};

pub use fold::{Dispatch, DispatchState, Incident, IncidentState, StepShown};

use crate::{
    error::{Error, Problem, Result},
    id::{AnswerId, BlobHash, CategoryId, DepartmentId, DocumentId, MemberId, ReasonId, Salt, SourceId},
    model::{MAX_TEXT_BYTES, Severity, note::too_long, place::Place, step::StepId},
    time::Timestamp,
};

/// Most photos in one record.
pub const MAX_PHOTOS: usize = 20;

/// The body of an incident's record entry: what was captured, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IncidentRecord {
    /// Random; keeps an erased record from being guessed by its hash.
    #[n(0)]
    pub salt: Salt,
    /// What the reporter wrote; may be empty if there is a photo or a voice recording.
    #[n(1)]
    pub text: String,
    /// What it is about, as the reporter sees it.
    #[n(2)]
    pub category: CategoryId,
    /// How much it matters, as the reporter sees it.
    #[n(3)]
    pub severity: Severity,
    /// Where.
    #[n(4)]
    pub place: Place,
    /// The developed photos by hash; their previews are known by the photo's hash.
    #[n(5)]
    pub photos: Vec<BlobHash>,
    /// A voice recording.
    #[n(6)]
    pub voice: Option<BlobHash>,
    /// The patrol during which it was found, as older phones wrote it: now the patrol names the incident,
    /// because fewer people see a patrol.
    #[n(7)]
    pub patrol: Option<DocumentId>,
    /// Nobody but the command centre sees it before it is dispatched, and then only those who handle it.
    #[n(8)]
    pub is_anonymous: Option<bool>,
    /// A complaint or suggestion about the work itself; none for an incident.
    #[n(9)]
    pub matter: Option<Matter>,
    /// The system from which the command centre took it over: a hotline, petitions, satellite findings. None
    /// for what people of the township report.
    #[n(10)]
    pub source: Option<SourceId>,
}

/// What a report is, if it is not an incident. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// 投诉
    #[n(1)]
    Complaint,
    /// 建议
    #[n(2)]
    Suggestion,
}

impl IncidentRecord {
    /// Only the command centre and those to whom it dispatches see it: what is reported in confidence, and
    /// what may be about those who would see it.
    pub fn is_confidential(&self) -> bool {
        self.is_anonymous == Some(true) || self.matter.is_some()
    }

    /// Refuses what no reader would take. A report needs something to look at: text, photo or voice.
    pub fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(too_long(self.text.len()));
        }
        if self.text.trim().is_empty() && self.photos.is_empty() && self.voice.is_none() {
            problems.push(Problem::Missing("a text, a photo or a voice recording"));
        }
        if self.photos.len() > MAX_PHOTOS {
            problems.push(Problem::TooLarge {
                what: "the number of photos",
                found: self.photos.len() as u64,
                limit: MAX_PHOTOS as u64,
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid { problems }) }
    }
}

/// What a step does. Numbers are wire format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// 受理: the township takes it on.
    #[n(1)]
    Accepted,
    /// 派遣: an order to a department or person.
    #[n(2)]
    Dispatched,
    /// 处置: somebody is on it.
    #[n(3)]
    Handling,
    /// 处置完成: the work is done.
    #[n(4)]
    Resolved,
    /// 核查: somebody looked that it is done.
    #[n(5)]
    Verified,
    /// 办结: the reporter is answered.
    #[n(6)]
    Closed,
    /// 评价: the reporter said how it was.
    #[n(7)]
    Rated,
    /// 退回: handed back.
    #[n(8)]
    Returned,
    /// 不予受理: with a reason that the reporter reads.
    #[n(9)]
    Rejected,
    /// 重复: the same as another incident.
    #[n(10)]
    Duplicate,
    /// Taken up again.
    #[n(11)]
    Reopened,
    /// 督办: those who have to act are reminded; nothing else changes.
    #[n(12)]
    Reminded,
}

impl StepKind {
    /// All, in the order of an incident's life.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::Dispatched,
        Self::Handling,
        Self::Resolved,
        Self::Verified,
        Self::Closed,
        Self::Rated,
        Self::Returned,
        Self::Rejected,
        Self::Duplicate,
        Self::Reopened,
        Self::Reminded,
    ];
}

/// One step of an incident's life.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IncidentStep {
    /// What it does.
    #[n(0)]
    pub kind: StepKind,
    /// Dispatched: to this department.
    #[n(1)]
    pub department: Option<DepartmentId>,
    /// Dispatched: to this person.
    #[n(2)]
    pub member: Option<MemberId>,
    /// Dispatched: to be done by then.
    #[n(3)]
    pub due_at: Option<Timestamp>,
    /// Returned, rejected, reopened: why. Closed: why what it repeats was refused.
    #[n(4)]
    pub reason: Option<ReasonId>,
    /// Rated: 1 to 5.
    #[n(5)]
    pub rating: Option<u8>,
    /// Duplicate: of this incident.
    #[n(6)]
    pub of: Option<DocumentId>,
    /// Handling, resolved, returned, reminded: which dispatch this is about, if any.
    #[n(7)]
    pub dispatch: Option<StepId>,
    /// Closed: the template of the answer that the reporter reads.
    #[n(8)]
    pub answer: Option<AnswerId>,
}

impl IncidentStep {
    /// A step with nothing beside its kind.
    pub fn plain(kind: StepKind) -> Self {
        Self {
            kind,
            department: None,
            member: None,
            due_at: None,
            reason: None,
            rating: None,
            of: None,
            dispatch: None,
            answer: None,
        }
    }

    /// Tells whether the step carries what its kind needs.
    pub fn check(&self) -> Result<()> {
        let missing = match self.kind {
            StepKind::Dispatched if self.department.is_none() && self.member.is_none() => {
                Some("the department or member to dispatch to")
            }
            StepKind::Rejected if self.reason.is_none() => Some("the reason"),
            StepKind::Duplicate if self.of.is_none() => Some("the incident it repeats"),
            StepKind::Rated if !self.rating.is_some_and(|rating| (1..=5).contains(&rating)) => {
                Some("a rating from 1 to 5")
            }
            _ => None,
        };
        missing.map_or(Ok(()), |what| Err(Error::invalid(Problem::Missing(what))))
    }
}

/// Working-document field: category.
pub const FIELD_CATEGORY: &str = "category";
/// Working-document field: severity.
pub const FIELD_SEVERITY: &str = "severity";
/// Working-document field: grid.
pub const FIELD_GRID: &str = "grid";
/// Working-document field: the step whose state a person chose among several taken at the same time, by its id.
pub const FIELD_STATE: &str = "state";
/// The fields that an incident's working document may have beside its steps.
pub const FIELDS: [&str; 4] = [FIELD_CATEGORY, FIELD_SEVERITY, FIELD_GRID, FIELD_STATE];

#[cfg(test)]
mod tests;
