//! The fold over an incident's steps: in which state it is, the same on every device in any order of arrival.
//!
//! Steps are add-only and come in the document's causal order. A step that is not possible where it stands
//! took no effect; it is kept and shown as such.

use serde::Serialize;

use super::{
    FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, FIELD_STATE, IncidentRecord, IncidentStep, StepKind,
};
use crate::{
    error::HeldCode,
    id::{AnswerId, CategoryId, DepartmentId, DocumentId, GridId, MemberId, ReasonId},
    model::{
        Severity,
        choice::{Choice, Fields, choice},
        decode,
        step::{Origin, RawStep, StepId},
    },
    time::Timestamp,
};

/// The state of an incident: the last effective step's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// 上报
    Reported,
    /// 受理
    Accepted,
    /// 派遣
    Dispatched,
    /// 处置
    Handling,
    /// 处置完成
    Resolved,
    /// 核查
    Verified,
    /// 办结
    Closed,
    /// 评价
    Rated,
    /// 退回
    Returned,
    /// 不予受理
    Rejected,
    /// 重复
    Duplicate,
    /// Taken up again.
    Reopened,
}

impl IncidentState {
    /// All, in the order of an incident's life.
    pub const ALL: [Self; 12] = [
        Self::Reported,
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
    ];

    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Accepted => "accepted",
            Self::Dispatched => "dispatched",
            Self::Handling => "handling",
            Self::Resolved => "resolved",
            Self::Verified => "verified",
            Self::Closed => "closed",
            Self::Rated => "rated",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Reopened => "reopened",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Nobody in the township has anything left to do.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Closed | Self::Rated | Self::Rejected | Self::Duplicate)
    }
}

/// How far one of possibly several dispatches is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DispatchState {
    /// Nobody has taken it up.
    Sent,
    /// Somebody is on it.
    Handling,
    /// Done.
    Resolved,
    /// Handed back.
    Returned,
}

/// An order to a department or person, with its own state: joint handling is several of these.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Dispatch {
    /// The step that ordered it.
    pub step: StepId,
    /// To this department.
    pub department: Option<DepartmentId>,
    /// To this person.
    pub member: Option<MemberId>,
    /// To be done by then.
    pub due_at: Option<Timestamp>,
    /// How far it is.
    pub state: DispatchState,
}

impl Dispatch {
    /// Somebody still has to do it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, DispatchState::Sent | DispatchState::Handling)
    }
}

/// One step as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StepShown {
    /// Which.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Who and when.
    pub origin: Origin,
    /// To this department.
    pub department: Option<DepartmentId>,
    /// To this person.
    pub member: Option<MemberId>,
    /// To be done by then.
    pub due_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<ReasonId>,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Duplicate of this.
    pub of: Option<DocumentId>,
    /// Of this dispatch; of all that are open if it names none.
    pub dispatch: Option<StepId>,
    /// The template of the answer.
    pub answer: Option<AnswerId>,
    /// False if the step was not possible where it stands in the document's order.
    pub took_effect: bool,
}

impl StepShown {
    /// It wants the same as another one.
    fn means(&self, other: &Self) -> bool {
        let wanted =
            |step: &Self| (step.kind, step.department.clone(), step.member.clone(), step.of, step.dispatch);
        wanted(self) == wanted(other)
    }

    /// Both are about one of several orders each: joint handling, in which neither undoes the other.
    fn is_beside(&self, other: &Self) -> bool {
        let order = |step: &Self| match step.kind {
            StepKind::Dispatched => Some(step.id),
            _ => step.dispatch,
        };
        matches!((order(self), order(other)), (Some(own), Some(others)) if own != others)
    }
}

/// What an incident's working document amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// In which state it is.
    pub state: IncidentState,
    /// What it is about.
    pub category: Choice<CategoryId>,
    /// How much it matters.
    pub severity: Choice<Severity>,
    /// Where it belongs.
    pub grid: Choice<Option<GridId>>,
    /// The orders given so far.
    pub dispatches: Vec<Dispatch>,
    /// The incident it repeats, if it is a duplicate.
    pub duplicate_of: Option<DocumentId>,
    /// Why it was rejected or returned, if it is.
    pub reason: Option<ReasonId>,
    /// How the reporter rated it.
    pub rating: Option<u8>,
    /// When it came into this state.
    pub state_since: Timestamp,
    /// Every step, in order.
    pub steps: Vec<StepShown>,
    /// Steps that were taken at the same time as the one that stands, by people who did not know of it, and that
    /// wanted another state: a person chooses, by keeping what stands or taking a step from there.
    pub lost: Vec<StepId>,
}

