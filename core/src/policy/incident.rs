//! Who may do what to an incident.

use super::Rights;
use crate::{
    document::Document,
    error::HeldCode,
    guard::Edit,
    model::{
        Role, decode,
        incident::{FIELD_STATE, Incident, IncidentStep, StepKind},
    },
};

pub(super) fn judge(
    document: &Document,
    edits: &[Edit],
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let mut incident = document.incident().ok_or(HeldCode::NoRecord)?;
    for edit in edits {
        match edit {
            Edit::Field { name, .. } if name == FIELD_STATE => {
                if !may_choose_state(&incident, rights) {
                    return Err(HeldCode::NotAllowed);
                }
            }
            Edit::Field { .. } => {
                if !may_set_fields(&incident, is_author, rights) {
                    return Err(HeldCode::NotAllowed);
                }
            }
            Edit::Step { id, body, .. } => {
                let step: IncidentStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
                may_step(&incident, &step, is_author, rights)?;
                incident.foresee(*id, &step);
            }
        }
    }
    Ok(())
}

/// Whether this person may take this step on this incident now.
pub fn may_step(
    incident: &Incident,
    step: &IncidentStep,
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    if !has_role_for(incident, step, is_author, rights) {
        return Err(HeldCode::NotAllowed);
    }
    incident.allows(step)
}

fn has_role_for(incident: &Incident, step: &IncidentStep, is_author: bool, rights: &Rights) -> bool {
    let is_centre = rights.role == Role::Dispatcher;
    let is_in_grid = is_in_grid(incident, rights);
    match step.kind {
        StepKind::Rated => is_author && !is_centre,
        StepKind::Reopened => is_centre || is_author,
        StepKind::Accepted | StepKind::Verified => is_centre || (rights.role == Role::Leader && is_in_grid),
        StepKind::Dispatched
        | StepKind::Closed
        | StepKind::Rejected
        | StepKind::Duplicate
        | StepKind::Reminded => is_centre,
        StepKind::Handling | StepKind::Resolved => {
            is_centre
                || is_dispatched_to(incident, step, rights)
                || is_on_the_spot(incident, step, is_author, rights)
        }
        StepKind::Returned => is_centre || is_dispatched_to(incident, step, rights),
    }
}

/// The step names a dispatch, and that went to this person or department.
fn is_dispatched_to(incident: &Incident, step: &IncidentStep, rights: &Rights) -> bool {
    let named = incident.dispatches.iter().find(|dispatch| Some(dispatch.step) == step.dispatch);
    named.is_some_and(|dispatch| {
        let to_person = dispatch.member.is_some() && dispatch.member == rights.member;
        let to_department = dispatch.department.is_some() && dispatch.department == rights.department;
        to_person || to_department
    })
}

/// Small matters are settled by whoever stands there, as long as nobody was sent.
fn is_on_the_spot(incident: &Incident, step: &IncidentStep, is_author: bool, rights: &Rights) -> bool {
    let is_on_the_ground = matches!(rights.role, Role::Member | Role::Leader);
    let is_theirs = is_author || is_in_grid(incident, rights);
    is_on_the_ground && is_theirs && step.dispatch.is_none() && incident.dispatches.is_empty()
}

fn is_in_grid(incident: &Incident, rights: &Rights) -> bool {
    incident.grid.value.as_ref().is_some_and(|grid| rights.grids.contains(grid))
}

/// Category, severity and grid may be corrected by the reporter, by those whose grid it is and by the
/// command centre, until the matter is settled.
pub fn may_set_fields(incident: &Incident, is_author: bool, rights: &Rights) -> bool {
    let is_on_the_ground = matches!(rights.role, Role::Member | Role::Leader);
    let is_theirs = is_author || (is_on_the_ground && is_in_grid(incident, rights));
    !incident.state.is_settled() && (rights.role == Role::Dispatcher || is_theirs)
}

