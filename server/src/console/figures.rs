//! Statistics: figures by grid, category, department, source and time; what townships publish; a grid's sheet.
//! None of these takes a person, and none puts people in an order.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use suishou_core::{error::Problem, id::GridId, model::settings, time::Timestamp};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Shown, id},
};
use crate::{
    relay::figures::{By, FIGURES, Period, page},
    times::moment,
    words::{Lang, Words},
};

/// A page that needs nothing but its own style.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

/// Which incidents, and how they are put together.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
    #[param(value_type = Option<By>)]
    by: Option<String>,
    grid: Option<String>,
}

/// Of when.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Between {
    /// A moment, or a day in Beijing.
    from: Option<String>,
    /// Before this moment, or to the end of this day.
    to: Option<String>,
}

/// A moment, or a day in Beijing.
pub(super) fn bound(given: Option<&str>, is_end: bool) -> Answer<Option<Timestamp>> {
    let Some(given) = given else { return Ok(None) };
    let bad = || ApiError::invalid(vec![Problem::Malformed("a time")]);
    moment(given, is_end).map(Some).ok_or_else(bad)
}

impl Wanted {
    fn period(&self) -> Answer<Period> {
        let (from, to) = (bound(self.from.as_deref(), false)?, bound(self.to.as_deref(), true)?);
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(ApiError::invalid(vec![Problem::Missing("an end after the beginning")]));
        }
        Ok(Period { from, to, grid: self.grid.as_deref().map(id).transpose()? })
    }
}

/// `GET /api/figures?from=&to=&by=&grid=`
pub(super) async fn figures(
    State(desk): State<Desk>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let Query(wanted) = wanted?;
    let by: By = wanted.by.as_deref().unwrap_or("category").parse()?;
    let period = wanted.period()?;
    if let Some(grid) = &period.grid {
        desk.relay.settings().await.check_grid(grid)?;
    }
    Shown::of(desk.relay.figures(by, period).await?)
}

/// What the figures mean.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FigureDefinitions)]
pub(super) struct Definitions {
    /// By name.
    figures: BTreeMap<&'static str, Definition>,
}

/// What one means.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = FigureDefinition)]
struct Definition {
    label: settings::Words,
    meaning: settings::Words,
}

/// `GET /api/figures/definitions`: what each figure means, in both languages.
pub(super) async fn definitions() -> Answer {
    let word = |lang: Lang, key: &str| Words::of(lang).word(key).to_owned();
    let both = |key: &str| settings::Words { zh: word(Lang::Chinese, key), en: word(Lang::English, key) };
    let figures = FIGURES
        .into_iter()
        .map(|name| {
            let (label, meaning) = (both(&format!("fig.{name}")), both(&format!("figure.{name}")));
            (name, Definition { label, meaning })
        })
        .collect();
    Shown::of(Definitions { figures })
}

/// `GET /api/figures/published?from=&to=`
pub(super) async fn published(
    State(desk): State<Desk>,
    wanted: Result<Query<Between>, QueryRejection>,
) -> Answer {
    let Query(Between { from, to }) = wanted?;
    Shown::of(desk.relay.published(Wanted { from, to, ..Wanted::default() }.period()?).await?)
}

/// As JSON or as a page.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Form {
    /// `json` or `html`.
    format: Option<String>,
}

/// `GET /api/figures/grids/{id}?format=html`
pub(super) async fn grid(
    State(desk): State<Desk>,
    Path(grid): Path<String>,
    form: Result<Query<Form>, QueryRejection>,
) -> Answer<Response> {
    let Query(form) = form?;
    let grid: GridId = id(&grid)?;
    let sheet = desk.relay.grid_sheet(grid).await?;
    match form.format.as_deref() {
        None | Some("json") => Ok(Shown::of(sheet)?.into_response()),
        Some("html") => {
            let html = page(&sheet, desk.relay.settings().await.as_ref());
            let heads: [(HeaderName, &str); 2] = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
            ];
            Ok((heads, html).into_response())
        }
        Some(other) => {
            let code = other.chars().take(20).collect();
            Err(ApiError::invalid(vec![Problem::Unknown { what: "format", code }]))
        }
    }
}
