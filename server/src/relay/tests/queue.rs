//! The queue: answers to what repeats an incident, reminders, answers kept ready.

use std::time::Duration;

use suishou_core::{
    id::{AnswerId, DepartmentId, ReasonId},
    model::{
        Role,
        incident::{IncidentState, IncidentStep, StepKind},
        settings::Reminders,
    },
    time::Clock as _,
};

use super::phone::{World, incident, member};
use crate::relay::{Act, Reminded, SettingsFile};

fn plain(kind: StepKind) -> IncidentStep {
    IncidentStep::plain(kind)
}

fn acts(world: &mut World, document: suishou_core::id::DocumentId, steps: Vec<IncidentStep>) {
    let steps = steps.into_iter().map(Into::into).collect();
    world.engine().act(document, &Act { steps, ..Act::default() }).unwrap();
}

fn remind(world: &mut World, is_on: bool) -> Reminded {
    let settings = world.engine().shared().settings();
    let file =
        SettingsFile { reminders: Some(Reminders { is_on, after_hours: 0 }), ..SettingsFile::of(&settings) };
    world.engine().import_settings(file).unwrap();
    world.engine().remind(None).unwrap()
}

#[test]
fn a_dispatcher_on_a_phone_answers_what_repeats_the_incident_too() {
    let mut world = World::new(81);
    world.engine().import_members(vec![member("dis", Role::Dispatcher, &["town"])]).unwrap();
    let (mut ann, mut ina, mut dis) = (world.phone("ann"), world.phone("ina"), world.phone("dis"));
    let primary = ann.report("a");
    let other = ina.report("a");
    ann.sync(&mut world);
    ina.sync(&mut world);
    world.engine().merge(primary, &[other], None, None).unwrap();
    acts(&mut world, primary, vec![plain(StepKind::Accepted)]);
    dis.sync(&mut world);
    let closed = IncidentStep { answer: AnswerId::new("fixed").ok(), ..plain(StepKind::Closed) };
    dis.change(primary, &[closed], &[]);
    dis.sync(&mut world);
    world.engine().follow().unwrap();
    let now = world.clock.now();
    let shown = incident(world.engine().connection(), now, other).unwrap();
    assert_eq!(shown.listed.row.state, IncidentState::Closed);
    let answers = |shown: &crate::relay::Shown<suishou_core::rows::IncidentRow>| {
        shown.work.steps.iter().filter(|step| step.kind == StepKind::Closed).count()
    };
    assert_eq!(shown.work.steps.last().unwrap().answer.as_ref().map(AnswerId::as_str), Some("fixed"));
    // Once, whatever else happens to the first one, and also after a start.
    acts(
        &mut world,
        primary,
        vec![plain(StepKind::Reopened), plain(StepKind::Accepted), plain(StepKind::Closed)],
    );
    world.stop();
    world.start();
    world.engine().follow().unwrap();
    let shown = incident(world.engine().connection(), now, other).unwrap();
    assert_eq!((answers(&shown), shown.held), (1, 0));
    ina.sync(&mut world);
    assert_eq!(ina.document(other).incident().unwrap().state, IncidentState::Closed);
}

#[test]
fn what_repeats_a_refused_or_an_answered_incident_is_answered_at_once() {
    let mut world = World::new(82);
    let mut ann = world.phone("ann");
    let documents: Vec<_> = (0..3).map(|_| ann.report("a")).collect();
    ann.sync(&mut world);
    let [primary, first, second] = documents[..] else { panic!() };
    world.engine().merge(primary, &[first], None, None).unwrap();
    let reason = ReasonId::new("outside").ok();
    let rejected = IncidentStep { reason: reason.clone(), ..plain(StepKind::Rejected) };
    let act = Act { remark: Some("see the next town".to_owned()), ..Act::step(rejected) };
    world.engine().act(primary, &act).unwrap();
    world.engine().merge(primary, &[second], None, None).unwrap();
    let now = world.clock.now();
    for document in [first, second] {
        let shown = incident(world.engine().connection(), now, document).unwrap();
        assert_eq!((shown.listed.row.state, shown.work.reason), (IncidentState::Rejected, reason.clone()));
        assert_eq!(shown.notes.last().unwrap().text, "see the next town");
        assert_eq!(shown.notes.last().unwrap().step, Some(shown.work.steps.last().unwrap().id));
    }
}

#[test]
fn the_relay_reminds_once_for_each_step_and_day_and_only_if_told_to() {
    let mut world = World::new(83);
    let (mut ann, mut han) = (world.phone("ann"), world.phone("han"));
    let document = ann.report("a");
    ann.sync(&mut world);
    let due_at = Some(world.clock.now().after(Duration::from_hours(2)));
    let department = DepartmentId::new("police").ok();
    let dispatched = IncidentStep { department, due_at, ..plain(StepKind::Dispatched) };
    acts(&mut world, document, vec![plain(StepKind::Accepted), dispatched]);
    assert_eq!(remind(&mut world, true).count, 0, "not due yet");
    world.clock.pass(Duration::from_hours(3));
    assert_eq!(remind(&mut world, false).count, 0, "not told to");
    assert_eq!(remind(&mut world, true).count, 1);
    assert_eq!(remind(&mut world, true).count, 0, "once a day");
    world.stop();
    world.start();
    assert_eq!(world.engine().remind(None).unwrap().count, 0, "and the document remembers it");
    world.clock.pass(Duration::from_hours(24));
    assert_eq!(world.engine().remind(None).unwrap().count, 1, "again on the next day");
    han.sync(&mut world);
    let known = han.document(document).incident().unwrap();
    let reminded: Vec<_> = known.steps.iter().filter(|step| step.kind == StepKind::Reminded).collect();
    assert_eq!((reminded.len(), known.state), (2, IncidentState::Dispatched));
    assert_eq!(reminded[0].dispatch, Some(known.dispatches[0].step));
    acts(
        &mut world,
        document,
        vec![plain(StepKind::Resolved), plain(StepKind::Verified), plain(StepKind::Closed)],
    );
    world.clock.pass(Duration::from_hours(24));
    assert_eq!(world.engine().remind(None).unwrap().count, 0, "nobody has anything left to do");
}

#[test]
fn an_answer_that_is_not_kept_ready_is_refused() {
    let mut world = World::new(84);
    let mut ann = world.phone("ann");
    let document = ann.report("a");
    ann.sync(&mut world);
    acts(&mut world, document, vec![plain(StepKind::Accepted)]);
    let close =
        |word: &str| Act::step(IncidentStep { answer: AnswerId::new(word).ok(), ..plain(StepKind::Closed) });
    assert_eq!(world.engine().act(document, &close("nothing")).unwrap_err().status(), 400);
    world.engine().act(document, &close("fixed")).unwrap();
}
