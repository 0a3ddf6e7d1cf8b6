//! Incidents and patrols in full.

use serde::Serialize;
use suishou_core::{
    document::{Record, Work},
    id::{BlobHash, CategoryId, CheckpointId, DepartmentId, DocumentId, GridId, ReasonId},
    model::{
        DocumentKind, Severity,
        choice::Choice,
        incident::{Dispatch, Incident, IncidentState, IncidentStep, StepKind, StepShown},
        patrol::{Gap, Leg, PatrolState, Visited},
        place::Place,
        step::StepId,
    },
    policy::{Rights, may_step},
    rows::{IncidentRow, PatrolRow},
    time::Timestamp,
};

use super::{Context, Kind};
use crate::{
    db,
    relay::{
        error::Result,
        shown::{BlobShown, PersonShown},
    },
};

/// What an incident in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct IncidentShown {
    /// What was reported.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// The voice recording.
    pub voice: Option<BlobShown>,
    /// The patrol during which it was found, as older phones wrote it.
    pub patrol: Option<DocumentId>,
    /// The reporter; none if the command centre took it down.
    pub reporter: Option<PersonShown>,
    /// Category with what stands beside it.
    pub category_choice: Choice<CategoryId>,
    /// Severity with what stands beside it.
    pub severity_choice: Choice<Severity>,
    /// Grid with what stands beside it.
    #[schema(value_type = Choice<Option<String>>)]
    pub grid_choice: Choice<Option<GridId>>,
    /// The orders.
    pub dispatches: Vec<Dispatch>,
    /// Every step, in order.
    pub steps: Vec<StepShown>,
    /// Steps that were taken at the same time as the one that stands, without knowing of it, and wanted another
    /// state: somebody chooses.
    pub lost_steps: Vec<StepId>,
    /// Why it was rejected, returned or reopened.
    pub reason: Option<ReasonId>,
    /// Incidents that repeat this one.
    pub repeated_by: Vec<DocumentId>,
    /// Steps that the command centre could take now.
    pub possible: Vec<StepKind>,
}

impl Kind for IncidentRow {
    type Shown = IncidentShown;
    const KIND: DocumentKind = DocumentKind::Incident;

    fn states() -> Vec<&'static str> {
        IncidentState::ALL.into_iter().map(IncidentState::as_str).collect()
    }

    fn set_due(&mut self, _: Option<Timestamp>, due_at: Option<Timestamp>) {
        self.due_at = due_at;
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Incident(record), Work::Incident(incident)) = (record, work) else { return Ok(None) };
        let repeated_by = db::work::documents_about(context.connection, context.id, Self::KIND, None)?;
        Ok(Some(IncidentShown {
            text: record.text.clone(),
            place: record.place.clone(),
            photo_blobs: context.blobs(&record.photos)?,
            voice: record.voice.map(|voice| context.blob(voice)).transpose()?,
            patrol: record.patrol,
            reporter: context.by.clone(),
            possible: possible(&incident),
            category_choice: incident.category,
            severity_choice: incident.severity,
            grid_choice: incident.grid,
            dispatches: incident.dispatches,
            steps: incident.steps,
            lost_steps: incident.lost,
            reason: incident.reason,
            repeated_by,
        }))
    }
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

/// What a patrol in full has beside its row.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PatrolShown {
    /// What the tour is for.
    pub purpose: String,
    /// Who walks.
    pub walker: Option<PersonShown>,
    /// Parts between pauses.
    pub legs: Vec<Leg>,
    /// The checkpoints visited.
    pub visits: Vec<Visited>,
    /// The checkpoints of the route not visited.
    pub left_over: Vec<CheckpointId>,
    /// The track's pieces.
    pub segments: Vec<BlobShown>,
    /// The holes in it.
    pub gap_list: Vec<Gap>,
    /// Incidents reported on the way.
    pub found: Vec<DocumentId>,
}

impl Kind for PatrolRow {
    type Shown = PatrolShown;
    const KIND: DocumentKind = DocumentKind::Patrol;

    fn states() -> Vec<&'static str> {
        [PatrolState::Running, PatrolState::Paused, PatrolState::Finished].map(PatrolState::as_str).to_vec()
    }

    fn shown(context: &Context<'_>, record: &Record, work: Work) -> Result<Option<Self::Shown>> {
        let (Record::Patrol(record), Work::Patrol(patrol)) = (record, work) else { return Ok(None) };
        let segments: &[BlobHash] = &patrol.segments;
        Ok(Some(PatrolShown {
            purpose: record.purpose.clone(),
            walker: context.by.clone(),
            segments: context.blobs(segments)?,
            legs: patrol.legs,
            visits: patrol.visited,
            left_over: patrol.left,
            gap_list: patrol.gaps,
            found: patrol.incidents,
        }))
    }
}
