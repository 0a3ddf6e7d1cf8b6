//! The people of the command centre, for their administrator; and the audit log.

use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use suishou_core::{error::Problem, id::DepartmentId, time::Timestamp};

use super::{
    Desk,
    error::ApiError,
    input::{Answer, Form, Shown, too_large},
    ledger::Noted,
};
use crate::{
    db::audit::Filter,
    relay::{
        OperatorRole,
        operators::{JoinLink, NewOperator, OperatorShown},
    },
};

/// Most entries of one answer.
const MAX_LIMIT: usize = 1_000;
/// Entries of one answer unless the program asks for another number.
const LIMIT: usize = 100;

/// `GET /api/operators`
pub(super) async fn list(State(desk): State<Desk>) -> Answer {
    Shown::list("operators", desk.relay.operators().await?)
}

/// Somebody who is to log in.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = OperatorForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    name: String,
    shown_name: String,
    #[schema(value_type = Vec<OperatorRole>)]
    roles: Vec<String>,
    #[serde(default)]
    department: Option<DepartmentId>,
}

/// `POST /api/operators`: with the link that is for them alone.
pub(super) async fn add(
    State(desk): State<Desk>,
    Form(add): Form<Add>,
) -> Answer<(StatusCode, Extension<Noted>, Shown)> {
    let Add { name, shown_name, department, .. } = add;
    let roles = roles(&add.roles)?;
    let (operator, link) =
        desk.relay.add_operator(NewOperator { name, shown_name, roles, department }).await?;
    let noted = Noted { target: Some(operator.id.to_string()), ..Noted::default() };
    Ok((StatusCode::CREATED, Extension(noted), linked(&desk, &operator, &link)?))
}

/// `POST /api/operators/{id}/reset`
pub(super) async fn reset(State(desk): State<Desk>, Path(operator): Path<String>) -> Answer {
    let (operator, link) = desk.relay.reset_operator(number(&operator)?).await?;
    linked(&desk, &operator, &link)
}

/// `POST /api/operators/{id}/disable`
pub(super) async fn disable(State(desk): State<Desk>, Path(operator): Path<String>) -> Answer {
    Shown::of(desk.relay.set_operator_disabled(number(&operator)?, true).await?)
}

/// `POST /api/operators/{id}/enable`
pub(super) async fn enable(State(desk): State<Desk>, Path(operator): Path<String>) -> Answer {
    Shown::of(desk.relay.set_operator_disabled(number(&operator)?, false).await?)
}

/// What somebody does from now on.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RolesForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    #[schema(value_type = Vec<OperatorRole>)]
    roles: Vec<String>,
    #[serde(default)]
    department: Option<DepartmentId>,
}

/// `POST /api/operators/{id}/roles`
pub(super) async fn set_roles(
    State(desk): State<Desk>,
    Path(operator): Path<String>,
    Form(form): Form<Roles>,
) -> Answer {
    let roles = roles(&form.roles)?;
    Shown::of(desk.relay.set_operator_roles(number(&operator)?, roles, form.department).await?)
}

/// Somebody with the link that is for them alone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OperatorLinked)]
pub(super) struct Linked<'a> {
    operator: &'a OperatorShown,
    /// To be typed; told this once.
    code: &'a str,
    /// The same as an address of the console.
    link: String,
    /// Useless from then on.
    expires_at: Timestamp,
}

fn linked(desk: &Desk, operator: &OperatorShown, link: &JoinLink) -> Answer {
    Shown::of(Linked {
        operator,
        code: &link.code,
        link: crate::config::join_link(&desk.console, &link.code),
        expires_at: link.expires_at,
    })
}

fn roles(words: &[String]) -> Answer<Vec<OperatorRole>> {
    let read = words.iter().map(|word| {
        OperatorRole::from_name(word).ok_or_else(|| {
            let code = word.chars().take(20).collect();
            ApiError::invalid(vec![Problem::Unknown { what: "role", code }])
        })
    });
    read.collect()
}

fn number(text: &str) -> Answer<i64> {
    text.parse().map_err(|_| ApiError::not_found("operator"))
}

/// Which entries of the audit log.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    since: Option<String>,
    operator: Option<i64>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// `GET /api/audit`
pub(super) async fn audit(State(desk): State<Desk>, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let Query(wanted) = wanted?;
    let limit = wanted.limit.unwrap_or(LIMIT);
    if limit > MAX_LIMIT {
        return Err(too_large("limit", limit as u64, MAX_LIMIT as u64));
    }
    let since = wanted.since.as_deref().map(str::parse::<Timestamp>).transpose()?;
    let filter = Filter { since, operator: wanted.operator, before: wanted.before, limit };
    Shown::list("audit", desk.relay.audit(filter).await?)
}

/// `GET /api/audit/verify`
pub(super) async fn verify(State(desk): State<Desk>) -> Answer {
    Shown::of(desk.relay.verify_audit().await?)
}
