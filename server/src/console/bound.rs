//! A handler's eyes and hands: what was dispatched to the own department, and the steps that a department
//! takes. Whoever has another role beside it is not bound.

use suishou_core::{
    error::Problem,
    id::{DepartmentId, DocumentId},
    model::incident::{Dispatch, StepKind},
};

use super::{error::ApiError, matrix::Caller};
use crate::relay::Relay;

/// Where one incident and all that is of it stands.
const INCIDENT: &str = "/api/incidents/{id}";

/// Refuses an incident that is not the caller's to see; as if there were none.
pub(super) async fn check(relay: &Relay, caller: &Caller, route: &str, path: &str) -> Result<(), ApiError> {
    let Some(department) = caller.bound_to() else { return Ok(()) };
    if !route.starts_with(INCIDENT) {
        return Ok(());
    }
    let part = path.split('/').nth(3).unwrap_or_default();
    // What is no id is refused as such by the handler.
    let Ok(document) = part.parse::<DocumentId>() else { return Ok(()) };
    if relay.is_dispatched_to(document, department.clone()).await? {
        Ok(())
    } else {
        Err(ApiError::not_found(&document.to_string()))
    }
}

/// Which dispatch a handler's step is about; refuses steps that are not a department's.
pub(super) fn dispatch(
    department: &DepartmentId,
    kind: Option<StepKind>,
    named: Option<suishou_core::model::step::StepId>,
    dispatches: &[Dispatch],
) -> Result<Option<suishou_core::model::step::StepId>, ApiError> {
    if !matches!(kind, Some(StepKind::Handling | StepKind::Resolved | StepKind::Returned)) {
        return Err(ApiError::forbidden());
    }
    let mut own = dispatches.iter().filter(|dispatch| dispatch.department.as_ref() == Some(department));
    if let Some(named) = named {
        let is_own = own.any(|dispatch| dispatch.step == named);
        return if is_own { Ok(Some(named)) } else { Err(ApiError::forbidden()) };
    }
    // The newest that is open; if none is, the newest: policy says what is wrong with it.
    let last = own.clone().rfind(|dispatch| dispatch.is_open()).or_else(|| own.next_back());
    let last =
        last.ok_or_else(|| ApiError::invalid(vec![Problem::Missing("a dispatch to the department")]))?;
    Ok(Some(last.step))
}
