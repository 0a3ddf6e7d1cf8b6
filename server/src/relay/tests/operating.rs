//! What operators do: imports, acts, lists.

use suishou_core::{
    error::HeldCode,
    id::{DepartmentId, DocumentId, ReasonId},
    model::{
        Role,
        incident::{IncidentState, IncidentStep, StepKind},
        step::Author,
    },
    rows::IncidentRow,
    time::Timestamp,
};

use super::phone::{World, grid, incident, member};
use crate::relay::{Act, RelayError, WorkFilter, operator, reading};

fn now() -> Timestamp {
    Timestamp::from_millis(1_863_900_000_000)
}

fn steps(kinds: &[StepKind]) -> Act {
    Act { steps: kinds.iter().map(|kind| IncidentStep::plain(*kind).into()).collect(), ..Act::default() }
}

#[test]
fn an_act_with_a_remark_is_seen_by_the_reporter() {
    let mut world = World::new(51);
    let mut ina = world.phone("ina");
    let document = ina.report("a");
    ina.sync(&mut world);
    let rejected = IncidentStep {
        reason: Some(world.engine().shared().settings().reasons[0].id.clone()),
        ..IncidentStep::plain(StepKind::Rejected)
    };
    let act = Act { remark: Some("not ours".to_owned()), ..Act::step(rejected) };
    world.engine().act(document, &act).unwrap();
    ina.sync(&mut world);
    assert_eq!(ina.authors(document), [Author::You, Author::Centre, Author::Centre]);
    assert_eq!(ina.document(document).incident().unwrap().state, IncidentState::Rejected);
    let shown = incident(world.engine().connection(), now(), document).unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Rejected);
    assert_eq!(shown.notes[0].step, Some(shown.work.steps[0].id));
    assert_eq!(shown.work.possible, [StepKind::Reopened]);
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(json["state"], "rejected");
    assert!(json["steps"][0]["origin"]["claimed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        (&json["reporter"]["name"], &json["reporter"]["member"]),
        (&"".into(), &serde_json::Value::Null)
    );
    assert_eq!(json["reporter"]["role"], "informant");
}

#[test]
fn an_act_that_is_not_possible_is_refused_and_leaves_no_trace() {
    let mut world = World::new(52);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let refused =
        world.engine().act(document, &steps(&[StepKind::Accepted, StepKind::Verified])).unwrap_err();
    assert!(matches!(refused, RelayError::Refused { code: HeldCode::WrongState }));
    assert_eq!(refused.status(), 409);
    let engine = world.engine();
    let status = operator::status(engine.connection(), engine.shared()).unwrap();
    assert_eq!((status.entries, status.held.len()), (1, 0));
    let unknown =
        IncidentStep { reason: ReasonId::new("unknown").ok(), ..IncidentStep::plain(StepKind::Rejected) };
    let act = Act::step(unknown);
    assert_eq!(world.engine().act(document, &act).unwrap_err().status(), 400);
    assert_eq!(world.engine().act(document, &Act::default()).unwrap_err().status(), 400);
    let nowhere = world.engine().act(DocumentId::ZERO, &steps(&[StepKind::Accepted])).unwrap_err();
    assert_eq!(nowhere.status(), 404);
}

#[test]
fn an_operator_and_a_phone_act_at_once_and_both_stand_or_fall_by_the_state() {
    let mut world = World::new(53);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    let handling = ann.change(document, &[IncidentStep::plain(StepKind::Handling)], &[("category", "fire")]);
    world.engine().act(document, &steps(&[StepKind::Accepted])).unwrap();
    ann.sync(&mut world);
    assert!(!ann.held.contains_key(&handling));
    let shown = incident(world.engine().connection(), now(), document).unwrap();
    assert_eq!(shown.work.steps.len(), 2);
    assert_eq!(shown.work.category_choice.value.as_str(), "fire");
    // Several acts of one process go on with the same actor.
    for kind in [StepKind::Resolved, StepKind::Verified, StepKind::Closed] {
        world.engine().act(document, &steps(&[kind])).unwrap();
    }
    world.stop();
    world.start();
    world.engine().act(document, &steps(&[StepKind::Reopened])).unwrap();
    ann.sync(&mut world);
    assert_eq!(ann.document(document).incident().unwrap().state, IncidentState::Reopened);
}

