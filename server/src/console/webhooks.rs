//! Webhooks: who is told, and what could not be told.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use super::{
    Desk,
    input::{Answer, Form, Shown},
    intake::{Enabled, EnabledShown},
};
use crate::relay::webhooks::HookForm;

/// `GET /api/webhooks`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::list("webhooks", desk.relay.hooks().await?)
}

/// `POST /api/webhooks`: the answer has the secret, this once.
pub(super) async fn add(State(desk): State<Desk>, Form(form): Form<HookForm>) -> Answer<(StatusCode, Shown)> {
    Ok((StatusCode::CREATED, Shown::of(desk.relay.add_hook(form).await?)?))
}

/// `POST /api/webhooks/{id}/enabled`
pub(super) async fn enable(
    State(desk): State<Desk>,
    Path(hook): Path<String>,
    Form(form): Form<Enabled>,
) -> Answer {
    desk.relay.enable_hook(hook.clone(), form.is_enabled).await?;
    Shown::of(EnabledShown { id: hook, is_enabled: form.is_enabled })
}

/// `POST /api/webhooks/{id}/test`: one event that says nothing, now.
pub(super) async fn test(State(desk): State<Desk>, Path(hook): Path<String>) -> Answer {
    Shown::of(desk.relay.test_hook(hook, desk.own.clone()).await?)
}

/// Which items.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = RetryForm)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retry {
    /// One by its number; all if none is named.
    item: Option<i64>,
}

/// How many are tried again.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Retried {
    retried: usize,
}

/// `POST /api/webhooks/{id}/retry`: dead items are tried again.
pub(super) async fn retry(
    State(desk): State<Desk>,
    Path(hook): Path<String>,
    Form(form): Form<Retry>,
) -> Answer {
    let retried = desk.relay.retry_hook(hook, form.item).await?;
    Shown::of(Retried { retried })
}

/// Of which hook.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Of {
    webhook: Option<String>,
}

/// `GET /api/webhook-items`: what was given up.
pub(super) async fn dead(State(desk): State<Desk>, of: Result<Query<Of>, QueryRejection>) -> Answer {
    let Query(of) = of?;
    Shown::list("items", desk.relay.dead_events(of.webhook).await?)
}
