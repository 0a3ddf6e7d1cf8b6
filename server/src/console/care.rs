//! Households: added one by one or from a sheet, ended, moved, given a new card.

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use suishou_core::{
    document::Record,
    error::Problem,
    id::{GridId, ReasonId},
    model::household::{FIELD_GRID, HouseholdStep},
    rows::HouseholdRow,
};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, id},
    matrix::Caller,
    sheet::{HouseholdLine, households},
    works::{done_by, shown},
};
use crate::relay::{Act, Step};

/// `POST /api/households`
pub(super) async fn add(
    State(desk): State<Desk>,
    Form(line): Form<HouseholdLine>,
) -> Answer<(StatusCode, Shown)> {
    let settings = desk.relay.settings().await;
    let mut cards = households::check("item", vec![(1, line)], &settings).map_err(ApiError::invalid)?;
    let Some(card) = cards.pop() else { return Err(ApiError::malformed("household")) };
    let document = desk.relay.issue(Record::Household(card)).await?;
    Ok((StatusCode::CREATED, shown::<HouseholdRow>(&desk, document).await?))
}

/// `PUT /api/households`: CSV; all of it or nothing.
pub(super) async fn import(State(desk): State<Desk>, bytes: Bytes) -> Answer {
    let settings = desk.relay.settings().await;
    let cards = households::read(&bytes, &settings).map_err(ApiError::invalid)?;
    Shown::of(desk.relay.import_households(cards).await?)
}

/// A word about a household.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = HouseholdDeed)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Deed {
    kind: Option<Kind>,
    reason: Option<ReasonId>,
    grid: Option<GridId>,
    card: Option<HouseholdLine>,
    remark: Option<String>,
}

#[derive(Clone, Copy, Deserialize, utoipa::ToSchema, Serialize)]
#[schema(as = HouseholdDeedKind)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Ended,
    Resumed,
}

/// `POST /api/households/{id}/steps`: an end, a new beginning, another grid, a new card.
pub(super) async fn step(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(document): Path<String>,
    Form(deed): Form<Deed>,
) -> Answer {
    let document = id(&document)?;
    let settings = desk.relay.settings().await;
    let step = deed.kind.map(|kind| match kind {
        Kind::Ended => HouseholdStep::Ended { reason: deed.reason.clone() },
        Kind::Resumed => HouseholdStep::Resumed,
    });
    let card = match deed.card {
        Some(line) => households::check("item", vec![(1, line)], &settings).map_err(ApiError::invalid)?.pop(),
        None => None,
    };
    let fields: Vec<_> = deed.grid.iter().map(|grid| (FIELD_GRID.to_owned(), grid.to_string())).collect();
    if step.is_none() && card.is_none() && fields.is_empty() {
        return Err(ApiError::invalid(vec![Problem::Missing("kind")]));
    }
    let act = Act {
        steps: step.map(Step::Household).into_iter().collect(),
        fields,
        remark: deed.remark.filter(|remark| !remark.trim().is_empty()),
        card,
        ..Act::default()
    };
    desk.relay.act(document, act).await?;
    done_by::<HouseholdRow>(&desk, document, &caller).await
}
