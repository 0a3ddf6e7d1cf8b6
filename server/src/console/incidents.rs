//! What operators do with incidents: take them down, take steps, merge them.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    document::Record,
    error::{Error, HeldCode, Problem},
    id::{AnswerId, BlobHash, CategoryId, DepartmentId, DocumentId, GridId, MemberId, ReasonId, Salt},
    model::{
        Severity,
        incident::{
            Dispatch, FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, FIELD_STATE, IncidentRecord, IncidentStep,
            Matter, StepKind, StepShown,
        },
        settings::Settings,
        step::StepId,
    },
    rows::IncidentRow,
    time::Timestamp,
};

use super::{
    Desk, bound,
    error::ApiError,
    input::{Answer, Form, Shown, Spot, id},
    matrix::Caller,
    works::{done_by, shown},
};
use crate::relay::{Act, Listed, reading::IncidentShown};

/// What an operator does.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = StepForm)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    kind: Option<StepKind>,
    department: Option<DepartmentId>,
    /// Joint handling: one dispatch to each.
    departments: Vec<DepartmentId>,
    /// The same with a due time of its own for each.
    dispatches: Vec<Order>,
    member: Option<MemberId>,
    due_at: Option<String>,
    due_hours: Option<u16>,
    reason: Option<ReasonId>,
    of: Option<DocumentId>,
    dispatch: Option<StepId>,
    /// Closed: the template of the answer.
    answer: Option<AnswerId>,
    remark: Option<String>,
    category: Option<CategoryId>,
    severity: Option<Severity>,
    grid: Option<GridId>,
    /// The state that stands is the right one, whatever others chose at the same time.
    keep_state: bool,
    /// Photos beside it, by the hashes that `POST /api/photos` answered.
    photos: Vec<BlobHash>,
    /// The incident's `changes` when it was looked at: if there are others now, nothing is done.
    seen: Option<u64>,
}

/// One of several dispatches.
#[derive(Clone, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DispatchForm)]
struct Order {
    department: Option<DepartmentId>,
    member: Option<MemberId>,
    due_at: Option<String>,
    due_hours: Option<u16>,
}

/// `POST /api/incidents/{id}/steps`: a step, corrected fields, or both in one commit.
pub(super) async fn step(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(mut step): Form<Step>,
) -> Answer {
    let document: DocumentId = id(&document)?;
    let settings = desk.relay.settings().await;
    step.check(&settings)?;
    let mut named =
        step.member.iter().chain(step.dispatches.iter().filter_map(|order| order.member.as_ref()));
    if let Some(first) = named.next() {
        let members = desk.relay.members().await?;
        let is_unknown = |member: &&MemberId| !members.iter().any(|known| known.id == **member);
        if let Some(member) = std::iter::once(first).chain(named).find(is_unknown) {
            let code = member.to_string();
            return Err(ApiError::invalid(vec![Problem::Unknown { what: "member", code }]));
        }
    }
    let present = desk.relay.incident(document).await?;
    if let Some(department) = caller.bound_to() {
        step.bind(department, &present.work.dispatches)?;
    }
    let kept = if step.keep_state { Some(standing(&present.work)?) } else { None };
    let mut act = step.into_act(&settings, &present.listed, desk.clock.now())?;
    act.fields.extend(kept.map(|step| (FIELD_STATE.to_owned(), step.to_string())));
    desk.relay.act(document, act).await?;
    done_by::<IncidentRow>(&desk, document, &caller).await
}

/// The step to which the state is owed, if others wanted another one at the same time.
fn standing(present: &IncidentShown) -> Answer<StepId> {
    let decides = |step: &&StepShown| step.took_effect && step.kind != StepKind::Reminded;
    let standing = present.steps.iter().rev().find(decides).filter(|_| !present.lost_steps.is_empty());
    standing.map(|step| step.id).ok_or_else(|| Error::Refused { code: HeldCode::WrongState }.into())
}

impl Step {
    /// Leaves a handler what a department may do: a step about a dispatch to it.
    fn bind(&mut self, department: &DepartmentId, dispatches: &[Dispatch]) -> Answer<()> {
        self.dispatch = bound::dispatch(department, self.kind, self.dispatch, dispatches)?;
        let has_fields =
            self.keep_state || self.category.is_some() || self.severity.is_some() || self.grid.is_some();
        let is_for_others =
            self.member.is_some() || self.department.is_some() || !self.departments.is_empty();
        if has_fields || is_for_others { Err(ApiError::forbidden()) } else { Ok(()) }
    }

    fn check(&self, settings: &Settings) -> Answer<()> {
        let ordered = self.dispatches.iter().filter_map(|order| order.department.as_ref());
        for department in self.department.iter().chain(&self.departments).chain(ordered) {
            settings.check_department(department)?;
        }
        let checks = [
            self.reason.as_ref().map(|reason| settings.check_reason(reason)),
            self.category.as_ref().map(|category| settings.check_category(category)),
            self.grid.as_ref().map(|grid| settings.check_grid(grid)),
            self.answer.as_ref().map(|answer| settings.check_answer(answer)),
        ];
        Ok(checks.into_iter().flatten().collect::<Result<(), _>>()?)
    }

