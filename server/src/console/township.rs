//! The township: its settings, grids and departments, and how its relay is.

use axum::{
    Extension,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    geo::{self, GridKind},
    id::{GridId, HazardId, Pin, PurposeId, ThemeId, TownshipId},
    model::settings::{
        Answer as AnswerTemplate, Category, Checkpoint, Department, Form, Named, Reason, Reminders, StepHours,
    },
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, from_json},
    matrix::{Caller, OperatorRole},
    sheet::{DepartmentRow, departments},
};
use crate::relay::RelayStatus;

/// The settings without boundaries, which only the phones and the map need.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SettingsShown)]
pub(super) struct Summary<'a> {
    township: TownshipId,
    name: &'a str,
    version: u64,
    grids: Vec<GridLine<'a>>,
    departments: &'a [Department],
    categories: &'a [Category],
    reasons: &'a [Reason],
    checkpoints: &'a [Checkpoint],
    step_hours: Option<&'a StepHours>,
    purposes: Option<&'a Vec<Named<PurposeId>>>,
    forms: Option<&'a Vec<Form>>,
    hazards: Option<&'a Vec<Named<HazardId>>>,
    themes: Option<&'a Vec<Named<ThemeId>>>,
    answers: Option<&'a Vec<AnswerTemplate>>,
    reminders: Option<Reminders>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct GridLine<'a> {
    id: &'a GridId,
    name: &'a str,
    kind: GridKind,
    parent: Option<&'a GridId>,
}

/// How the relay is, and where phones find it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StatusShown)]
pub(super) struct Status<'a> {
    township: TownshipId,
    name: &'a str,
    settings_version: u64,
    addresses: &'a [String],
    pin: Option<Pin>,
    #[serde(flatten)]
    relay: RelayStatus,
    /// How much room the disk has.
    disk: Option<crate::blobs::Room>,
    /// Backups and checks.
    keeping: crate::relay::keeper::KeepingShown,
}

/// `GET /api/status`
pub(super) async fn status(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Answer {
    let mut relay = desk.relay.status().await?;
    let mut keeping = desk.relay.keeping();
    // Where backups lie and which phones send too much is for who keeps house.
    if !caller.is_one_of(&[OperatorRole::Administrator]) {
        keeping = keeping.without_places();
        relay.quota.waiting = None;
    }
    let settings = desk.relay.settings().await;
    Shown::of(Status {
        township: settings.township,
        name: &settings.name,
        settings_version: settings.version,
        addresses: &desk.invitations.addresses,
        pin: desk.invitations.pin,
        relay,
        disk: desk.relay.blobs().room().ok(),
        keeping,
    })
}

/// `GET /api/settings`
pub(super) async fn settings(State(desk): State<Desk>) -> Answer {
    let settings = desk.relay.settings().await;
    let grids = settings
        .grids
        .iter()
        .map(|grid| GridLine {
            id: &grid.id,
            name: &grid.name,
            kind: grid.kind,
            parent: grid.parent.as_ref(),
        })
        .collect();
    Shown::of(Summary {
        township: settings.township,
        name: &settings.name,
        version: settings.version,
        grids,
        departments: &settings.departments,
        categories: &settings.categories,
        reasons: &settings.reasons,
        checkpoints: &settings.checkpoints,
        step_hours: settings.step_hours.as_ref(),
        purposes: settings.purposes.as_ref(),
        forms: settings.forms.as_ref(),
        hazards: settings.hazards.as_ref(),
        themes: settings.themes.as_ref(),
        answers: settings.answers.as_ref(),
        reminders: settings.reminders,
    })
}

/// How grids are imported.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct GridImport {
    /// Nothing is changed: only what would be, and which open work would move.
    dry_run: bool,
}

/// `PUT /api/grids[?dry_run=true]`: GeoJSON, in place of the present grids.
pub(super) async fn import_grids(
    State(desk): State<Desk>,
    import: Result<Query<GridImport>, QueryRejection>,
    bytes: Bytes,
) -> Answer {
    let Query(import) = import?;
    // A file of 32 MiB takes a second to read: not where other requests wait.
    let read = tokio::task::spawn_blocking(move || geo::read_geojson(&bytes)).await;
    let features = read.map_err(|_| ApiError::malformed("GeoJSON"))??;
    Shown::of(if import.dry_run {
        desk.relay.foresee_grids(features).await?
    } else {
        desk.relay.import_grids(features).await?
    })
}

/// The JSON form of an import.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DepartmentList {
    departments: Vec<DepartmentRow>,
}

/// `PUT /api/departments`: CSV or JSON.
pub(super) async fn import_departments(
    State(desk): State<Desk>,
    headers: axum::http::HeaderMap,
    bytes: Bytes,
) -> Answer {
    let settings = desk.relay.settings().await;
    let departments = if is_json(&headers) {
        let list: DepartmentList = from_json(&bytes)?;
        departments::check("item", (1..).zip(list.departments).collect(), &settings)
    } else {
        departments::read(&bytes, &settings)
    };
    Shown::of(desk.relay.import_departments(departments.map_err(ApiError::invalid)?).await?)
}

/// Whether the body says that it is JSON; everything else is CSV.
pub(super) fn is_json(headers: &axum::http::HeaderMap) -> bool {
    let kind = headers.get(axum::http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"))
}