#[test]
fn lists_filter_and_page() {
    let mut world = World::new(54);
    let mut ann = world.phone("ann");
    let documents: Vec<_> =
        (0..7).map(|number| ann.report(if number % 2 == 0 { "a" } else { "b" })).collect();
    ann.sync(&mut world);
    let dispatched = IncidentStep {
        department: DepartmentId::new("police").ok(),
        due_at: Some(Timestamp::from_millis(5)),
        ..IncidentStep::plain(StepKind::Dispatched)
    };
    let act = Act {
        steps: vec![IncidentStep::plain(StepKind::Accepted).into(), dispatched.into()],
        ..Act::default()
    };
    world.engine().act(documents[3], &act).unwrap();
    let settings = world.engine().shared().settings();
    let connection = world.engine().connection();
    let list = |filter| reading::list::<IncidentRow>(connection, &settings, now(), filter).unwrap();
    let all = list(WorkFilter { limit: 500, ..WorkFilter::default() });
    let order: Vec<_> = all.iter().map(|listed| listed.row.document).collect();
    assert!(order.iter().rev().eq(&documents), "in the order of arrival, newest first");
    let page = list(WorkFilter { limit: 3, before: Some(all[2].seq), ..WorkFilter::default() });
    assert_eq!(page.iter().map(|listed| listed.row.document).collect::<Vec<_>>(), order[3..6]);
    let in_b = list(WorkFilter { limit: 9, grid: Some(grid("b")), ..WorkFilter::default() });
    assert_eq!(in_b.len(), 3);
    let in_town = list(WorkFilter { limit: 9, grid: Some(grid("town")), ..WorkFilter::default() });
    assert_eq!(in_town.len(), 7, "with what lies within");
    let police = WorkFilter {
        limit: 9,
        department: DepartmentId::new("police").ok(),
        states: vec!["dispatched".to_owned()],
        ..WorkFilter::default()
    };
    let police = list(police);
    assert_eq!((police.len(), police[0].row.document, police[0].is_overdue), (1, documents[3], true));
    let engine = world.engine();
    let status = operator::status(engine.connection(), engine.shared()).unwrap();
    assert_eq!(status.documents["incident"], 7);
    assert_eq!(status.incidents["dispatched"], 1);
    assert_eq!(status.stored_seq, status.projected_seq);
    assert_eq!((status.devices, status.members), (1, 5));
}

#[test]
fn an_import_tells_every_problem_and_changes_nothing_then() {
    let mut world = World::new(55);
    let mut handler = member("new", Role::Handler, &[]);
    handler.department = None;
    let members = vec![member("ann", Role::Member, &["nowhere"]), handler, member("ann", Role::Member, &[])];
    let error = world.engine().import_members(members).unwrap_err();
    assert!(error.to_string().contains("member 3") && error.status() == 400, "{error}");
    let members = vec![member("ann", Role::Member, &["nowhere"]), member("new", Role::Leader, &["a"])];
    assert!(world.engine().import_members(members).unwrap_err().to_string().contains("nowhere"));
    assert_eq!(crate::db::member::all(world.engine().connection()).unwrap().len(), 5);
    assert_eq!(
        world
            .engine()
            .invite(&super::phone::member_id("nobody"), std::time::Duration::ZERO)
            .unwrap_err()
            .status(),
        404
    );
}

#[test]
fn phones_are_listed_with_what_they_sent() {
    let mut world = World::new(56);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.change(document, &[IncidentStep::plain(StepKind::Closed)], &[]);
    ann.sync(&mut world);
    let devices = operator::devices(world.engine().connection()).unwrap();
    assert_eq!((devices.len(), devices[0].entries, devices[0].held), (1, Some(2), Some(1)));
    assert!(devices[0].last_contact_at.is_some());
}