    fn into_act(self, settings: &Settings, present: &Listed<IncidentRow>, now: Timestamp) -> Answer<Act> {
        let mut fields = Vec::new();
        fields
            .extend(self.category.as_ref().map(|category| (FIELD_CATEGORY.to_owned(), category.to_string())));
        fields
            .extend(self.severity.map(|severity| (FIELD_SEVERITY.to_owned(), severity.as_str().to_owned())));
        fields.extend(self.grid.as_ref().map(|grid| (FIELD_GRID.to_owned(), grid.to_string())));
        let remark = self.remark.filter(|remark| !remark.trim().is_empty());
        let Some(kind) = self.kind else {
            if fields.is_empty() && !self.keep_state && self.photos.is_empty() {
                return Err(ApiError::invalid(vec![Problem::Missing("kind")]));
            }
            return Ok(Act { fields, remark, photos: self.photos, seen: self.seen, ..Act::default() });
        };
        if kind != StepKind::Dispatched && !self.dispatches.is_empty() {
            return Err(ApiError::invalid(vec![Problem::Malformed("dispatches of another step")]));
        }
        let category = self.category.as_ref().unwrap_or(&present.row.category);
        let severity = self.severity.unwrap_or(present.row.severity);
        let due = |at: Option<&String>, hours: Option<u16>| -> Answer<Option<Timestamp>> {
            if kind != StepKind::Dispatched {
                return Ok(None);
            }
            if let Some(text) = at {
                return Ok(Some(text.parse()?));
            }
            let hours = hours.unwrap_or_else(|| settings.due_hours(category, severity));
            Ok(Some(now.after(Duration::from_hours(hours.into()))))
        };
        let due_at = due(self.due_at.as_ref(), self.due_hours)?;
        let first = IncidentStep {
            department: self.department,
            member: self.member,
            due_at,
            reason: self.reason,
            of: self.of,
            dispatch: self.dispatch,
            answer: self.answer,
            ..IncidentStep::plain(kind)
        };
        let mut steps = Vec::new();
        let is_alone = self.departments.is_empty() && self.dispatches.is_empty();
        if is_alone || first.department.is_some() || first.member.is_some() {
            steps.push(first.clone());
        }
        steps.extend(self.departments.into_iter().map(|department| IncidentStep {
            department: Some(department),
            member: None,
            ..first.clone()
        }));
        for order in self.dispatches {
            let due_at = match (&order.due_at, order.due_hours) {
                (None, None) => due_at,
                (at, hours) => due(at.as_ref(), hours)?,
            };
            let Order { department, member, .. } = order;
            steps.push(IncidentStep { department, member, due_at, ..first.clone() });
        }
        steps.iter().try_for_each(IncidentStep::check)?;
        let steps = steps.into_iter().map(Into::into).collect();
        Ok(Act { steps, fields, remark, photos: self.photos, seen: self.seen, ..Act::default() })
    }
}

/// What somebody said on the telephone.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReportForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    text: String,
    category: CategoryId,
    #[serde(default)]
    severity: Severity,
    #[serde(default)]
    anonymous: bool,
    #[serde(default)]
    matter: Option<Matter>,
    #[serde(flatten)]
    spot: Spot,
}

/// `POST /api/incidents`: taken down by the command centre.
pub(super) async fn report(
    State(desk): State<Desk>,
    Form(report): Form<Report>,
) -> Answer<(StatusCode, Shown)> {
    let settings = desk.relay.settings().await;
    let place = report.spot.into_place(&settings)?;
    let record = IncidentRecord {
        salt: Salt::ZERO,
        text: report.text,
        category: report.category,
        severity: report.severity,
        place,
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: report.anonymous.then_some(true),
        matter: report.matter,
        source: None,
    };
    let document = desk.relay.issue(Record::Incident(record)).await?;
    Ok((StatusCode::CREATED, shown::<IncidentRow>(&desk, document).await?))
}

/// Which incidents repeat this one.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = MergeForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    incidents: Vec<DocumentId>,
    #[serde(default)]
    remark: Option<String>,
    /// The incident's `changes` when it was looked at: if there are others now, nothing is done.
    #[serde(default)]
    seen: Option<u64>,
}

/// `POST /api/incidents/{id}/merge`: all of them or none.
pub(super) async fn merge(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(merge): Form<Merge>,
) -> Answer {
    let document: DocumentId = id(&document)?;
    let remark = merge.remark.filter(|remark| !remark.trim().is_empty());
    // Nobody was shown the others: what is new in them stays unseen.
    desk.relay.merge(document, merge.incidents, remark, merge.seen).await?;
    done_by::<IncidentRow>(&desk, document, &caller).await
}
