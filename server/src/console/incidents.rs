//! Incidents and patrols: lists, one in full, an operator's steps and notes, photos, and what the
//! relay keeps apart.

use std::time::Duration;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, header},
};
use serde::Deserialize;
use suishou_core::{
    error::Problem,
    id::{BlobHash, CategoryId, DepartmentId, DocumentId, GridId, MemberId, ReasonId},
    model::{
        Severity,
        incident::{FIELD_CATEGORY, FIELD_GRID, FIELD_SEVERITY, IncidentState, IncidentStep, StepKind},
        settings::Settings,
        step::StepId,
    },
    time::Timestamp,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, id, too_large},
};
use crate::relay::{Act, IncidentFilter, IncidentShown};

/// Most items of one answer.
const MAX_LIMIT: usize = 500;
/// Items of one answer unless the program asks for another number.
const LIMIT: usize = 100;

/// What to list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// States with commas between; `open` stands for all that are not settled.
    state: String,
    grid: Option<String>,
    department: Option<String>,
    category: Option<String>,
    limit: Option<usize>,
    before: Option<u64>,
}

/// `GET /api/incidents`
pub(super) async fn list(State(desk): State<Desk>, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let Query(wanted) = wanted?;
    let settings = desk.relay.settings().await;
    let filter = IncidentFilter {
        states: states(&wanted.state)?,
        grid: wanted.grid.as_deref().map(id).transpose()?,
        department: wanted.department.as_deref().map(id).transpose()?,
        category: wanted.category.as_deref().map(id).transpose()?,
        limit: checked_limit(wanted.limit)?,
        before: wanted.before,
    };
    let checks = [
        filter.grid.as_ref().map(|grid| settings.check_grid(grid)),
        filter.department.as_ref().map(|department| settings.check_department(department)),
        filter.category.as_ref().map(|category| settings.check_category(category)),
    ];
    checks.into_iter().flatten().collect::<Result<(), _>>()?;
    Shown::list("incidents", desk.relay.incidents(filter).await?)
}

fn states(words: &str) -> Answer<Vec<IncidentState>> {
    let mut states = Vec::new();
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match IncidentState::from_word(word) {
            Some(state) => states.push(state),
            None if word == "open" => {
                states.extend(IncidentState::ALL.into_iter().filter(|state| !state.is_settled()));
            }
            None => {
                let code = word.chars().take(20).collect();
                return Err(ApiError::invalid(vec![Problem::Unknown { what: "state", code }]));
            }
        }
    }
    Ok(states)
}

fn checked_limit(limit: Option<usize>) -> Answer<usize> {
    match limit.unwrap_or(LIMIT) {
        limit if limit > MAX_LIMIT => Err(too_large("limit", limit as u64, MAX_LIMIT as u64)),
        limit => Ok(limit),
    }
}

/// `GET /api/incidents/{id}`
pub(super) async fn show(State(desk): State<Desk>, Path(document): Path<String>) -> Answer {
    Shown::of(desk.relay.incident(id(&document)?).await?)
}

/// What an operator does.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    kind: Option<StepKind>,
    department: Option<DepartmentId>,
    /// Joint handling: one dispatch to each.
    departments: Vec<DepartmentId>,
    member: Option<MemberId>,
    due_at: Option<String>,
    due_hours: Option<u16>,
    reason: Option<ReasonId>,
    of: Option<DocumentId>,
    dispatch: Option<StepId>,
    remark: Option<String>,
    category: Option<CategoryId>,
    severity: Option<Severity>,
    grid: Option<GridId>,
}

/// `POST /api/incidents/{id}/steps`: a step, corrected fields, or both in one commit.
pub(super) async fn step(
    State(desk): State<Desk>,
    Path(document): Path<String>,
    Form(step): Form<Step>,
) -> Answer {
    let document: DocumentId = id(&document)?;
    let settings = desk.relay.settings().await;
    step.check(&settings)?;
    if let Some(member) = &step.member {
        let is_known = desk.relay.members().await?.iter().any(|known| known.id == *member);
        if !is_known {
            let code = member.to_string();
            return Err(ApiError::invalid(vec![Problem::Unknown { what: "member", code }]));
        }
    }
    let present = desk.relay.incident(document).await?;
    let act = step.into_act(&settings, &present, desk.clock.now())?;
    Shown::of(desk.relay.act(document, act).await?)
}

impl Step {
    fn check(&self, settings: &Settings) -> Answer<()> {
        for department in self.department.iter().chain(&self.departments) {
            settings.check_department(department)?;
        }
        let checks = [
            self.reason.as_ref().map(|reason| settings.check_reason(reason)),
            self.category.as_ref().map(|category| settings.check_category(category)),
            self.grid.as_ref().map(|grid| settings.check_grid(grid)),
        ];
        Ok(checks.into_iter().flatten().collect::<Result<(), _>>()?)
    }

