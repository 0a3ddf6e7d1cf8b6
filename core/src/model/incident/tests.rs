//! The life of an incident, step by step.

use std::collections::BTreeMap;

use super::*;
use crate::{
    id::EntryId,
    model::{
        encode,
        step::{Author, Origin, RawStep},
    },
};

fn origin(at: i64) -> Origin {
    Origin {
        entry: EntryId::ZERO,
        author: Author::Centre,
        claimed_at: Timestamp::from_millis(at),
        received_at: None,
    }
}

fn record() -> IncidentRecord {
    IncidentRecord {
        salt: Salt::ZERO,
        text: "路灯不亮".to_owned(),
        category: CategoryId::new("order").unwrap(),
        severity: Severity::Normal,
        place: Place::default(),
        photos: Vec::new(),
        voice: None,
        patrol: None,
        is_anonymous: None,
        matter: None,
        source: None,
    }
}

fn fold(steps: &[IncidentStep]) -> Incident {
    let raw: Vec<RawStep> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| RawStep {
            id: id(index),
            body: encode(step),
            origin: origin(i64::try_from(index).unwrap()),
            is_latest: false,
        })
        .collect();
    Incident::fold(&record(), &origin(0), &raw, &BTreeMap::new())
}

fn id(index: usize) -> StepId {
    StepId::derive(&[0; 16], u16::try_from(index).unwrap(), 0)
}

fn dispatch(to: &str) -> IncidentStep {
    IncidentStep {
        department: Some(DepartmentId::new(to).unwrap()),
        ..IncidentStep::plain(StepKind::Dispatched)
    }
}

fn of(kind: StepKind, dispatch: usize) -> IncidentStep {
    IncidentStep { dispatch: Some(id(dispatch)), ..IncidentStep::plain(kind) }
}

#[test]
fn a_report_goes_the_whole_way() {
    use StepKind as K;
    let incident = fold(&[
        IncidentStep::plain(K::Accepted),
        dispatch("police"),
        of(K::Handling, 1),
        of(K::Resolved, 1),
        IncidentStep::plain(K::Verified),
        IncidentStep::plain(K::Closed),
        IncidentStep { rating: Some(5), ..IncidentStep::plain(K::Rated) },
    ]);
    assert_eq!(incident.state, IncidentState::Rated);
    assert!(incident.steps.iter().all(|step| step.took_effect));
    assert_eq!(incident.rating, Some(5));
}

#[test]
fn joint_handling_is_resolved_when_the_last_department_is_done() {
    use StepKind as K;
    let steps = [
        IncidentStep::plain(K::Accepted),
        dispatch("police"),
        dispatch("market"),
        of(K::Handling, 1),
        of(K::Resolved, 2),
        of(K::Resolved, 1),
    ];
    assert_eq!(fold(&steps[..5]).state, IncidentState::Handling);
    assert_eq!(fold(&steps).state, IncidentState::Resolved);
}

#[test]
fn a_step_that_is_not_possible_is_shown_and_takes_no_effect() {
    use StepKind as K;
    let incident = fold(&[
        IncidentStep { reason: Some(ReasonId::new("outside").unwrap()), ..IncidentStep::plain(K::Rejected) },
        IncidentStep::plain(K::Accepted),
    ]);
    assert_eq!(incident.state, IncidentState::Rejected);
    assert_eq!(incident.steps.iter().map(|step| step.took_effect).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_rejection_needs_a_reason_and_a_dispatch_needs_somebody() {
    assert!(IncidentStep::plain(StepKind::Rejected).check().is_err());
    assert!(IncidentStep::plain(StepKind::Dispatched).check().is_err());
    assert!(IncidentStep { rating: Some(6), ..IncidentStep::plain(StepKind::Rated) }.check().is_err());
}

#[test]
fn a_returned_dispatch_can_be_given_to_another_department() {
    use StepKind as K;
    let incident =
        fold(&[IncidentStep::plain(K::Accepted), dispatch("police"), of(K::Returned, 1), dispatch("market")]);
    assert_eq!(incident.state, IncidentState::Dispatched);
    assert_eq!(incident.dispatches[0].state, DispatchState::Returned);
    assert_eq!(incident.dispatches[1].state, DispatchState::Sent);
}

#[test]
fn a_report_that_repeats_another_is_closed_with_it_and_still_says_which() {
    use StepKind as K;
    let other = DocumentId::new([7; 16]);
    let repeats = IncidentStep { of: Some(other), ..IncidentStep::plain(K::Duplicate) };
    let incident = fold(&[repeats, IncidentStep::plain(K::Closed)]);
    assert_eq!(incident.state, IncidentState::Closed);
    assert_eq!(incident.duplicate_of, Some(other));
    assert!(incident.steps.iter().all(|step| step.took_effect));
    assert_eq!(fold(&[IncidentStep::plain(K::Closed)]).state, IncidentState::Reported);
}