impl Incident {
    /// The incident just after its report.
    pub fn reported(record: &IncidentRecord, origin: &Origin) -> Self {
        Self {
            state: IncidentState::Reported,
            category: Choice::single(record.category.clone()),
            severity: Choice::single(record.severity),
            grid: Choice::single(record.place.grid.clone()),
            dispatches: Vec::new(),
            duplicate_of: None,
            reason: None,
            rating: None,
            state_since: origin.at(),
            steps: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Folds the working document's steps and fields over the report.
    pub fn fold(record: &IncidentRecord, origin: &Origin, steps: &[RawStep], fields: &Fields) -> Self {
        let mut incident = Self::reported(record, origin);
        incident.set_fields(fields);
        let mut latest = Vec::new();
        for raw in steps {
            let Ok(step) = decode::<IncidentStep>(&raw.body, "an incident's step") else { continue };
            let took_effect = incident.allows(&step).is_ok();
            if took_effect {
                incident.take(raw.id, &step, raw.origin.at());
            }
            if raw.is_latest {
                latest.push(raw.id);
            }
            incident.steps.push(StepShown {
                id: raw.id,
                kind: step.kind,
                origin: raw.origin,
                department: step.department,
                member: step.member,
                due_at: step.due_at,
                reason: step.reason,
                rating: step.rating,
                of: step.of,
                dispatch: step.dispatch,
                answer: step.answer,
                took_effect,
            });
        }
        incident.lost = incident.lost_among(&latest, fields);
        incident
    }

    /// The step to which the state is owed; none after the report alone.
    pub fn standing(&self) -> Option<&StepShown> {
        self.steps.iter().rev().find(|step| step.took_effect && step.kind != StepKind::Reminded)
    }

    /// Of the steps that were taken at the same time, those whose state is not the one that stands.
    fn lost_among(&self, latest: &[StepId], fields: &Fields) -> Vec<StepId> {
        let Some(standing) = self.standing().filter(|_| latest.len() > 1) else { return Vec::new() };
        let chosen = choice(fields, FIELD_STATE, |word| word.parse::<StepId>().ok());
        if chosen.is_some_and(|chosen| !chosen.is_clash() && chosen.value == standing.id) {
            return Vec::new();
        }
        let is_lost = |step: &&StepShown| {
            let is_said = |other: &StepShown| other.took_effect && other.id != step.id && other.means(step);
            latest.contains(&step.id)
                && step.id != standing.id
                && !self.steps.iter().any(is_said)
                && !(step.took_effect && step.is_beside(standing))
        };
        self.steps.iter().filter(is_lost).map(|step| step.id).collect()
    }

    /// Whether the step is possible now, whoever takes it.
    pub fn allows(&self, step: &IncidentStep) -> Result<(), HeldCode> {
        use IncidentState as S;
        if step.check().is_err() {
            return Err(HeldCode::Malformed);
        }
        if let Some(dispatch) = step.dispatch {
            let known = self.dispatches.iter().find(|known| known.step == dispatch);
            let is_possible = known.is_some_and(|known| match step.kind {
                StepKind::Handling | StepKind::Resolved | StepKind::Reminded => known.is_open(),
                StepKind::Returned => known.state != DispatchState::Returned,
                _ => false,
            });
            if !is_possible {
                return Err(HeldCode::WrongState);
            }
        }
        let from: &[S] = match step.kind {
            StepKind::Accepted => &[S::Reported, S::Returned, S::Reopened],
            StepKind::Dispatched => &[S::Accepted, S::Dispatched, S::Handling, S::Returned, S::Reopened],
            StepKind::Handling => &[S::Reported, S::Accepted, S::Dispatched, S::Handling, S::Reopened],
            StepKind::Resolved => &[S::Accepted, S::Dispatched, S::Handling],
            StepKind::Verified => &[S::Resolved],
            // A report that repeats another gets the answer that the other got.
            StepKind::Closed => &[S::Accepted, S::Resolved, S::Verified, S::Duplicate],
            StepKind::Rated => &[S::Closed],
            StepKind::Returned => {
                &[S::Reported, S::Accepted, S::Dispatched, S::Handling, S::Resolved, S::Verified]
            }
            StepKind::Rejected => &[S::Reported, S::Accepted, S::Returned, S::Reopened, S::Duplicate],
            StepKind::Duplicate => &[S::Reported, S::Accepted, S::Returned, S::Reopened],
            StepKind::Reopened => &[S::Closed, S::Rated, S::Rejected, S::Duplicate],
            // Somebody still has something to do.
            StepKind::Reminded => {
                return if self.state.is_settled() { Err(HeldCode::WrongState) } else { Ok(()) };
            }
        };
        if from.contains(&self.state) { Ok(()) } else { Err(HeldCode::WrongState) }
    }

    /// The incident as it would be after a step that [`Incident::allows`]; for judging several steps
    /// of one change.
    pub fn foresee(&mut self, id: StepId, step: &IncidentStep) {
        self.take(id, step, self.state_since);
    }

    fn take(&mut self, id: StepId, step: &IncidentStep, at: Timestamp) {
        if step.kind == StepKind::Reminded {
            return;
        }
        self.reason = None;
        let state = match step.kind {
            StepKind::Accepted => IncidentState::Accepted,
            StepKind::Dispatched => {
                self.dispatches.push(Dispatch {
                    step: id,
                    department: step.department.clone(),
                    member: step.member.clone(),
                    due_at: step.due_at,
                    state: DispatchState::Sent,
                });
                IncidentState::Dispatched
            }
            StepKind::Handling => {
                self.set_dispatch(step.dispatch, DispatchState::Handling);
                IncidentState::Handling
            }
            StepKind::Resolved => {
                self.set_dispatch(step.dispatch, DispatchState::Resolved);
                self.state_of_open_dispatches().unwrap_or(IncidentState::Resolved)
            }
            StepKind::Returned => {
                self.reason.clone_from(&step.reason);
                self.set_dispatch(step.dispatch, DispatchState::Returned);
                self.state_of_open_dispatches().unwrap_or(IncidentState::Returned)
            }
            StepKind::Verified => IncidentState::Verified,
            StepKind::Closed => IncidentState::Closed,
            StepKind::Rated => {
                self.rating = step.rating;
                IncidentState::Rated
            }
            StepKind::Rejected => {
                self.reason.clone_from(&step.reason);
                IncidentState::Rejected
            }
            StepKind::Duplicate => {
                self.duplicate_of = step.of;
                IncidentState::Duplicate
            }
            StepKind::Reminded => self.state,
            StepKind::Reopened => {
                self.reason.clone_from(&step.reason);
                self.duplicate_of = None;
                self.rating = None;
                self.dispatches.clear();
                IncidentState::Reopened
            }
        };
        if state != self.state {
            self.state = state;
            self.state_since = at;
        }
    }

    /// Sets one dispatch, or all that are open if the step names none.
    fn set_dispatch(&mut self, which: Option<StepId>, state: DispatchState) {
        for dispatch in &mut self.dispatches {
            if which.map_or(dispatch.is_open(), |step| step == dispatch.step) {
                dispatch.state = state;
            }
        }
    }

    fn state_of_open_dispatches(&self) -> Option<IncidentState> {
        let mut open = self.dispatches.iter().filter(|dispatch| dispatch.is_open()).peekable();
        open.peek()?;
        if open.any(|dispatch| dispatch.state == DispatchState::Handling) {
            Some(IncidentState::Handling)
        } else {
            Some(IncidentState::Dispatched)
        }
    }

    fn set_fields(&mut self, fields: &Fields) {
        if let Some(category) = choice(fields, FIELD_CATEGORY, |word| CategoryId::new(word).ok()) {
            self.category = category;
        }
        if let Some(severity) = choice(fields, FIELD_SEVERITY, Severity::from_word) {
            self.severity = severity;
        }
        if let Some(grid) = choice(fields, FIELD_GRID, |word| GridId::new(word).ok().map(Some)) {
            self.grid = grid;
        }
    }

    /// Several values stand side by side and a person should choose.
    pub fn has_clash(&self) -> bool {
        self.category.is_clash() || self.severity.is_clash() || self.grid.is_clash() || !self.lost.is_empty()
    }

    /// When the next thing is due: the earliest open dispatch, if one has a due time.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.dispatches
            .iter()
            .filter(|dispatch| dispatch.is_open())
            .filter_map(|dispatch| dispatch.due_at)
            .min()
    }
}
