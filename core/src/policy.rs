//! Who may do what to which document in which state: one pure function.
//!
//! The phone asks it to show buttons; the relay asks it to hold what breaks it. Both get the same
//! answer for the same document.

use std::collections::BTreeSet;

use crate::{
    document::{Arrival, Document, Record},
    error::HeldCode,
    guard::Edit,
    id::{DepartmentId, GridId, MemberId},
    model::{
        DocumentKind, Role, decode,
        incident::{Incident, IncidentStep, StepKind},
        patrol::PatrolStep,
        step::Author,
    },
    time::Timestamp,
};

/// What somebody brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Their role.
    pub role: Role,
    /// Who they are; none for the command centre.
    pub member: Option<MemberId>,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// Their grids and all that lie within them.
    pub grids: BTreeSet<GridId>,
}

impl Rights {
    /// The command centre's.
    pub fn centre() -> Self {
        Self { role: Role::Dispatcher, member: None, department: None, grids: BTreeSet::new() }
    }
}

/// Judges what `author` wants to do to `document`.
pub fn judge(
    document: &Document,
    arrival: &Arrival,
    author: Author,
    rights: &Rights,
) -> Result<(), HeldCode> {
    match arrival {
        Arrival::Record(Record::Incident(_)) | Arrival::Note(_) => Ok(()),
        Arrival::Record(Record::Patrol(_)) => match rights.role {
            Role::Member | Role::Leader | Role::Informant => Ok(()),
            Role::Handler | Role::Dispatcher => Err(HeldCode::NotAllowed),
        },
        Arrival::Change(checked) => {
            let is_author = document.captured().is_some_and(|captured| captured.origin.author == author);
            match document.kind() {
                DocumentKind::Incident => judge_incident(document, &checked.edits, is_author, rights),
                DocumentKind::Patrol => judge_patrol(document, &checked.edits, is_author),
            }
        }
    }
}

fn judge_incident(
    document: &Document,
    edits: &[Edit],
    is_author: bool,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let mut incident = document.incident().ok_or(HeldCode::NoRecord)?;
    for edit in edits {
        match edit {
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

fn judge_patrol(document: &Document, edits: &[Edit], is_author: bool) -> Result<(), HeldCode> {
    if !is_author {
        return Err(HeldCode::NotAllowed);
    }
    let mut patrol = document.patrol().ok_or(HeldCode::NoRecord)?;
    for edit in edits {
        let Edit::Step { body, .. } = edit else { return Err(HeldCode::Malformed) };
        let step: PatrolStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
        patrol.allows(&step)?;
        patrol.foresee(step, Timestamp::default());
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
        StepKind::Dispatched | StepKind::Closed | StepKind::Rejected | StepKind::Duplicate => is_centre,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{CategoryId, EntryId, Salt},
        model::{
            Severity,
            incident::{Dispatch, DispatchState, IncidentRecord, IncidentState},
            place::Place,
            step::{Origin, StepId},
        },
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