    fn into_act(self, settings: &Settings, present: &IncidentShown, now: Timestamp) -> Answer<Act> {
        let mut fields = Vec::new();
        fields
            .extend(self.category.as_ref().map(|category| (FIELD_CATEGORY.to_owned(), category.to_string())));
        fields
            .extend(self.severity.map(|severity| (FIELD_SEVERITY.to_owned(), severity.as_str().to_owned())));
        fields.extend(self.grid.as_ref().map(|grid| (FIELD_GRID.to_owned(), grid.to_string())));
        let remark = self.remark.filter(|remark| !remark.trim().is_empty());
        let Some(kind) = self.kind else {
            if fields.is_empty() {
                return Err(ApiError::invalid(vec![Problem::Missing("kind")]));
            }
            return Ok(Act { steps: Vec::new(), fields, remark });
        };
        let due_at = match (kind, self.due_at, self.due_hours) {
            (StepKind::Dispatched, Some(text), _) => Some(text.parse()?),
            (StepKind::Dispatched, None, hours) => {
                let category = self.category.as_ref().unwrap_or(&present.listed.category);
                let severity = self.severity.unwrap_or(present.listed.severity);
                let hours = hours.unwrap_or_else(|| settings.due_hours(category, severity));
                Some(now.after(Duration::from_hours(hours.into())))
            }
            _ => None,
        };
        let first = IncidentStep {
            department: self.department,
            member: self.member,
            due_at,
            reason: self.reason,
            of: self.of,
            dispatch: self.dispatch,
            ..IncidentStep::plain(kind)
        };
        let mut steps = Vec::new();
        if self.departments.is_empty() || first.department.is_some() || first.member.is_some() {
            steps.push(first.clone());
        }
        steps.extend(self.departments.into_iter().map(|department| IncidentStep {
            department: Some(department),
            member: None,
            ..first.clone()
        }));
        steps.iter().try_for_each(IncidentStep::check)?;
        Ok(Act { steps, fields, remark })
    }
}

/// A remark for everyone who sees the incident.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteForm {
    text: String,
}

/// `POST /api/incidents/{id}/notes`
pub(super) async fn note(
    State(desk): State<Desk>,
    Path(document): Path<String>,
    Form(note): Form<NoteForm>,
) -> Answer {
    if note.text.trim().is_empty() {
        return Err(ApiError::invalid(vec![Problem::Missing("the text of the note")]));
    }
    let act = Act { remark: Some(note.text), ..Act::default() };
    Shown::of(desk.relay.act(id(&document)?, act).await?)
}

/// Which size of a photo.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Size {
    preview: Option<bool>,
}

type File = ([(HeaderName, String); 2], Vec<u8>);

/// `GET /api/incidents/{id}/photos/{hash}[?preview=true]`: a photo of the report or of a note, as a
/// file to be saved and never as a page.
pub(super) async fn photo(
    State(desk): State<Desk>,
    Path((document, hash)): Path<(String, String)>,
    size: Result<Query<Size>, QueryRejection>,
) -> Answer<File> {
    let hash: BlobHash = id(&hash)?;
    let shown = desk.relay.incident(id(&document)?).await?;
    let of_notes = shown.notes.iter().flat_map(|note| &note.photos);
    if !shown.photo_blobs.iter().chain(of_notes).any(|photo| photo.hash == hash) {
        return Err(ApiError::not_found("photo"));
    }
    let Query(size) = size?;
    let read = match size.preview {
        Some(true) => desk.relay.preview(hash).await?,
        _ => desk.relay.blob(hash).await?,
    };
    let (kind, ending) = picture(&read.bytes);
    let disposition = format!("attachment; filename=\"{hash}.{ending}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], read.bytes))
}

/// By its first bytes; what is none of these is only bytes.
fn picture(bytes: &[u8]) -> (&'static str, &'static str) {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "jpg"),
        [0x89, b'P', b'N', b'G', ..] => ("image/png", "png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", "webp"),
        _ => ("application/octet-stream", "bin"),
    }
}

/// How many.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Amount {
    limit: Option<usize>,
}

/// `GET /api/patrols`
pub(super) async fn patrols(
    State(desk): State<Desk>,
    amount: Result<Query<Amount>, QueryRejection>,
) -> Answer {
    let Query(amount) = amount?;
    Shown::list("patrols", desk.relay.patrols(checked_limit(amount.limit)?).await?)
}

/// `GET /api/patrols/{id}`
pub(super) async fn patrol(State(desk): State<Desk>, Path(document): Path<String>) -> Answer {
    Shown::of(desk.relay.patrol(id(&document)?).await?)
}

/// `GET /api/held`
pub(super) async fn held(State(desk): State<Desk>) -> Answer {
    Shown::list("held", desk.relay.held().await?)
}