/// Among states that people chose at the same time those choose who accept and verify; in whichever state it is.
fn may_choose_state(incident: &Incident, rights: &Rights) -> bool {
    rights.role == Role::Dispatcher || (rights.role == Role::Leader && is_in_grid(incident, rights))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        id::{CategoryId, DepartmentId, EntryId, GridId, MemberId, Salt},
        model::{
            Severity,
            incident::{Dispatch, DispatchState, IncidentRecord, IncidentState},
            place::Place,
            step::{Author, Origin, StepId},
        },
        time::Timestamp,
    };

    fn incident(state: IncidentState, dispatched_to: Option<&str>) -> Incident {
        let record = IncidentRecord {
            salt: Salt::ZERO,
            text: "x".to_owned(),
            category: CategoryId::new("fire").unwrap(),
            severity: Severity::Normal,
            place: Place { grid: Some(GridId::new("g1").unwrap()), ..Place::default() },
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        let origin = Origin {
            entry: EntryId::ZERO,
            author: Author::Alias(1),
            claimed_at: Timestamp::default(),
            received_at: None,
        };
        let mut incident = Incident::reported(&record, &origin);
        incident.state = state;
        incident.dispatches.extend(dispatched_to.map(|department| Dispatch {
            step: StepId::derive(&[0; 16], 1, 0),
            department: Some(DepartmentId::new(department).unwrap()),
            member: None,
            due_at: None,
            state: DispatchState::Sent,
        }));
        incident
    }

    fn rights(role: Role, department: Option<&str>, grid: Option<&str>) -> Rights {
        Rights {
            role,
            member: Some(MemberId::new("m1").unwrap()),
            department: department.map(|code| DepartmentId::new(code).unwrap()),
            grids: grid.map(|code| GridId::new(code).unwrap()).into_iter().collect(),
            above: BTreeSet::new(),
        }
    }

    fn step(kind: StepKind) -> IncidentStep {
        IncidentStep {
            department: Some(DepartmentId::new("police").unwrap()),
            rating: Some(5),
            reason: Some(crate::id::ReasonId::new("outside").unwrap()),
            of: Some(crate::id::DocumentId::ZERO),
            dispatch: matches!(kind, StepKind::Handling | StepKind::Resolved | StepKind::Returned)
                .then(|| StepId::derive(&[0; 16], 1, 0)),
            ..IncidentStep::plain(kind)
        }
    }

    #[test]
    fn only_the_command_centre_rejects_closes_and_dispatches() {
        for kind in [StepKind::Rejected, StepKind::Closed, StepKind::Dispatched, StepKind::Duplicate] {
            for role in [Role::Member, Role::Leader, Role::Informant, Role::Handler] {
                let rights = rights(role, Some("police"), Some("g1"));
                let judged = may_step(&incident(IncidentState::Accepted, None), &step(kind), true, &rights);
                assert_eq!(judged, Err(HeldCode::NotAllowed), "{kind:?} by {role:?}");
            }
        }
    }

    #[test]
    fn a_handler_acts_on_the_own_departments_dispatch_only() {
        let incident = incident(IncidentState::Dispatched, Some("police"));
        let police = rights(Role::Handler, Some("police"), None);
        let market = rights(Role::Handler, Some("market"), None);
        assert_eq!(may_step(&incident, &step(StepKind::Handling), false, &police), Ok(()));
        assert_eq!(may_step(&incident, &step(StepKind::Handling), false, &market), Err(HeldCode::NotAllowed));
        let unnamed = IncidentStep::plain(StepKind::Handling);
        assert_eq!(may_step(&incident, &unnamed, false, &police), Err(HeldCode::NotAllowed));
    }

    #[test]
    fn a_member_settles_on_the_spot_in_the_own_grid_only() {
        let handling = IncidentStep::plain(StepKind::Handling);
        let reported = incident(IncidentState::Reported, None);
        assert_eq!(may_step(&reported, &handling, false, &rights(Role::Member, None, Some("g1"))), Ok(()));
        let elsewhere = rights(Role::Member, None, Some("g2"));
        assert_eq!(may_step(&reported, &handling, false, &elsewhere), Err(HeldCode::NotAllowed));
        let sent = incident(IncidentState::Dispatched, Some("police"));
        let at_home = rights(Role::Member, None, Some("g1"));
        assert_eq!(may_step(&sent, &handling, true, &at_home), Err(HeldCode::NotAllowed));
    }

    #[test]
    fn only_the_reporter_rates_and_an_informant_may_reopen_the_own_report() {
        let closed = incident(IncidentState::Closed, None);
        let informant = rights(Role::Informant, None, None);
        assert_eq!(may_step(&closed, &step(StepKind::Rated), true, &informant), Ok(()));
        assert_eq!(may_step(&closed, &step(StepKind::Rated), false, &informant), Err(HeldCode::NotAllowed));
        assert_eq!(may_step(&closed, &step(StepKind::Reopened), true, &informant), Ok(()));
        assert_eq!(
            may_step(&closed, &step(StepKind::Rated), true, &Rights::centre()),
            Err(HeldCode::NotAllowed)
        );
    }

    #[test]
    fn fields_are_closed_with_the_matter() {
        let centre = Rights::centre();
        assert!(may_set_fields(&incident(IncidentState::Reported, None), false, &centre));
        assert!(!may_set_fields(&incident(IncidentState::Closed, None), false, &centre));
        let stranger = rights(Role::Informant, None, Some("g1"));
        assert!(!may_set_fields(&incident(IncidentState::Reported, None), false, &stranger));
    }
}
